import { instantText } from '../../catalog/listing/listing-text.ts';
import { ownVersionText } from '../../kernel/catalogue-version-reader.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { DatabaseUnavailable } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { discountsJson, discountsOf } from '../discounts/discount-facts.service.ts';
import type { ShippingOptionFacts } from '../shipping/shipping-facts.ts';
import type { Place } from '../tax/tax-facts.ts';
import type { Basket, BasketCustomer, BasketLine, Goods } from './basket.ts';
import { type GoodsByVariant, readGoods, rememberedGoods } from './goods-facts.service.ts';
import { type BasketShop, readShop, rememberedShop, type ShopFacts } from './shop-facts.service.ts';
import { taxPlaceOf } from './tax-place.ts';

/** Pieces of SQL, never values. */
export interface BasketTexts {
  /** The company's id, like `$1::text`. */
  readonly company: string;
  /** Whether the customer (or the email address) of `basket` ordered before; null: nobody is known. */
  readonly hasOrdered?: string;
  /**
   * text[] beside `shipping_option_ids`: for which profile's goods each was chosen. An option that goes with other goods
   * by now is chosen for none. Left out: each is chosen for the goods of its profile.
   */
  readonly shippingProfileIds?: string;
  /** The cart's id, like `cart.id`: what its own unpaid order used of a discount is not held against it. */
  readonly cartId?: string;
  /**
   * For a guest's basket without codes, in a shop without automatic discounts: neither discounts nor what only they and
   * customers need is read. Whoever says so has to make sure.
   */
  readonly isPlain?: boolean;
  /** SQL of JSON for each line, as its `own`; may name `basket_line`. */
  readonly ownOfLine?: string;
}

const DISCOUNT_TEXTS = {
  currency: 'basket.currency',
  codeKeys: 'basket.code_keys',
  customerId: 'basket.customer_id',
  emailKey: 'basket.email_key',
} as const;

/** As `basketColumns` builds it. */
export interface BasketFacts {
  at: Instant;
  /** Of the catalogue, for which what the process remembers must have been read. */
  version: number;
  currency: Currency;
  codes: string[] | null;
  shippingOptionIds: Id<'sho'>[] | null;
  shippingProfileIds: Id<'shp'>[] | null;
  customer: Pick<BasketCustomer, 'id' | 'groupIds' | 'isTaxExempt'> | null;
  hasOrdered: boolean | null;
  lines: LineJson[];
  discounts: unknown;
}

interface LineJson {
  id: string;
  /** Null: there is no such variant. */
  variantId: Id<'var'> | null;
  quantity: number;
  /** What whoever built the statement put there (`ownOfLine`); not the basket's. */
  own?: unknown;
}

/** What `basketColumns` selects, as the driver gives it: JSON, parsed. */
export interface BasketRow {
  readonly basket_facts: BasketFacts;
}

/**
 * Text of one column, `basket_facts`: what a total depends on and only this basket has, for `completeBasket`. It goes into a
 * statement of this form, so that a cart can be read together with it:
 *
 *     select scene.* from (
 *       with basket as (…one row…), basket_line as (…)
 *       select …, ${basketColumns({ company: '$1::text' })} …
 *     ) scene
 *
 * (The outer `select` lets a unit of work see that it only reads.) What the two have to say:
 *
 * - `basket`: currency, customer_id, email_key (text or null); codes text[] as the shopper wrote them, and code_keys text[] by
 *   `codeKeyOf`; shipping_option_ids text[];
 * - `basket_line`: line_id text, variant_id text, quantity integer, position (lines stand by it, then by line_id).
 *
 * "Now" is the beginning of the transaction, for prices, publication and discounts alike.
 */
export const basketColumns = ({
  company,
  hasOrdered = 'null::boolean',
  cartId,
  shippingProfileIds = 'null',
  isPlain,
  ownOfLine,
}: BasketTexts): string =>
  `(select json_build_object('at', ${instantText('now()')}, 'version', ${ownVersionText(company)},
    'currency', basket.currency, 'codes', basket.codes, 'shippingOptionIds', basket.shipping_option_ids,
    'shippingProfileIds', ${shippingProfileIds},
    'customer', ${isPlain ? 'null' : customerJson(company)},
    'hasOrdered', ${isPlain ? 'null' : hasOrdered},
    'lines', (select coalesce(json_agg(json_build_object('id', basket_line.line_id, 'variantId', basket_line.variant_id,
        'quantity', basket_line.quantity${ownOfLine ? `, 'own', ${ownOfLine}` : ''})
      order by basket_line.position, basket_line.line_id), '[]') from basket_line),
    'discounts', ${isPlain ? `'[]'::json` : discountsJson({ ...DISCOUNT_TEXTS, company, cartId })}
  ) from (select * from basket offset 0) basket) as basket_facts`;

/** Where a basket goes, and in which language it is shown: what the statement leaves to whoever sent it. */
export interface BasketTerms {
  readonly shipTo: Place | null;
  readonly billTo: Place | null;
  readonly locale: string | null;
}

/** A basket with everything, and by what it was made. */
export interface CompleteBasket {
  readonly basket: Basket;
  readonly shop: BasketShop;
  readonly goods: GoodsByVariant;
}

/**
 * Adds to what `basketColumns` selected what the process remembers of the shop and the goods, all of it as of the moment of
 * that statement; what is not remembered is read now. Undefined: staff wrote something in between, so that the two are not of
 * one moment, and the basket has to be read again. A line whose variant is not the company's is left out.
 */
