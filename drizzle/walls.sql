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
grant select (company_id, endpoint_id, event_id, due_at, leased_until, status) on webhook_deliveries to souk_relay;
grant select (company_id, id, status, is_ordered, paused_until, disabled_reason, deleted_at) on webhook_endpoints to souk_relay;

-- What was tried was tried; it goes with what it was tried for.
revoke update on webhook_attempts, notification_attempts from souk_app;

grant select (company_id, due_at) on files to souk_relay;
grant select (company_id, rebuild_due_at) on collections to souk_relay;
grant select (company_id, due_at, status) on product_imports, product_exports to souk_relay;
grant select (company_id, expires_at, status) on stock_reservations to souk_relay;
grant select (company_id, due_at) on stock_refreshes to souk_relay;

-- Orders: whose time is up; their history only grows.
grant select (company_id, expires_at, lifecycle) on orders to souk_relay;
revoke update, delete on order_timeline from souk_app;

-- Payments: what has to be asked of a provider, or came from one. The ledger of money only grows.
grant select (company_id, next_check_at) on payment_attempts, refunds to souk_relay;
grant select (company_id, due_at, status) on payment_notices to souk_relay;
revoke update, delete on payment_transactions from souk_app;
revoke delete on payments, payment_attempts, refunds from souk_app;

-- Ledgers and histories only grow.
revoke update, delete on stock_movements, price_changes from souk_app;

-- Discounts are archived, and what was given stays: neither is ever deleted.
revoke delete on discounts, discount_redemptions from souk_app;

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

-- Full-text and trigram operators are not leakproof: behind row security they cannot use an index (house rule, measured).
-- So the one search there is runs as souk_search, a role nobody logs in as. It may read the search documents and nothing
-- else, of any company; which one it is comes from the setting that the unit of work made, never from an argument.
grant select on product_search_documents to souk_search;

-- Created as souk_search rather than given to it: souk_owner is no member of that role, so its walls stay whole.
do $$ begin
  if not pg_has_role(session_user, 'souk_search', 'member') or not has_schema_privilege('souk_search', 'public', 'create') then
    raise exception 'The role % may not create the search function, which belongs to souk_search.', session_user
      using hint = 'The roles are of an older version: run "npm run db:prepare" (as an administrator), then migrate again.';
  end if;
end $$;
set role souk_search;

-- The products whose documents hold every word of `asked` (folded as `foldKey` does), the last one as a beginning; at
-- most `most` of them are looked at. `rank` counts up: 0 is the title itself, then whole words of the title, beginnings
-- in the title, key words (vendor, tags, SKU …), anywhere. Where the words find nothing, titles that are spelt alike
-- come, the likest first and none much less alike than that, from 10 on. Not `ranked`: only which they are, which costs
-- a tenth.
create or replace function search_products(asked text, most integer, ranked boolean default true)
  returns table (product_id text, rank integer)
  language plpgsql stable security definer rows 100
  set search_path = public, pg_temp
  set plan_cache_mode = force_custom_plan
  set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  company constant text := current_setting('app.company_id', true);
  -- Between words, as in the documents (product-details.schema.ts).
  words text := btrim(translate(asked, '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~''', '                                '));
  whole constant tsquery := plainto_tsquery('simple', words);
  opened text;
  started tsquery;
begin
  if numnode(whole) = 0 then return; end if;
  -- Whoever asks for jackets means a jacket as well: a plural is looked for by its beginning.
  opened := regexp_replace(whole::text, '''([^'']{3,})s''', '''\1'':*', 'g');
  started := (case when opened like '%:*' then opened else opened || ':*' end)::tsquery;
  return query
    select found_one.product_id, case
        when not ranked or found_one.title_words = asked then 0
        when ts_filter(found_one.document, '{a}') @@ whole then 1
        when ts_filter(found_one.document, '{a}') @@ started then 2
        when ts_filter(found_one.document, '{a,b}') @@ started then 3
        else 4
      end
    from (
      select d.product_id, d.title_words, d.document from product_search_documents d
      where d.company_id = company and d.document @@ started
      limit most
    ) found_one;
  if found then return; end if;
  -- Not as a `set` of the function: before the extension is loaded only a superuser may write one down, or restore it.
  perform set_config('pg_trgm.word_similarity_threshold', '0.3', true);
  -- A typing error is looked for in a few words: comparing costs with their length, for every title.
  words := left(words, 60);
  return query
    select spelt.product_id, 10 + round((1 - spelt.likeness) * 100)::integer
    from (
      select alike.product_id, alike.likeness, max(alike.likeness) over () as best
      from (
        select d.product_id, word_similarity(words, d.title_words) as likeness from product_search_documents d
        where d.company_id = company and d.title_words %> words
        order by likeness desc limit most
      ) alike
    ) spelt
    where spelt.likeness >= spelt.best - 0.1;
end $$;
revoke all on function search_products(text, integer, boolean) from public;
grant execute on function search_products(text, integer, boolean) to souk_app;
set role souk_owner;
