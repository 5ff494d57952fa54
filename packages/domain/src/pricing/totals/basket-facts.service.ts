import { instantText } from '../../catalog/listing/listing-text.ts';
import type { SettingGroup, Settings } from '../../company/settings/setting-groups.ts';
import { settingsFrom } from '../../company/settings/settings.service.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { discountsJson, discountsOf } from '../discounts/discount-facts.service.ts';
import { shippingOptionsJson, shippingOptionsOf } from '../shipping/shipping-facts.service.ts';
import type { ShippingOptionFacts } from '../shipping/shipping-facts.ts';
import { taxRatesJson, taxRatesOf } from '../tax/tax-facts.service.ts';
import type { Place } from '../tax/tax-facts.ts';
import type { Basket, BasketCustomer } from './basket.ts';
import { linesJson, linesOf } from './basket-lines.service.ts';
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
  /** SQL of JSON for each line, as its `own`; may name `basket_line`, `v` (the variant) and `p` (the product). */
  readonly alsoOfLine?: string;
}

/** What `basketColumns` selects, as the driver gives it: JSON, parsed. */
export interface BasketRow {
  readonly basket_facts: unknown;
}

/** What the same statement says of the shop. */
export interface BasketShop {
  readonly country: string;
  readonly currency: Currency;
  /** All it sells in, its own first. */
  readonly currencies: readonly Currency[];
  readonly timezone: string;
  /** Values of a group of settings, read with the rest: general, checkout, payment, shipping, tax, inventory, notification, orders, privacy, storefront. */
  settings<Group extends KnownGroup>(group: Group): Settings<Group>;
}

/** Groups of settings that selling asks for. */
const GROUPS = [
  'general',
  'checkout',
  'payment',
  'shipping',
  'tax',
  'inventory',
  'notification',
  'orders',
  'privacy',
  'storefront',
] as const satisfies readonly SettingGroup[];
type KnownGroup = (typeof GROUPS)[number];

const DISCOUNT_TEXTS = {
  currency: 'basket.currency',
  codeKeys: 'basket.code_keys',
  customerId: 'basket.customer_id',
  emailKey: 'basket.email_key',
} as const;

interface FactsJson {
  at: Instant;
  currency: Currency;
  codes: string[] | null;
  shippingOptionIds: Id<'sho'>[] | null;
  shippingProfileIds: Id<'shp'>[] | null;
  ship: PlaceJson;
  bill: PlaceJson;
  company: { country: string; currency: Currency; timezone: string };
  settings: Partial<Record<KnownGroup, Record<string, unknown>>>;
  customer: Pick<BasketCustomer, 'id' | 'groupIds' | 'isTaxExempt'> | null;
  hasOrdered: boolean | null;
  lines: unknown;
  taxRates: unknown;
  shippingOptions: unknown;
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
  alsoOfLine,
}: BasketTexts): string =>
  `(select json_build_object('at', ${instantText('now()')}, 'currency', basket.currency,
    'codes', basket.codes, 'shippingOptionIds', basket.shipping_option_ids,
    'shippingProfileIds', ${shippingProfileIds},
    'ship', ${placeJson('ship')}, 'bill', ${placeJson('bill')},
    'company', ${companyJson(company)},
    'settings', ${settingsJson(company)},
    'customer', ${isPlain ? 'null' : customerJson(company)},
    'hasOrdered', ${isPlain ? 'null' : hasOrdered},
    'lines', ${linesJson(company, { isPlain, alsoOfLine })},
    'taxRates', ${taxRatesJson({ company, country: taxCountries(company) })},
    'shippingOptions', ${shippingOptionsJson({ company, currency: 'basket.currency', country: 'basket.ship_country' })},
    'discounts', ${isPlain ? `'[]'::json` : discountsJson({ ...DISCOUNT_TEXTS, company, cartId })}
  ) from (select * from basket offset 0) basket) as basket_facts`;

/** The basket in what `basketColumns` selected. */
export function basketFrom(row: BasketRow): Basket {
  const facts = row.basket_facts as FactsJson; // the text above builds exactly this
  const { settings } = shopFrom(row);
  const { pricesIncludeTax, rounding, basedOn } = settings('tax');
  const shipTo = placeFrom(facts.ship);
  const billTo = placeFrom(facts.bill);
  const shippingOptions = shippingOptionsOf(facts.shippingOptions);
  return {
    at: facts.at,
    currency: facts.currency,
    pricesIncludeTax,
    taxRounding: rounding,
    lines: linesOf(facts.lines),
    shipTo,
    shipsTo: settings('shipping').countries,
    ...taxPlaceOf(basedOn, { shipTo, billTo, company: companyPlace(facts, settings('general')) }),
    customer: {
      id: facts.customer?.id ?? null,
      groupIds: facts.customer?.groupIds ?? [],
      isTaxExempt: facts.customer?.isTaxExempt ?? false,
      hasOrdered: facts.hasOrdered,
    },
    codes: facts.codes ?? [],
    discounts: discountsOf(facts.discounts),
    taxRates: taxRatesOf(facts.taxRates),
    shippingOptions,
    chosenShippingOptionIds: chosenOf(facts, shippingOptions),
  };
}

/** The shop in what `basketColumns` selected. */
export function shopFrom(row: BasketRow): BasketShop {
  const facts = row.basket_facts as FactsJson; // the text above builds exactly this
  const settings = <Group extends KnownGroup>(group: Group) => settingsFrom(group, facts.settings[group] ?? {});
  const { country, currency, timezone } = facts.company;
  return {
    country,
    currency,
    timezone,
    settings,
    get currencies() {
      return [...new Set([currency, ...settings('general').currencies])];
    },
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
function companyPlace({ company }: FactsJson, { address }: Settings<'general'>): Place {
  if (address?.country !== company.country) return { country: company.country };
  return { country: company.country, region: address.region, postcode: address.postcode };
}

const placeJson = (which: 'ship' | 'bill') =>
  `json_build_object('country', basket.${which}_country, 'region', basket.${which}_region, 'postcode', basket.${which}_postcode)`;

const companyJson = (company: string) =>
  `(select json_build_object('country', shop.country, 'currency', shop.currency, 'timezone', shop.timezone)
      from companies shop where shop.company_id = ${company})`;

/** Only groups that somebody changed have rows. */
const settingsJson = (company: string) =>
  `(select coalesce(json_object_agg(setting."group", setting.overrides), '{}') from company_settings setting
      where setting.company_id = ${company} and setting."group" in ('${GROUPS.join("', '")}'))`;

const customerJson = (company: string) =>
  `case when basket.customer_id is not null then (select json_build_object('id', buyer.id,
      'isTaxExempt', buyer.is_tax_exempt, 'groupIds', (select coalesce(json_agg(member.group_id order by member.group_id), '[]')
        from customer_group_members member where member.company_id = ${company} and member.customer_id = buyer.id))
      from customers buyer where buyer.company_id = ${company} and buyer.id = basket.customer_id) end`;

/** Which of the places counts is the settings' word; there are few rates in each of them. */
const taxCountries = (company: string) =>
  `any(array[basket.ship_country, basket.bill_country,
      (select shop.country from companies shop where shop.company_id = ${company})])`;
