import type postgres from 'postgres';

/** Tables with a `company_id` that stand outside the walls on purpose. Grows only with a decision record. */
export const OUTSIDE_THE_WALLS = ['company_handles', 'catalogue_versions'];

/** A tenant table as the live catalogue describes it. */
export interface TenantTable {
  name: string;
  columns: { name: string; type: string; notNull: boolean; hasDefault: boolean }[];
}

/** All tenant tables of a database, read from its catalogue: a table added tomorrow is in here. */
export async function tenantTables(admin: postgres.Sql): Promise<TenantTable[]> {
  const rows = await admin<{ table: string; name: string; type: string; notNull: boolean; hasDefault: boolean }[]>`
    select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
      a.attnotnull as "notNull", a.atthasdef as "hasDefault"
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
      and exists (select from pg_attribute k where k.attrelid = c.oid and k.attname = 'company_id' and not k.attisdropped)
    order by c.relname, a.attnum`;
  const tables = new Map<string, TenantTable>();
  for (const { table, ...column } of rows) {
    if (OUTSIDE_THE_WALLS.includes(table)) continue;
    const entry = tables.get(table) ?? { name: table, columns: [] };
    entry.columns.push(column);
    tables.set(table, entry);
  }
  return [...tables.values()];
}

/** What the catalogue says against the walls; an empty list is what we want. Each fault is one readable line. */
export async function wallFaults(admin: postgres.Sql): Promise<string[]> {
  const rows = await admin<{ fault: string }[]>`
    with tenant as (
      select c.oid, c.relname, c.relowner, c.relrowsecurity, c.relforcerowsecurity from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped
      where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and c.relname <> all(${OUTSIDE_THE_WALLS})
    ), company as (
      select t.oid, a.attnum, a.attnotnull, a.attcollation from tenant t join pg_attribute a on a.attrelid = t.oid and a.attname = 'company_id'
    )
    select relname || ' does not force row security' as fault from tenant where not (relrowsecurity and relforcerowsecurity)
    union all
    select relname || ' has no primary key that starts with company_id' from tenant t where not exists (
      select from pg_constraint k join company c on c.oid = t.oid where k.conrelid = t.oid and k.contype = 'p' and k.conkey[1] = c.attnum)
    union all
    select t.relname || ': unique key ' || k.conname || ' does not start with company_id' from tenant t
      join pg_constraint k on k.conrelid = t.oid and k.contype = 'u' join company c on c.oid = t.oid where k.conkey[1] <> c.attnum
    union all
    select t.relname || ': unique index ' || i.indexrelid::regclass || ' does not start with company_id' from tenant t
      join pg_index i on i.indrelid = t.oid and i.indisunique join company c on c.oid = t.oid where i.indkey[0] <> c.attnum
    union all
    select t.relname || ': index ' || i.indexrelid::regclass || ' has an expression (no expression is leakproof enough)' from tenant t
      join pg_index i on i.indrelid = t.oid where i.indexprs is not null
    union all
    select t.relname || ': foreign key ' || k.conname || ' does not go from company_id to company_id' from tenant t
      join pg_constraint k on k.conrelid = t.oid and k.contype = 'f' join company c on c.oid = t.oid
      left join company f on f.oid = k.confrelid where f.oid is null or k.conkey[1] <> c.attnum or k.confkey[1] <> f.attnum
    union all
    select t.relname || ': foreign key ' || k.conname || ' has an ON DELETE or ON UPDATE action' from tenant t
      join pg_constraint k on k.conrelid = t.oid and k.contype = 'f' where k.confdeltype <> 'a' or k.confupdtype <> 'a'
    union all
    select t.relname || ' has the trigger ' || g.tgname from tenant t join pg_trigger g on g.tgrelid = t.oid where not g.tgisinternal
    union all
    select t.relname || ': company_id may be null' from tenant t join company c on c.oid = t.oid where not c.attnotnull
    union all
    select t.relname || ': company_id is not collate "C"' from tenant t join company c on c.oid = t.oid
      join pg_collation l on l.oid = c.attcollation where l.collname <> 'C'
    union all
    select t.relname || ' lacks the policy company_wall in its one form' from tenant t where not exists (
      select from pg_policy p where p.polrelid = t.oid and p.polname = 'company_wall' and p.polcmd = '*' and p.polpermissive
        and p.polroles = '{0}'
        and pg_get_expr(p.polqual, p.polrelid) = '(company_id = current_setting(''app.company_id''::text, true))'
        and pg_get_expr(p.polwithcheck, p.polrelid) = '(company_id = current_setting(''app.company_id''::text, true))')
    union all
    select t.relname || ' has a policy that nobody reviewed: ' || p.polname from tenant t join pg_policy p on p.polrelid = t.oid
      where p.polname <> 'company_wall' and not (p.polname = 'relay_look' and p.polcmd = 'r'
        and p.polroles = array[(select oid from pg_roles where rolname = 'souk_relay')])
      and not (p.polname = 'search_look' and p.polcmd = 'r' and t.relname = 'product_search_documents'
        and p.polroles = array[(select oid from pg_roles where rolname = 'souk_search')])
    union all
    select t.relname || ' is not owned by souk_owner' from tenant t where t.relowner <> (select oid from pg_roles where rolname = 'souk_owner')
    union all
    select n.nspname || '.' || p.proname || ' is SECURITY DEFINER and on no list' from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')
        and not (n.nspname = 'public' and p.proname = 'search_products' and pg_get_userbyid(p.proowner) = 'souk_search'
          and pg_get_function_arguments(p.oid) = 'asked text, most integer, ranked boolean DEFAULT true' and p.provolatile = 's'
          and 'search_path=public, pg_temp' = any(p.proconfig)
          and (select array_agg(pg_get_userbyid(a.grantee) order by pg_get_userbyid(a.grantee)) from aclexplode(p.proacl) a)
            = array['souk_app', 'souk_search']::name[])
    union all
    select 'souk_search may do more than read the search documents: ' || privilege_type || ' on ' || table_name
      from information_schema.role_table_grants where grantee = 'souk_search'
        and not (table_name = 'product_search_documents' and privilege_type = 'SELECT')
    union all
    select 'souk_search owns ' || c.relname from pg_class c where pg_get_userbyid(c.relowner) = 'souk_search'
    union all
    select pg_get_userbyid(m.member) || ' is a member of souk_search' from pg_auth_members m
      where pg_get_userbyid(m.roleid) = 'souk_search' and pg_get_userbyid(m.member) <> 'souk_migrate'
        and not (select rolsuper or rolcreaterole from pg_roles r where r.oid = m.member)
    union all
    select c.relname || ' is a view or a materialised view' from pg_class c
      where c.relkind in ('v', 'm') and c.relnamespace = 'public'::regnamespace
    union all
    select c.relname || ' is a table without company_id and on no list' from pg_class c
      where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and c.relname not in ('signing_keys')
        and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'company_id')
    order by 1`;
  return rows.map(({ fault }) => fault);
}