export async function completeBasket(
  ctx: Ctx,
  { basket_facts: facts }: BasketRow,
  terms: BasketTerms,
): Promise<CompleteBasket | undefined> {
  const { currency, lines, version } = facts;
  const { shipTo, billTo, locale } = terms;
  const ofShop = { currency, shipCountry: shipTo?.country ?? null, billCountry: billTo?.country ?? null };
  const ofGoods = { currency, locale, variantIds: lines.flatMap(({ variantId }) => variantId ?? []) };
  const known = rememberedShop(ctx, ofShop, version);
  const { goods, missing } = rememberedGoods(ctx, ofGoods, facts);
  if (known && missing.length === 0) return complete(facts, terms, known, goods);
  const [shop, read] = await Promise.all([
    known ? { facts: known, version } : readShop(ctx, ofShop),
    missing.length === 0 ? { goods, version } : readGoods(ctx, { ...ofGoods, variantIds: missing }),
  ]);
  if (shop.version !== version || read.version !== version) return undefined;
  return complete(facts, terms, shop.facts, new Map([...goods, ...read.goods]));
}

/** Staff would have to write something between two statements, so often in a row. */
const READS_MAX = 5;

/**
 * Reads a basket until all of it is of one moment. `read` gives nothing where staff wrote something in between. Throws
 * `DatabaseUnavailable` where they write faster than it can be read.
 */
export async function readSteadily<Read>(read: () => Promise<Read | undefined>): Promise<Read> {
  for (let reads = 1; reads <= READS_MAX; reads++) {
    const found = await read();
    if (found !== undefined) return found;
  }
  throw new DatabaseUnavailable('the shop changed faster than a basket could be read');
}

function complete(
  facts: BasketFacts,
  { shipTo, billTo }: BasketTerms,
  { shop, taxRates, shippingOptions, defaultProfileId }: ShopFacts,
  goods: GoodsByVariant,
): CompleteBasket {
  const { pricesIncludeTax, rounding, basedOn } = shop.settings('tax');
  const basket = {
    at: facts.at,
    currency: facts.currency,
    pricesIncludeTax,
    taxRounding: rounding,
    lines: linesOf(facts.lines, goods, defaultProfileId),
    shipTo,
    shipsTo: shop.settings('shipping').countries,
    ...taxPlaceOf(basedOn, { shipTo, billTo, company: companyPlace(shop) }),
    customer: {
      id: facts.customer?.id ?? null,
      groupIds: facts.customer?.groupIds ?? [],
      isTaxExempt: facts.customer?.isTaxExempt ?? false,
      hasOrdered: facts.hasOrdered,
    },
    codes: facts.codes ?? [],
    discounts: discountsOf(facts.discounts),
    taxRates,
    shippingOptions,
    chosenShippingOptionIds: chosenOf(facts, shippingOptions),
  };
  return { basket, shop, goods };
}

function linesOf(lines: readonly LineJson[], goods: GoodsByVariant, defaultProfileId: Id<'shp'> | null): BasketLine[] {
  return lines.flatMap(({ id, variantId, quantity }) => {
    const known = variantId && goods.get(variantId)?.goods;
    return known ? [lineOf(known, { id, quantity, defaultProfileId })] : [];
  });
}

/** Field by field, as views of carts are made: lines are made for every answer. */
const lineOf = (
  goods: Goods,
  { id, quantity, defaultProfileId }: Pick<BasketLine, 'id' | 'quantity'> & Pick<ShopFacts, 'defaultProfileId'>,
): BasketLine => ({
  id,
  quantity,
  variantId: goods.variantId,
  productId: goods.productId,
  unitAmount: goods.unitAmount,
  compareAt: goods.compareAt,
  priceId: goods.priceId,
  isForSale: goods.isForSale,
  isGift: goods.isGift,
  taxCategory: goods.taxCategory,
  isTaxable: goods.isTaxable,
  requiresShipping: goods.requiresShipping,
  weightGrams: goods.weightGrams,
  profileId: goods.profileId ?? defaultProfileId,
  collectionIds: goods.collectionIds,
  categoryIds: goods.categoryIds,
  title: goods.title,
  variantTitle: goods.variantTitle,
  sku: goods.sku,
  handle: goods.handle,
  options: goods.options,
  imageFileId: goods.imageFileId,
  picture: goods.picture,
});

/** What is not known among the options is kept: that it is gone has to be said. */
function chosenOf(
  { shippingOptionIds, shippingProfileIds }: BasketFacts,
  options: readonly ShippingOptionFacts[],
): Id<'sho'>[] {
  return (shippingOptionIds ?? []).filter((id, at) => {
    const option = options.find((one) => one.id === id);
    return !option || !shippingProfileIds || option.profileId === shippingProfileIds[at];
  });
}

/** The company's address counts only while it lies in the company's country: that is the one the company is known by. */
function companyPlace({ country, settings }: BasketShop): Place {
  const { address } = settings('general');
  if (address?.country !== country) return { country };
  return { country, region: address.region, postcode: address.postcode };
}

const customerJson = (company: string) =>
  `case when basket.customer_id is not null then (select json_build_object('id', buyer.id,
      'isTaxExempt', buyer.is_tax_exempt, 'groupIds', (select coalesce(json_agg(member.group_id order by member.group_id), '[]')
        from customer_group_members member where member.company_id = ${company} and member.customer_id = buyer.id))
      from customers buyer where buyer.company_id = ${company} and buyer.id = basket.customer_id) end`;
