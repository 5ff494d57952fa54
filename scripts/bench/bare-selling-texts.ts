/**
 * A shop in the fewest statements, with tables of its own: no companies, no walls, no tax, no discounts, and of events the
 * outbox row alone. What an order costs there is the limit an order of ours is compared with.
 */
export const TABLES = `
  drop schema if exists bare cascade;
  create schema bare;
  set search_path = bare;
  create table variants (id text primary key, title text not null, price bigint not null, weight int not null default 500);
  create table stock (variant_id text primary key references variants, on_hand int not null, reserved int not null default 0,
    check (reserved >= 0 and reserved <= on_hand));
  create table options (id text primary key, name text not null, amount bigint not null);
  create table carts (id text primary key, token text not null, email text, address jsonb, option_id text references options,
    status text not null default 'open', updated_at timestamptz not null default now());
  create table cart_lines (cart_id text not null references carts, variant_id text not null references variants,
    quantity int not null check (quantity > 0), primary key (cart_id, variant_id));
  create table counter (id int primary key, last bigint not null);
  create table orders (id text primary key, number bigint not null unique, cart_id text not null unique references carts,
    email text not null, address jsonb not null, total bigint not null, placed_at timestamptz not null default now());
  create table order_lines (order_id text not null references orders, variant_id text not null references variants,
    quantity int not null, price bigint not null, primary key (order_id, variant_id));
  create table payments (id text primary key, order_id text not null references orders, amount bigint not null,
    status text not null);
  create table outbox (id bigint generated always as identity primary key, type text not null, data jsonb not null);
  insert into counter values (1, 1000);
  insert into options values ('flat', 'Delivery', 50000);`;

/** $1: how many variants, $2: units of each. */
export const GOODS = `with made as (
    insert into bare.variants select 'v' || n, 'Thing ' || n, 100000 + n * 100 from generate_series(1, $1::int) n returning id
  ) insert into bare.stock select id, $2::int from made`;

const cart = (where: string) => `select json_build_object(
    'id', c.id, 'email', c.email, 'shippingAddress', c.address, 'shippingOption', c.option_id,
    'lines', coalesce(l.lines, '[]'), 'total', coalesce(l.sum, 0) + coalesce(o.amount, 0)
  )::text as body
  from ${where} c
  left join bare.options o on o.id = c.option_id
  left join lateral (
    select json_agg(json_build_object('variantId', v.id, 'title', v.title, 'quantity', n.quantity, 'price', v.price,
      'total', v.price * n.quantity)) as lines, sum(v.price * n.quantity) as sum
    from (LINES) n join bare.variants v on v.id = n.variant_id
  ) l on true`;
const STORED = 'select * from bare.cart_lines where cart_id = c.id';

export const CREATE = 'insert into bare.carts (id, token) values ($1, $2)';
export const ADD = `with locked as (
    select * from bare.carts where id = $1 and token = $2 and status = 'open' for update
  ), added as (
    insert into bare.cart_lines select id, $3, $4::int from locked
    on conflict (cart_id, variant_id) do update set quantity = cart_lines.quantity + excluded.quantity returning *
  ) ${cart('locked').replace(
    'LINES',
    'select * from bare.cart_lines where cart_id = c.id and variant_id <> $3 union all select * from added',
  )}`;
const set = (column: string) => `with changed as (
    update bare.carts set ${column}, updated_at = now() where id = $1 and token = $2 and status = 'open' returning *
  ) ${cart('changed').replace('LINES', STORED)}`;
export const EMAIL = set('email = $3');
export const ADDRESS = set('address = $3::text::jsonb');
export const OPTION = set('option_id = $3');
export const OPTIONS = `select coalesce(json_agg(json_build_object('id', o.id, 'name', o.name, 'amount', o.amount)), '[]')::text as body
  from bare.options o where exists (select from bare.carts where id = $1 and token = $2)`;

export const LOCK = `select c.email, c.address::text as address, coalesce(o.amount, 0) + sum(v.price * n.quantity) as total,
    array_agg(n.variant_id order by n.variant_id) as variants, array_agg(n.quantity order by n.variant_id) as quantities
  from (select * from bare.carts where id = $1 and token = $2 and status = 'open' for update) c
  join bare.cart_lines n on n.cart_id = c.id join bare.variants v on v.id = n.variant_id
  left join bare.options o on o.id = c.option_id
  group by c.id, c.email, c.address, o.amount`;
export const RESERVE = `with wanted as (select * from unnest($1::text[], $2::int[]) w(variant_id, quantity)),
  locked as (
    select s.variant_id from bare.stock s join wanted w using (variant_id)
    where s.on_hand - s.reserved >= w.quantity order by s.variant_id for no key update of s
  )
  update bare.stock s set reserved = s.reserved + w.quantity from wanted w
  where s.variant_id = w.variant_id and s.on_hand - s.reserved >= w.quantity
    and (select count(*) from locked) = (select count(*) from wanted)
  returning s.variant_id`;
export const PLACE = `with numbered as (update bare.counter set last = last + 1 where id = 1 returning last),
  placed as (
    insert into bare.orders (id, number, cart_id, email, address, total)
    select $2, n.last, $1, $3, $4::text::jsonb, $5::bigint from numbered n returning *
  ), lines as (
    insert into bare.order_lines select $2, v.id, n.quantity, v.price
    from bare.cart_lines n join bare.variants v on v.id = n.variant_id where n.cart_id = $1 returning *
  ), paid as (insert into bare.payments select 'p' || $2, $2, $5::bigint, 'pending'),
  told as (
    insert into bare.outbox (type, data)
    select 'order.placed', json_build_object('id', p.id, 'number', p.number, 'total', p.total, 'email', p.email) from placed p
  )
  select json_build_object('id', p.id, 'number', p.number, 'total', p.total, 'email', p.email,
    'lines', (select json_agg(l) from lines l))::text as body from placed p`;
export const CLOSE = "update bare.carts set status = 'ordered' where id = $1";
