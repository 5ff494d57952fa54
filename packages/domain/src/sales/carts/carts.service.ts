import { getCompany } from '../../company/companies/companies.service.ts';
import type { PostalAddress } from '../../company/companies/postal-address.contract.ts';
import { getSettings } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emailKey } from '../../kernel/text.ts';
import { parameters, runText, type TextStatement } from '../../kernel/text-statement.ts';
import { type CartAccess, makeCartToken } from './cart-access.ts';
import { addingTexts, refuseTooMuch, refuseUnsellable, type WantedLine, wantedJson } from './cart-lines.service.ts';
import { type CartScene, type NewCartRow, readCartScene, sceneOfNewCart } from './cart-scene.service.ts';
import { NEW_CART_RETURNS, newCartColumns } from './cart-scene-text.ts';
import { type CartAt, cartWrite, EMPTY_EXPIRY, expiryText, writeCart } from './cart-writes.service.ts';

/*
 * A cart is what somebody means to buy. It announces nothing: no merchant wants an event for every click, and what they
 * want to hear of begins with the order.
 *
 * Each write locks the cart's row, raises its version and gives back the whole cart as it is then, so that a storefront
 * never has to add up anything itself.
 */

/** What a cart begins with. */
export interface CartStart {
  readonly currency?: string | undefined;
  readonly locale?: string | undefined;
  readonly email?: string | undefined;
  readonly lines?: readonly WantedLine[] | undefined;
}

type CreateName =
  | 'company'
  | 'cart'
  | 'tokenHash'
  | 'customerId'
  | 'currency'
  | 'locale'
  | 'email'
  | 'emailKey'
  | 'lines';

const CREATE: TextStatement<CreateName> = createText();
const CREATE_EMPTY: TextStatement<CreateName> = createText({ isEmpty: true });

/**
 * Makes a cart, the customer's if one is logged in. Two statements, a guest's empty one in one. Its token is given here and never again. Throws
 * `InvalidInput` for a currency the shop does not sell in, and what `addLine` throws.
 */
export async function createCart(ctx: Ctx, start: CartStart): Promise<{ scene: CartScene; token: string }> {
  const { token, hash } = makeCartToken();
  const id = newId('cart');
  const access: CartAccess = { tokenHash: hash, customerId: ctx.actor.type === 'customer' ? ctx.actor.id : null };
  const { json, count } = wantedJson(start.lines ?? []);
  const values = {
    company: ctx.companyId,
    cart: id,
    tokenHash: access.tokenHash,
    customerId: access.customerId,
    currency: start.currency ?? null,
    locale: start.locale ?? null,
    email: start.email ?? null,
    emailKey: start.email === undefined ? null : emailKey(start.email),
    lines: json,
  };
  if (count === 0 && access.customerId === null) {
    const [made] = await runText<NewCartRow, CreateName>(ctx, CREATE_EMPTY, values);
    if (!made) throw await currencyNotSold(ctx, start.currency);
    return { scene: (await sceneOfNewCart(ctx, made)) ?? (await readCartScene(ctx, id, access)), token };
  }
  const [[row], scene] = await Promise.all([
    runText<{ made: number; added: number }, CreateName>(ctx, CREATE, values),
    // What was not made is told from what the first one gave.
    readCartScene(ctx, id, access).catch(() => undefined),
  ]);
  if (!row?.made || !scene) throw await currencyNotSold(ctx, start.currency);
  refuseUnsellable(scene, start.lines ?? [], row.added < count, (at) => `/lines/${at}/variantId`);
  refuseTooMuch(scene, () => true, '/lines');
  return { scene, token };
}

/** `isEmpty`: nothing is put in, and the cart is told as `NewCartRow`. */
function createText({ isEmpty = false } = {}): TextStatement<CreateName> {
  const { of, names } = parameters<CreateName>();
  const company = `${of('company')}::text`;
  const asked = `${of('currency')}::text`;
  const lines = isEmpty ? [] : addingTexts('made', of('lines'), company);
  const told = isEmpty
    ? `${newCartColumns('made', company)} from made`
    : '(select count(*)::int from made) as made, (select count(*)::int from added) as added';
  const text = `with made as (
    insert into carts (company_id, id, token_hash, customer_id, currency, locale, email, email_key, expires_at)
    select shop.company_id, ${of('cart')}::text, ${of('tokenHash')}::text, buyer.id, coalesce(${asked}, shop.currency),
      ${of('locale')}::text, coalesce(${of('email')}::text, buyer.email), coalesce(${of('emailKey')}::text, buyer.email_key),
      case when ${of('lines')}::text = '[]' then ${EMPTY_EXPIRY} else ${expiryText(company, 'buyer.id')} end
    from companies shop
    left join customers buyer on buyer.company_id = shop.company_id and buyer.id = ${of('customerId')}::text
    where shop.company_id = ${company} and (${asked} is null or ${asked} = shop.currency or exists (
      select from company_settings s where s.company_id = ${company} and s."group" = 'general'
        and s.overrides -> 'currencies' ? ${asked}))
    returning ${NEW_CART_RETURNS}
  )${lines.map((query) => `, ${query}`).join('')}
  select ${told}`;
  return { text, names };
}

