import type { SettingGroup, Settings } from '../../company/settings/setting-groups.ts';
import { settingsFrom } from '../../company/settings/settings.service.ts';
import { ownVersionText } from '../../kernel/catalogue-version-reader.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import { VersionMemory } from '../../kernel/version-memory.ts';
import { defaultProfileText, shippingOptionsJson, shippingOptionsOf } from '../shipping/shipping-facts.service.ts';
import type { ShippingOptionFacts } from '../shipping/shipping-facts.ts';
import { taxRatesJson, taxRatesOf } from '../tax/tax-facts.service.ts';
import type { TaxRateFacts } from '../tax/tax-facts.ts';

/** What a statement says of the shop. */
export interface BasketShop {
  readonly country: string;
  readonly currency: Currency;
  /** All it sells in, its own first. */
  readonly currencies: readonly Currency[];
  readonly timezone: string;
  /** Values of a group of settings, read with the rest: general, checkout, payment, shipping, tax, inventory, notification, orders, privacy, storefront. */
  settings<Group extends KnownGroup>(group: Group): Settings<Group>;
}

/** What totals depend on and only staff change: the same for every basket in a currency that goes to the same places. */
export interface ShopFacts {
  readonly shop: BasketShop;
  readonly taxRates: readonly TaxRateFacts[];
  readonly shippingOptions: readonly ShippingOptionFacts[];
  /** Of products that were put into no profile. Null: there is none. */
  readonly defaultProfileId: Id<'shp'> | null;
}

/** For which baskets facts of a shop were read. */
export interface ShopAsked {
  readonly currency: Currency;
  /** Where it goes, and where the bill goes; null: not known yet. */
  readonly shipCountry: string | null;
  readonly billCountry: string | null;
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

/** As `shopPairs` builds it. */
export interface ShopJson {
  company: { country: string; currency: Currency; timezone: string };
  settings: Partial<Record<KnownGroup, Record<string, unknown>>>;
  taxRates: unknown;
  shippingOptions: unknown;
  defaultProfileId: Id<'shp'> | null;
}

const companyJson = (company: string) =>
  `(select json_build_object('country', shop.country, 'currency', shop.currency, 'timezone', shop.timezone)
      from companies shop where shop.company_id = ${company})`;

/** Only groups that somebody changed have rows. */
const settingsJson = (company: string) =>
  `(select coalesce(json_object_agg(setting."group", setting.overrides), '{}') from company_settings setting
      where setting.company_id = ${company} and setting."group" in ('${GROUPS.join("', '")}'))`;

/** Which of the places counts is the settings' word; there are few rates in each of them. */
const taxCountries = (company: string) =>
  `any(array[basket.ship_country, basket.bill_country,
      (select shop.country from companies shop where shop.company_id = ${company})])`;

/** SQL: names and values of `json_build_object`, of a row `basket` with currency, ship_country and bill_country. */
export const shopPairs = (company: string): string => `'company', ${companyJson(company)},
    'settings', ${settingsJson(company)},
    'taxRates', ${taxRatesJson({ company, country: taxCountries(company) })},
    'shippingOptions', ${shippingOptionsJson({ company, currency: 'basket.currency', country: 'basket.ship_country' })},
    'defaultProfileId', ${defaultProfileText(company)}`;

/** The facts in what `shopPairs` gave. Settings are parsed when they are first asked for. */
export function shopFactsOf(json: ShopJson): ShopFacts {
  const { country, currency, timezone } = json.company;
  const parsed = new Map<KnownGroup, unknown>();
  const settings = <Group extends KnownGroup>(group: Group): Settings<Group> => {
    const known = parsed.get(group) ?? settingsFrom(group, json.settings[group] ?? {});
    parsed.set(group, known);
    return known as Settings<Group>; // put there under its group
  };
  const shop: BasketShop = {
    country,
    currency,
    timezone,
    settings,
    get currencies() {
      return [...new Set([currency, ...settings('general').currencies])];
    },
  };
  return {
    shop,
    taxRates: taxRatesOf(json.taxRates),
    shippingOptions: shippingOptionsOf(json.shippingOptions),
    defaultProfileId: json.defaultProfileId,
  };
}

/** Tax rates and shipping options (each with its areas and rates) that a process remembers, of all companies together. */
const REMEMBERED_MAX = 50_000;

function weightOf({ taxRates, shippingOptions }: ShopFacts): number {
  return (
    1 + taxRates.length + shippingOptions.reduce((sum, { areas, rates }) => sum + 1 + areas.length + rates.length, 0)
  );
}

const memory = new VersionMemory<ShopFacts>(REMEMBERED_MAX, weightOf);

const keyOf = (ctx: Ctx, { currency, shipCountry, billCountry }: ShopAsked) =>
  `${ctx.companyId}|${currency}|${shipCountry ?? ''}|${billCountry ?? ''}`;

/** The facts of a shop as they were at a catalogue version, out of this process's memory. Undefined: not remembered. */
export const rememberedShop = (ctx: Ctx, asked: ShopAsked, version: number): ShopFacts | undefined =>
  memory.find(ctx, keyOf(ctx, asked), version);

/** Reads the facts and the version that holds for them, in one statement, and remembers them. Throws `NotFound`. */
export async function readShop(ctx: Ctx, asked: ShopAsked): Promise<{ facts: ShopFacts; version: number }> {
  const [row] = await runText<{ facts: ShopJson; version: number }, Name>(ctx, READ, {
    company: ctx.companyId,
    ...asked,
  });
  if (!row?.facts.company) throw new NotFound('company');
  const facts = shopFactsOf(row.facts);
  memory.keep(ctx, keyOf(ctx, asked), row.version, facts);
  return { facts, version: row.version };
}

type Name = 'company' | keyof ShopAsked;

/** `offset 0` makes plain columns of the values: behind row security a condition on anything else would use no index. */
const READ: TextStatement<Name> = {
  text: `select ${ownVersionText('$1::text')} as version, json_build_object(${shopPairs('$1::text')}) as facts
    from (select $2::text as currency, $3::text as ship_country, $4::text as bill_country offset 0) basket`,
  names: ['company', 'currency', 'shipCountry', 'billCountry'],
};
