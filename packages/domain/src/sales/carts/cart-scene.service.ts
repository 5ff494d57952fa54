import { instantText } from '../../catalog/listing/listing-text.ts';
import { sellable } from '../../catalog/listing/variant-text.ts';
import type { PostalAddress } from '../../company/companies/postal-address.contract.ts';
import { settingsFrom } from '../../company/settings/settings.service.ts';
import { ownVersionText } from '../../kernel/catalogue-version-reader.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { parameters, runText, type TextStatement } from '../../kernel/text-statement.ts';
import { hasOrderedText } from '../../pricing/discounts/customer-history.service.ts';
import type { Place } from '../../pricing/tax/tax-facts.ts';
import type { Basket } from '../../pricing/totals/basket.ts';
import { type BasketRow, basketColumns, basketOf } from '../../pricing/totals/basket-facts.service.ts';
import {
  type BasketShop,
  readShop,
  rememberedShop,
  type ShopAsked,
  type ShopFacts,
} from '../../pricing/totals/shop-facts.service.ts';
import { type CartAccess, opensTo } from './cart-access.ts';
import { heldUnitsText, pendingOrderText } from './cart-orders.service.ts';
import type { CartStatus } from './carts.schema.ts';

/** A cart's own row. */
export interface CartFacts {
  readonly id: Id<'cart'>;
  readonly customerId: Id<'cus'> | null;
  readonly status: CartStatus;
  readonly currency: Currency;
  readonly locale: string | null;
  readonly email: string | null;
  readonly emailKey: string | null;
  readonly phone: string | null;
  readonly note: string | null;
  readonly shippingAddress: PostalAddress | null;
  /** Null: the shipping address. */
  readonly billingAddress: PostalAddress | null;
  readonly version: number;
  readonly expiresAt: Instant;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** What a cart says of a line besides what the catalogue says of it. */
export interface CartLineFacts {
  readonly id: Id<'cli'>;
  readonly properties: Readonly<Record<string, string>>;
  /** What one cost when it was put in, minor units; null: it was not sold in the cart's currency then. */
  readonly unitAmountAdded: bigint | null;
  /**
   * Units this cart can have now, with those its own unpaid order holds; null: as many as one likes. For a word to the
   * shopper: the truth is the reservation.
   */
  readonly available: number | null;
}

/** A cart with everything its totals depend on, as of one moment. */
export interface CartScene {
  readonly cart: CartFacts;
  readonly lines: ReadonlyMap<string, CartLineFacts>;
  readonly basket: Basket;
  readonly shop: BasketShop;
}

interface SceneRow extends CartFacts, BasketRow {
  /** What the smaller statement could not tell everything of; null: it told all there is. */
  readonly needsMore: 'shop' | 'cart' | null;
  /** For which version of what staff write the rest holds. */
  readonly shopVersion: number;
}

/** What the statement adds to each line of the basket. */
interface OwnOfLine {
  readonly id: Id<'cli'>;
  readonly own: Omit<CartLineFacts, 'id' | 'unitAmountAdded'> & {
    unitAmountAdded: string | null;
    /** Told by the smaller statement, which does not know what there is of a bundle. */
    isBundle?: true | null;
    /** Told by the smaller statement: whether it is sold without being there is what the shop's setting says. */
    followsShop?: true | null;
  };
}

type SceneName = 'company' | 'cart' | 'tokenHash' | 'customerId';

/**
 * By what the past of who buys is judged, for discounts on a first order and limits per customer.
 *
 * - `account`: a cart that is looked at knows its customer, and takes a guest for new as soon as there is an address.
 *   Anybody can write any address into a cart: if the totals told at once whether it has bought here, they would tell it of
 *   everybody's address.
 * - `address`: a checkout also looks at the address. If that makes another total, it says so (`total_changed`), with the
 *   reason and the total it does come to, which can then be agreed to.
 */
type JudgedBy = 'account' | 'address';

const wholeTexts = new Map<JudgedBy, TextStatement<SceneName>>();
let plainText: TextStatement<SceneName> | undefined;

/** How long what turned out to need the whole statement is read by it at once. */
const WHOLE_MS = 60_000;
const WHOLE_MAX = 10_000;
/** Companies and carts, until when. Wrong here is slower and nothing else. */
const wholeUntil = new Map<CompanyId | Id<'cart'>, number>();

const needsWhole = (id: CompanyId | Id<'cart'>) => (wholeUntil.get(id) ?? 0) > Date.now();

/** Staff would have to write something between two statements, so often in a row. */
const READS_MAX = 5;

/**
 * Reads a cart with all its totals depend on, in one statement. Undefined: there is none that opens to this access.
 *
 * What only staff change (settings, tax rates, shipping) is not in it: the process remembers that, and the statement says
 * for which version it has to hold (`shop-facts.service.ts`). Where that is not remembered it is read after it; if staff
 * wrote something in between, the cart is read again, so that both are of one moment.
 */
export async function findCartScene(
  ctx: Ctx,
  cartId: Id<'cart'>,
  access: CartAccess,
  judgedBy: JudgedBy = 'account',
): Promise<CartScene | undefined> {
  for (let read = 1; ; read++) {
    const row = await findRow(ctx, cartId, access, judgedBy);
    if (!row) return undefined;
    const asked = shopAsked(row);
    const remembered = rememberedShop(ctx, asked, row.shopVersion);
    if (remembered) return sceneFrom(row, remembered);
    const { facts, version } = await readShop(ctx, asked);
    if (version === row.shopVersion) return sceneFrom(row, facts);
    if (read >= READS_MAX) throw new Error('The settings of a shop changed faster than its cart could be read');
  }
}

/**
 * The statement costs by its size, so there is a smaller one for most carts: a guest's, without codes, language, bundles
 * and an order that waits for its payment, where no automatic discount is active. It says whether it was enough; if not,
 * the whole one is read after it, and for a while in its place.
 */
async function findRow(
  ctx: Ctx,
  cartId: Id<'cart'>,
  access: CartAccess,
  judgedBy: JudgedBy,
): Promise<SceneRow | undefined> {
  const values = { company: ctx.companyId, cart: cartId, ...access };
  if (access.customerId === null && !needsWhole(ctx.companyId) && !needsWhole(cartId)) {
    plainText ??= sceneText({ isPlain: true, judgedBy });
    const [row] = await runText<SceneRow, SceneName>(ctx, plainText, values);
    if (!row || (row.needsMore === null && !linesIn(row).some(({ own }) => own.isBundle))) return row;
    if (wholeUntil.size >= WHOLE_MAX) wholeUntil.clear();
    wholeUntil.set(row.needsMore === 'shop' ? ctx.companyId : cartId, Date.now() + WHOLE_MS);
  }
  const wholeText = wholeTexts.get(judgedBy) ?? sceneText({ isPlain: false, judgedBy });
  wholeTexts.set(judgedBy, wholeText);
  const [row] = await runText<SceneRow, SceneName>(ctx, wholeText, values);
  return row;
}

const shopAsked = ({ currency, shippingAddress, billingAddress }: CartFacts): ShopAsked => ({
  currency,
  shipCountry: shippingAddress?.country ?? null,
  billCountry: (billingAddress ?? shippingAddress)?.country ?? null,
});

/** As `findCartScene`. Throws `NotFound`. */
export async function readCartScene(
  ctx: Ctx,
  cartId: Id<'cart'>,
  access: CartAccess,
  judgedBy?: JudgedBy,
): Promise<CartScene> {
  const scene = await findCartScene(ctx, cartId, access, judgedBy);
  if (!scene) throw new CartNotFound();
  return scene;
}

/**
 * Locks the cart's row and reads the cart: two statements, sent in one go. Not one: it would wait for another writer's
 * lock and then read the lines as they were before. Any status: look at `cart.status`. For a checkout: discounts are
 * judged by the address as well (`JudgedBy`). Throws `NotFound`.
 */
export async function lockCartScene(ctx: Ctx, cartId: Id<'cart'>, access: CartAccess): Promise<CartScene> {
  const [, scene] = await Promise.all([lockCart(ctx, cartId, access), readCartScene(ctx, cartId, access, 'address')]);
  return scene;
}

/** Locks the cart's row, if there is one that opens to this access. */
export async function lockCart(ctx: Ctx, cartId: Id<'cart'>, access: CartAccess): Promise<void> {
  await runText(ctx, LOCK, { company: ctx.companyId, cart: cartId, ...access });
}

/** One statement, nothing is locked. Throws `NotFound` for a cart that is not there or does not open to this access. */
export async function refuseNoAccess(ctx: Ctx, { id, access }: { id: Id<'cart'>; access: CartAccess }): Promise<void> {
  const found = await runText(ctx, OPENS, { company: ctx.companyId, cart: id, ...access });
  if (found.length === 0) throw new CartNotFound();
}

/** No such cart, or none that opens to whoever asks: the two must not differ. */
export class CartNotFound extends NotFound {
  constructor() {
    super(
      'cart',
      "Send the cart's token as X-Cart-Token. A cart that a customer claimed opens to that customer alone: send their access token.",
    );
  }
}

/** As `alsoOfLine` below says. */
const linesIn = ({ basket_facts: facts }: SceneRow) => (facts as { lines: OwnOfLine[] }).lines;

function sceneFrom(row: SceneRow, known: ShopFacts): CartScene {
  const { needsMore: _, shopVersion: __, basket_facts, ...cart } = row;
  const { shippingAddress, billingAddress } = cart;
  const places = { shipTo: placeOf(shippingAddress), billTo: placeOf(billingAddress ?? shippingAddress) };
  const { backorder } = known.shop.settings('inventory');
  return {
    cart,
    lines: new Map(linesIn(row).map(({ id, own }) => [id, ownOf(id, own, backorder)])),
    basket: basketOf({ basket_facts }, known, places),
    shop: known.shop,
  };
}

const placeOf = (address: PostalAddress | null): Place | null =>
  address && { country: address.country, region: address.region, postcode: address.postcode };

function ownOf(id: Id<'cli'>, own: OwnOfLine['own'], backorder: boolean): CartLineFacts {
  const { properties, unitAmountAdded, available, followsShop } = own;
  return {
    id,
    properties,
    unitAmountAdded: unitAmountAdded === null ? null : BigInt(unitAmountAdded),
    available: followsShop && backorder ? null : available,
  };
}

const OPENS: TextStatement<SceneName> = openText('');
const LOCK: TextStatement<SceneName> = openText(' for update');

function openText(lock: '' | ' for update'): TextStatement<SceneName> {
  const { of, names } = parameters<SceneName>();
  const text = `select c.id from carts c where c.company_id = ${of('company')} and c.id = ${of('cart')}
    and ${opensTo('c', { tokenHash: of('tokenHash'), customerId: of('customerId') })}${lock}`;
  return { text, names };
}

/** Of the table, in the order of `CartFacts`. */
const COLUMNS = [
  'id',
  'customer_id',
  'status',
  'currency',
  'locale',
  'email',
  'email_key',
  'phone',
  'note',
  'shipping_address',
  'billing_address',
  'version',
  'expires_at',
  'created_at',
  'updated_at',
] as const;

/** SQL of the columns of `CartFacts`, of a row with those of the table. */
const cartColumns = (cart: string): string =>
  `${cart}.id, ${cart}.customer_id as "customerId", ${cart}.status, ${cart}.currency, ${cart}.locale, ${cart}.email,
    ${cart}.email_key as "emailKey", ${cart}.phone, ${cart}.note, ${cart}.shipping_address as "shippingAddress",
    ${cart}.billing_address as "billingAddress", ${cart}.version, ${instantText(`${cart}.expires_at`)} as "expiresAt",
    ${instantText(`${cart}.created_at`)} as "createdAt", ${instantText(`${cart}.updated_at`)} as "updatedAt"`;

/** What the statement that made an empty cart says of it: all there is to its scene but the shop. */
export interface NewCartRow extends CartFacts {
  readonly shopVersion: number;
  readonly at: Instant;
}

/** SQL of the columns of `NewCartRow`. */
export const newCartColumns = (cart: string, company: string): string =>
  `${cartColumns(cart)}, ${ownVersionText(company)} as "shopVersion", ${instantText('now()')} as at`;

/** The columns of `carts` that `newCartColumns` asks for. */
export const NEW_CART_RETURNS = COLUMNS.join(', ');

/** The scene of a guest's cart that was made a moment ago and has nothing in it: one statement less. */
export async function sceneOfNewCart(ctx: Ctx, { shopVersion, at, ...cart }: NewCartRow): Promise<CartScene> {
  const asked = shopAsked(cart);
  const known = rememberedShop(ctx, asked, shopVersion) ?? (await readShop(ctx, asked)).facts;
  const nothing = { codes: [], shippingOptionIds: [], shippingProfileIds: [], lines: [], discounts: [] };
  const basket_facts = { at, currency: cart.currency, customer: null, hasOrdered: null, ...nothing };
  const basket = basketOf({ basket_facts }, known, { shipTo: null, billTo: null });
  return { cart, lines: new Map(), basket, shop: known.shop };
}

const OWN_TEXTS = { cartId: 'cart.id', shippingProfileIds: 'basket.shipping_profile_ids' } as const;

/** `offset 0` keeps the lines of a cart one look-up by its id, whatever the planner believes of the tables. */
function sceneText({ isPlain, judgedBy }: { isPlain: boolean; judgedBy: JudgedBy }): TextStatement<SceneName> {
  const { of, names } = parameters<SceneName>();
  const company = `${of('company')}::text`;
  const opens = opensTo('c', { tokenHash: of('tokenHash'), customerId: of('customerId') });
  const codes = (column: string) => `array(select k.${column} from cart_codes k where k.company_id = ${company}
      and k.cart_id = cart.id order by k.position, k.code_key)`;
  const alsoOfLine = `json_build_object('properties', basket_line.properties,
    'unitAmountAdded', basket_line.unit_amount_added::text, 'available', ${available(company, isPlain)}
    ${isPlain ? `, 'isBundle', case when p.kind = 'bundle' then true end, 'followsShop', case when v.backorder is null then true end` : ''})`;
  const text = `select scene.* from (
  with cart as (
    select ${COLUMNS.map((column) => `c.${column}`).join(', ')}
    from carts c where c.company_id = ${company} and c.id = ${of('cart')}::text and ${opens}
  ), basket as (
    select cart.currency, cart.locale, cart.customer_id, cart.email_key as given_email_key,
      ${judgedBy === 'address' ? 'cart.email_key' : 'null::text'} as email_key, ${isPlain ? 'null' : backorder(company)} as backorder,
      ${pendingOrderText(company, 'cart.id')} as pending_order_id,
      ${codes('code')} as codes, ${isPlain ? "'{}'::text[]" : codes('code_key')} as code_keys,
      chosen.shipping_option_ids, chosen.shipping_profile_ids
    from cart cross join lateral (
      select coalesce(array_agg(s.shipping_option_id order by s.profile_id), '{}') as shipping_option_ids,
        coalesce(array_agg(s.profile_id order by s.profile_id), '{}') as shipping_profile_ids
      from cart_shipping s where s.company_id = ${company} and s.cart_id = cart.id) chosen
  ), basket_line as (
    select own.id as line_id, own.variant_id, own.quantity, 0 as position, own.properties, own.unit_amount_added from cart
    cross join lateral (select l.id, l.variant_id, l.quantity, l.properties, l.unit_amount_added from cart_lines l
      where l.company_id = ${company} and l.cart_id = cart.id offset 0) own
  )
  select ${cartColumns('cart')},
    ${isPlain ? needsMore(company) : 'null'} as "needsMore",
    ${ownVersionText(company)} as "shopVersion",
    ${basketColumns({ company, ...OWN_TEXTS, hasOrdered: hasOrdered(company), isPlain, isShopKnown: true, alsoOfLine })}
  from cart, basket
) scene`;
  return { text, names };
}

/** A guest with an address is taken for new, unless the address is judged as well. */
const hasOrdered = (company: string): string =>
  `coalesce(${hasOrderedText({ company, customerId: 'basket.customer_id', emailKey: 'basket.email_key' })},
      case when basket.given_email_key is not null then false end)`;

const needsMore = (company: string): string =>
  `case when exists (select from discounts d where d.company_id = ${company} and d.method = 'automatic'
        and d.status = 'active' and (d.ends_at is null or d.ends_at > now())) then 'shop'
      when cart.customer_id is not null or cart.locale is not null or basket.codes <> '{}'
        or basket.pending_order_id is not null then 'cart' end`;

/**
 * Units of the variant `v` that can be sold now, of a bundle those of its scarcest part; null where nobody counts. The
 * plain one: of no bundle, where no order of the cart waits, and without a look at the shop's setting (`followsShop`).
 */
const available = (company: string, isPlain: boolean): string => {
  const free = (variantId: string) =>
    `(${sellable(variantId, company)} + ${heldUnitsText(company, { orderId: 'basket.pending_order_id', variantId })})`;
  if (isPlain)
    return `case when not v.tracks_stock or v.backorder = 'allow' then null else ${sellable('v.id', company)} end`;
  const unlimited = (variant: string) =>
    `not ${variant}.tracks_stock or coalesce(${variant}.backorder, basket.backorder) = 'allow'`;
  return `case when p.kind = 'bundle' then (
      select min(case when part.archived_at is not null then 0 when ${unlimited('part')} then null
        else ${free('part.id')} / made_of.quantity end)
      from bundle_components made_of
      cross join lateral (select * from product_variants one where one.company_id = ${company}
        and one.id = made_of.component_variant_id offset 0) part
      where made_of.company_id = ${company} and made_of.bundle_variant_id = v.id)
    when ${unlimited('v')} then null else ${free('v.id')} end`;
};

/** The company's setting. */
const backorder = (company: string): string =>
  `(select case coalesce((select s.overrides -> 'backorder' from company_settings s
        where s.company_id = ${company} and s."group" = 'inventory'), '${settingsFrom('inventory', {}).backorder}')
      when 'true' then 'allow' else 'deny' end)`;