async function currencyNotSold(ctx: Ctx, asked: string | undefined): Promise<Error> {
  const [{ currency }, { currencies }] = await Promise.all([getCompany(ctx), getSettings(ctx, 'general')]);
  const sold = [...new Set([currency, ...currencies])];
  if (asked === undefined || sold.includes(asked)) return new Error('A cart was not made, and its currency is sold');
  const message = `This shop does not sell in ${asked}. Expected one of ${sold.join(', ')}.`;
  return new InvalidInput({ pointer: '/currency', code: 'currency_not_sold', message });
}

const SET_EMAIL = cartWrite<'email' | 'emailKey'>((of) => ({
  set: `email = ${of('email')}::text, email_key = ${of('emailKey')}::text`,
}));

/** Sets where the shopper is written to. Two statements. Throws as all writes of carts do (`writeCart`). */
export async function setEmail(ctx: Ctx, at: CartAt, email: string): Promise<CartScene> {
  return (await writeCart(ctx, at, SET_EMAIL, { email, emailKey: emailKey(email) })).scene;
}

const SET_ADDRESS = {
  shipping: cartWrite<'address'>((of) => ({ set: `shipping_address = ${of('address')}::text::jsonb` })),
  billing: cartWrite<'address'>((of) => ({ set: `billing_address = ${of('address')}::text::jsonb` })),
};

/**
 * Sets where the goods or the bill goes; null for the bill: where the goods go. A delivery that was chosen and does not go
 * there is no longer taken into the totals. Two statements. Throws as all writes of carts do.
 */
export async function setAddress(
  ctx: Ctx,
  at: CartAt,
  which: 'shipping' | 'billing',
  address: PostalAddress | null,
): Promise<CartScene> {
  return (await writeCart(ctx, at, SET_ADDRESS[which], { address: address && JSON.stringify(address) })).scene;
}

/** Null takes the field away. */
export interface CartChange {
  readonly note?: string | null | undefined;
  readonly phone?: string | null | undefined;
  readonly locale?: string | null | undefined;
}

const CHANGE = cartWrite<'note' | 'hasNote' | 'phone' | 'hasPhone' | 'locale' | 'hasLocale'>((of) => ({
  set: `note = case when ${of('hasNote')}::boolean then ${of('note')}::text else c.note end,
    phone = case when ${of('hasPhone')}::boolean then ${of('phone')}::text else c.phone end,
    locale = case when ${of('hasLocale')}::boolean then ${of('locale')}::text else c.locale end`,
}));

/** Changes what else a shopper says. Two statements. Throws as all writes of carts do. */
export async function changeCart(ctx: Ctx, at: CartAt, { note, phone, locale }: CartChange): Promise<CartScene> {
  const values = {
    note: note ?? null,
    hasNote: note !== undefined,
    phone: phone ?? null,
    hasPhone: phone !== undefined,
    locale: locale ?? null,
    hasLocale: locale !== undefined,
  };
  return (await writeCart(ctx, at, CHANGE, values)).scene;
}

const CLOSE = `update carts set status = 'ordered', version = version + 1, updated_at = now()
  where company_id = $1::text and id = $2::text and status = 'open'`;

/**
 * A cart's order was paid, confirmed, or is paid by a transfer: nothing of the cart changes any more. For whoever holds its
 * lock; twice is once.
 */
export async function closeCart(ctx: Ctx, cartId: Id<'cart'>): Promise<void> {
  await runText(ctx, { text: CLOSE, names: ['company', 'cart'] }, { company: ctx.companyId, cart: cartId });
}

const CLOSE_IF_FREE = `with free as (
    select c.id from carts c where c.company_id = $1::text and c.id = $2::text and c.status = 'open'
    for update skip locked
  ) update carts set status = 'ordered', version = version + 1, updated_at = now()
  from free where carts.company_id = $1::text and carts.id = free.id`;

/** As `closeCart`, for whoever must not wait for the cart's lock: one that somebody else holds stays as it is. */
export async function closeCartIfFree(ctx: Ctx, cartId: Id<'cart'>): Promise<void> {
  await runText(ctx, { text: CLOSE_IF_FREE, names: ['company', 'cart'] }, { company: ctx.companyId, cart: cartId });
}
