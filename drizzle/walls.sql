-- Runs as souk_owner after every migration, any number of times. drizzle writes ENABLE but not FORCE, and no grants.

-- Wall two holds for the owner as well.
do $$
declare wall record;
begin
  for wall in
    select c.oid::regclass as name, c.relrowsecurity and c.relforcerowsecurity as forced
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped
    where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
      and c.relname not in ('company_handles')
  loop
    if not wall.forced then
      execute format('alter table %s enable row level security, force row level security', wall.name);
    end if;
    execute format('grant select, insert, update, delete on %s to souk_app', wall.name);
  end loop;
end $$;

grant usage on schema public to souk_app, souk_relay;

-- The audit log only grows.
revoke update, delete on audit_entries, audit_links from souk_app;
revoke update on audit_pending from souk_app;

-- A fact does not change; that it was dispatched is all there is to add.
revoke update on events from souk_app;
grant update (dispatched_at, privately) on events to souk_app;

-- The relay sees that a company has something waiting, never what.
grant select (company_id, entry_id) on audit_pending to souk_relay;
grant select (company_id, id, dispatched_at) on events to souk_relay;
grant select (company_id, created_at) on idempotency_keys to souk_relay;
grant select (company_id, due_at, status) on notifications to souk_relay;

grant select (company_id, due_at) on files to souk_relay;
grant select (company_id, rebuild_due_at) on collections to souk_relay;
grant select (company_id, due_at, status) on product_imports, product_exports to souk_relay;
grant select (company_id, expires_at, status) on stock_reservations to souk_relay;

-- Ledgers and histories only grow.
revoke update, delete on stock_movements, price_changes from souk_app;

-- Tables of the deployment, not of a company (docs/decisions/0001-three-walls.md lists them).
grant select, insert on company_handles to souk_app;
grant select, insert on signing_keys to souk_app;
-- `sealed` for the rotation of master keys: the same secret, sealed anew.
grant update (retired_at, sealed) on signing_keys to souk_app;

-- Finding companies is the relay's part; what is in them is not.
grant select (company_id, status) on companies to souk_relay;

-- A process reads which migrations there were, and refuses to start when it needs one that is missing.
grant usage on schema drizzle to souk_app, souk_relay;
grant select on drizzle.__drizzle_migrations to souk_app, souk_relay;
