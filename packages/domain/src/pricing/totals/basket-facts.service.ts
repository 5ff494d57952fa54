import { instantText } from '../../catalog/listing/listing-text.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { discountsJson, discountsOf } from '../discounts/discount-facts.service.ts';
import type { ShippingOptionFacts } from '../shipping/shipping-facts.ts';
import type { Place } from '../tax/tax-facts.ts';
import type { Basket, BasketCustomer } from './basket.ts';
import { linesJson, linesOf } from './basket-lines.service.ts';
import { type BasketShop, type ShopFacts, type ShopJson, shopFactsOf, shopPairs } from './shop-facts.service.ts';
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
   * For a guest's basket without codes and locale, in a shop without automatic discounts: neither discounts nor what only
   * they and customers need is read, which halves what the statement costs. Whoever says so has to make sure.
   */
  readonly isPlain?: boolean;
  /**
   * What only staff change is left out, and the places of the basket: whoever says so gives them to `basketOf`. `basket`
   * needs none of their columns then.
   */
  readonly isShopKnown?: boolean;
  /** SQL of JSON for each line, as its `own`; may name `basket_line`, `v` (the variant) and `p` (the product). */
  readonly alsoOfLine?: string;
}

/** What `basketColumns` selects, as the driver gives it: JSON, parsed. */
export interface BasketRow {
  readonly basket_facts: unknown;
}

const DISCOUNT_TEXTS = {
  currency: 'basket.currency',
  codeKeys: 'basket.code_keys',
  customerId: 'basket.customer_id',
  emailKey: 'basket.email_key',
} as const;

/** `ship` and `bill` and the shop's are missing where the statement left them out (`isShopKnown`). */
interface FactsJson extends ShopJson {
  at: Instant;
  currency: Currency;
  codes: string[] | null;
  shippingOptionIds: Id<'sho'>[] | null;
  shippingProfileIds: Id<'shp'>[] | null;
  ship: PlaceJson;
  bill: PlaceJson;
  customer: Pick<BasketCustomer, 'id' | 'groupIds' | 'isTaxExempt'> | null;
  hasOrdered: boolean | null;
  lines: unknown;
  discounts: unknown;
}

interface PlaceJson {
  country: string | null;
  region: string | null;
  postcode: string | null;
}

/**
 * Text of one column, `basket_facts`: everything a total depends on, for `basketFrom`. It goes into a statement of this
 * form, so that a cart can be read together with it:
 *
 *     select scene.* from (
 *       with basket as (…one row…), basket_line as (…)
 *       select …, ${basketColumns({ company: '$1::text' })} …
 *     ) scene
 *
 * (The outer `select` lets a unit of work see that it only reads.) `offset 0` makes plain columns of what the two reckon:
 * behind row security a condition on `address ->> 'country'` would use no index. What they have to say:
 *
 * - `basket`: currency, locale, customer_id, email_key (text or null); codes text[] as the shopper wrote them, and
 *   code_keys text[] by `codeKeyOf`; ship_country, ship_region, ship_postcode, bill_country, bill_region, bill_postcode (text or
 *   null); shipping_option_ids text[];
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
  isShopKnown,
  alsoOfLine,
}: BasketTexts): string =>
  `(select json_build_object('at', ${instantText('now()')}, 'currency', basket.currency,
    'codes', basket.codes, 'shippingOptionIds', basket.shipping_option_ids,
    'shippingProfileIds', ${shippingProfileIds},
    ${isShopKnown ? '' : `'ship', ${placeJson('ship')}, 'bill', ${placeJson('bill')}, ${shopPairs(company)},`}
    'customer', ${isPlain ? 'null' : customerJson(company)},
    'hasOrdered', ${isPlain ? 'null' : hasOrdered},
    'lines', ${linesJson(company, { isPlain, alsoOfLine })},
    'discounts', ${isPlain ? `'[]'::json` : discountsJson({ ...DISCOUNT_TEXTS, company, cartId })}
  ) from (select * from basket offset 0) basket) as basket_facts`;

/** The shop and the basket in what `basketColumns` selected with everything. */
export function basketFrom({ basket_facts }: BasketRow): { basket: Basket; shop: BasketShop } {
  const facts = basket_facts as FactsJson; // the text above builds exactly this
  const known = shopFactsOf(facts);
  return { basket: basketIn(facts, known, placeFrom(facts.ship), placeFrom(facts.bill)), shop: known.shop };
}

/** The basket in what `basketColumns` selected without the shop (`isShopKnown`). */
export const basketOf = (
  { basket_facts }: BasketRow,
  known: ShopFacts,
  { shipTo, billTo }: { shipTo: Place | null; billTo: Place | null },
): Basket => basketIn(basket_facts as FactsJson, known, shipTo, billTo); // the text above builds exactly this

function basketIn(facts: FactsJson, known: ShopFacts, shipTo: Place | null, billTo: Place | null): Basket {
  const { shop, taxRates, shippingOptions, defaultProfileId } = known;
  const { pricesIncludeTax, rounding, basedOn } = shop.settings('tax');
  return {
    at: facts.at,
    currency: facts.currency,
    pricesIncludeTax,
    taxRounding: rounding,
    lines: linesOf(facts.lines, defaultProfileId),
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
}

/** What is not known among the options is kept: that it is gone has to be said. */
function chosenOf(
  { shippingOptionIds, shippingProfileIds }: FactsJson,
  options: readonly ShippingOptionFacts[],
): Id<'sho'>[] {
  return (shippingOptionIds ?? []).filter((id, at) => {
    const option = options.find((one) => one.id === id);
    return !option || !shippingProfileIds || option.profileId === shippingProfileIds[at];
  });
}

function placeFrom({ country, region, postcode }: PlaceJson): Place | null {
  if (country === null) return null;
  return { country, region: region ?? undefined, postcode: postcode ?? undefined };
}

/** The company's address counts only while it lies in the company's country: that is the one the company is known by. */
function companyPlace({ country, settings }: BasketShop): Place {
  const { address } = settings('general');
  if (address?.country !== country) return { country };
  return { country, region: address.region, postcode: address.postcode };
}

const placeJson = (which: 'ship' | 'bill') =>
  `json_build_object('country', basket.${which}_country, 'region', basket.${which}_region, 'postcode', basket.${which}_postcode)`;

const customerJson = (company: string) =>
  `case when basket.customer_id is not null then (select json_build_object('id', buyer.id,
      'isTaxExempt', buyer.is_tax_exempt, 'groupIds', (select coalesce(json_agg(member.group_id order by member.group_id), '[]')
        from customer_group_members member where member.company_id = ${company} and member.customer_id = buyer.id))
      from customers buyer where buyer.company_id = ${company} and buyer.id = basket.customer_id) end`;
