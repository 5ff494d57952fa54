import { getSettings } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import { CART_CODES_MAX } from './cart-codes.service.ts';
import { CART_LINES_MAX } from './cart-lines.service.ts';
import { type DroppedLine, type MergePlan, type MergingLine, planMerge } from './cart-merge.ts';
import { waitsForPaymentText } from './cart-orders.service.ts';
import { type CartScene, readCartScene } from './cart-scene.service.ts';
import { type CartAt, cartWrite, expiryText, refusalOf, writeCart } from './cart-writes.service.ts';

/** The cart a customer goes on with, and what became of the guest's. */
export interface ClaimedCart {
  readonly scene: CartScene;
  /** Null: the guest's cart itself became theirs. */
  readonly merged: ({ readonly fromCartId: Id<'cart'> } & Dropped) | null;
}

/** What did not come along: lines, and codes beyond what a cart takes. */
interface Dropped {
  readonly dropped: readonly DroppedLine[];
  readonly droppedCodes: string[];
}

interface CartRow {
  id: Id<'cart'>;
  currency: string;
  /** Its order waits for its payment. */
  waits: boolean;
}

/**
 * Somebody logged in: the guest's cart becomes theirs. If they have an open cart already, the two become one, theirs, in
 * which the same things add up; only if that one is in another currency the guest's cart stays and takes the other in, for
 * what they looked at last is what they mean to buy. Both rows are locked in the order of their ids, after the customer's:
 * two carts claimed at once come one after the other. Claiming again gives the same cart.
 *
 * A cart whose order waits for its payment stays apart, whichever of the two it is: what it holds is that order's, and when
 * that is paid the cart is closed with all that is in it. The guest's then becomes a second open cart of the customer, and
 * the one they go on with (`readOwnCart`), for it was written last.
 *
 * For a session of the customer, with the guest's token in `at`. Throws `NotFound`, `CartClosed`, `VersionStale`.
 */
export async function claimCart(ctx: Ctx, at: CartAt, customerId: Id<'cus'>): Promise<ClaimedCart> {
  await runText(ctx, LOCK_CUSTOMER, { company: ctx.companyId, customer: customerId });
  await runText(ctx, LOCK_CARTS, { company: ctx.companyId, customer: customerId, cart: at.id });
  const scene = await readCartScene(ctx, at.id, at.access);
  const { cart } = scene;
  if (cart.status === 'merged') return mergedBefore(ctx, at, scene, customerId);
  if (cart.status !== 'open' || (at.version !== undefined && at.version !== cart.version)) throw refusalOf(scene, at);
  if (cart.customerId === customerId) return { scene, merged: null };
  const own = await newestOf(ctx, customerId, at.id);
  if (!own || own.waits) return { scene: (await writeCart(ctx, at, CLAIM, { owner: customerId })).scene, merged: null };
  const [from, into] = own.currency === cart.currency ? [cart.id, own.id] : [own.id, cart.id];
  const dropped = await mergeCarts(ctx, { from, into, customerId });
  return {
    scene: await readCartScene(ctx, into, { tokenHash: null, customerId }),
    merged: { fromCartId: from, ...dropped },
  };
}

/** The open cart a customer wrote last; `waits` also when the order of `besides` waits for its payment. */
async function newestOf(
  ctx: Ctx,
  customer: Id<'cus'>,
  besides: Id<'cart'> | null = null,
): Promise<CartRow | undefined> {
  const values = { company: ctx.companyId, customer, besides };
  const [own] = await runText<CartRow, 'company' | 'customer' | 'besides'>(ctx, OPEN_CARTS, values);
  return own;
}

/** The cart a customer goes on with on another device: the one they wrote last. Two statements. Throws `NotFound`. */
export async function readOwnCart(ctx: Ctx, customerId: Id<'cus'>): Promise<CartScene> {
  const own = await newestOf(ctx, customerId);
  if (!own) throw new NotFound('open cart of this customer', 'Make one with POST /v1/carts.');
  return readCartScene(ctx, own.id, { tokenHash: null, customerId });
}

/** The guest's cart went into another one before: if that is this customer's, they asked twice. */
async function mergedBefore(ctx: Ctx, at: CartAt, scene: CartScene, customerId: Id<'cus'>): Promise<ClaimedCart> {
  const [row] = await runText<{ into: Id<'cart'> }, 'company' | 'cart'>(ctx, MERGED_INTO, {
    company: ctx.companyId,
    cart: at.id,
  });
  if (!row) throw refusalOf(scene, at);
  const into = await readCartScene(ctx, row.into, { tokenHash: null, customerId });
  return { scene: into, merged: { fromCartId: at.id, dropped: [], droppedCodes: [] } };
}

interface Merge {
  readonly from: Id<'cart'>;
  readonly into: Id<'cart'>;
  readonly customerId: Id<'cus'>;
}

async function mergeCarts(ctx: Ctx, { from, into, customerId }: Merge): Promise<Dropped> {
  const { lineQuantityMax } = await getSettings(ctx, 'checkout');
  const lines = await runText<MergingLine & { cartId: Id<'cart'> }, 'company' | 'from' | 'into'>(ctx, LINES, {
    company: ctx.companyId,
    from,
    into,
  });
  const plan = planMerge(
    lines.filter(({ cartId }) => cartId === into),
    lines.filter(({ cartId }) => cartId === from),
    { quantityMax: lineQuantityMax, linesMax: CART_LINES_MAX },
  );
  const [row] = await runText<{ droppedCodes: string[] }, MergeName>(ctx, MERGE, {
    company: ctx.companyId,
    from,
    into,
    customer: customerId,
    moved: JSON.stringify(plan.moved satisfies MergePlan['moved']),
    raised: JSON.stringify(plan.raised),
  });
  return { dropped: plan.dropped, droppedCodes: row?.droppedCodes ?? [] };
}

const COMPANY = '$1::text';

const LOCK_CUSTOMER: TextStatement<'company' | 'customer'> = {
  text: `select id from customers where company_id = ${COMPANY} and id = $2::text for no key update`,
  names: ['company', 'customer'],
};

/** Also carts that open to nobody here: which they are is looked at when they are locked. */
const LOCK_CARTS: TextStatement<'company' | 'customer' | 'cart'> = {
  text: `select c.id from carts c where c.company_id = ${COMPANY} and c.id = any(array(
      select o.id from carts o where o.company_id = ${COMPANY} and o.customer_id = $2::text and o.status = 'open'
      union select $3::text)) order by c.id for update`,
  names: ['company', 'customer', 'cart'],
};

const OPEN_CARTS: TextStatement<'company' | 'customer' | 'besides'> = {
  text: `select c.id, c.currency,
      ${waitsForPaymentText(COMPANY, 'c.id')} or ${waitsForPaymentText(COMPANY, '$3::text')} as waits from carts c where c.company_id = ${COMPANY} and c.customer_id = $2::text
    and c.status = 'open' order by c.updated_at desc, c.id desc limit 1`,
  names: ['company', 'customer', 'besides'],
};

const MERGED_INTO: TextStatement<'company' | 'cart'> = {
  text: `select c.merged_into_id as into from carts c where c.company_id = ${COMPANY} and c.id = $2::text
    and c.merged_into_id is not null`,
  names: ['company', 'cart'],
};

const LINES: TextStatement<'company' | 'from' | 'into'> = {
  text: `select l.id, l.cart_id as "cartId", l.variant_id as "variantId", l.properties_key as "propertiesKey", l.quantity,
      exists (select from prices r where r.company_id = ${COMPANY} and r.variant_id = l.variant_id and r.price_list_id is null
        and r.currency = (select c.currency from carts c where c.company_id = ${COMPANY} and c.id = $3::text)
      ) as "isSoldThere"
    from cart_lines l where l.company_id = ${COMPANY} and l.cart_id in ($2::text, $3::text) order by l.id`,
  names: ['company', 'from', 'into'],
};

type MergeName = 'company' | 'from' | 'into' | 'customer' | 'moved' | 'raised';

// What was left behind stays with the cart that is closed, and goes with it.
const MERGE: TextStatement<MergeName> = {
  text: `with raised as (
      update cart_lines l set quantity = w.quantity
      from json_to_recordset($6::text::json) as w(id text collate "C", quantity integer)
      where l.company_id = ${COMPANY} and l.id = w.id
    ), moved as (
      update cart_lines l set cart_id = $3::text, quantity = w.quantity, unit_amount_added = case
        when (select f.currency from carts f where f.company_id = ${COMPANY} and f.id = $2::text)
          = (select i.currency from carts i where i.company_id = ${COMPANY} and i.id = $3::text)
        then l.unit_amount_added end
      from json_to_recordset($5::text::json) as w(id text collate "C", quantity integer)
      where l.company_id = ${COMPANY} and l.id = w.id
    ), held as (
      select k.code_key, k.position from cart_codes k where k.company_id = ${COMPANY} and k.cart_id = $3::text
    ), coming as (
      select k.code_key, k.code, row_number() over (order by k.position, k.code_key) as place from cart_codes k
      where k.company_id = ${COMPANY} and k.cart_id = $2::text and k.code_key not in (select h.code_key from held h)
    ), taken as (
      select n.* from coming n where n.place + (select count(*) from held) <= ${CART_CODES_MAX}
    ), codes as (
      insert into cart_codes (company_id, cart_id, code_key, code, position)
      select ${COMPANY}, $3::text, n.code_key, n.code, coalesce((select max(h.position) from held h), 0) + n.place from taken n
    ), shipping as (
      insert into cart_shipping (company_id, cart_id, profile_id, shipping_option_id)
      select ${COMPANY}, $3::text, s.profile_id, s.shipping_option_id from cart_shipping s
      where s.company_id = ${COMPANY} and s.cart_id = $2::text
      on conflict do nothing
    ), closed as (
      update carts set status = 'merged', merged_into_id = $3::text, version = version + 1, updated_at = now()
      where company_id = ${COMPANY} and id = $2::text
      returning email, email_key, phone, note, locale, shipping_address, billing_address
    )
    update carts c set customer_id = $4::text, version = c.version + 1, updated_at = now(),
      expires_at = ${expiryText(COMPANY, '$4::text')},
      email = coalesce(c.email, closed.email, buyer.email), email_key = coalesce(c.email_key, closed.email_key, buyer.email_key),
      phone = coalesce(c.phone, closed.phone), note = coalesce(c.note, closed.note), locale = coalesce(c.locale, closed.locale),
      shipping_address = coalesce(c.shipping_address, closed.shipping_address),
      billing_address = case when c.shipping_address is null and c.billing_address is null then closed.billing_address
        else c.billing_address end
    from closed, customers buyer
    where c.company_id = ${COMPANY} and c.id = $3::text and buyer.company_id = ${COMPANY} and buyer.id = $4::text
    returning (select coalesce(json_agg(n.code order by n.place), '[]') from coming n
      where n.code_key not in (select t.code_key from taken t)) as "droppedCodes"`,
  names: ['company', 'from', 'into', 'customer', 'moved', 'raised'],
};

const CLAIM = cartWrite<'owner'>((of, company) => ({
  set: `customer_id = ${of('owner')}::text,
    email = coalesce(c.email, (select k.email from customers k where k.company_id = ${company} and k.id = ${of('owner')}::text)),
    email_key = coalesce(c.email_key, (select k.email_key from customers k
      where k.company_id = ${company} and k.id = ${of('owner')}::text))`,
  expires: expiryText(company, `${of('owner')}::text`),
}));
