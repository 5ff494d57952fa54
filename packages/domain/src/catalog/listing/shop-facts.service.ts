import { eq, sql } from 'drizzle-orm';
import { companies } from '../../company/companies/companies.schema.ts';
import { companySettings } from '../../company/settings/settings.schema.ts';
import { settingsFrom } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { statement } from '../../kernel/statement.ts';
import { type CollectionSort, collections } from '../collections/collections.schema.ts';
import { millisecondsUntil, nextBoundary } from './listing-text.ts';

/** What every read of visitors needs to know of the shop. It changes with the company's catalogue version. */
export interface ShopFacts {
  readonly currency: string;
  /** All it sells in, its own first. */
  readonly currencies: readonly string[];
  readonly locale: string;
  /** All it speaks, its own first. */
  readonly locales: readonly string[];
  /** Whether what is not in stock is sold, unless a variant says otherwise. */
  readonly backorder: boolean;
  /** In which order its collections show their products, by handle. */
  readonly collectionSorts: ReadonlyMap<string, CollectionSort>;
  /** Until a price, a product or a collection begins or ends by itself; null: not in sight. */
  readonly boundaryInMs: number | null;
}

/** Collections beyond these show the newest first where the visitor asks for no order. */
const COLLECTIONS_KNOWN_MAX = 2_000;

type Overrides = Record<string, Record<string, unknown> | undefined>;

const findFacts = statement((tx) =>
  tx
    .select({
      currency: companies.currency,
      sorts: sql<Record<string, CollectionSort>>`(select coalesce(jsonb_object_agg(c.handle, c.sort), '{}') from (
        select k.handle, k.sort from ${collections} k where k.company_id = ${companies.companyId} and k.sort <> 'newest'
        limit ${sql.raw(String(COLLECTIONS_KNOWN_MAX))}) c)`,
      boundaryInMs: sql<number | null>`${sql.raw(millisecondsUntil(`least(${nextBoundary('companies.company_id')})`))}`,
      overrides: sql<Overrides>`(select coalesce(jsonb_object_agg(s."group", s.overrides), '{}') from ${companySettings} s
        where s.company_id = ${companies.companyId} and s."group" in ('general', 'inventory'))`,
    })
    .from(companies)
    .where(eq(companies.companyId, sql.placeholder('companyId'))),
);

/** Reads the facts. Throws `NotFound` when the company is not there. */
export async function readShopFacts(ctx: Ctx): Promise<ShopFacts> {
  const [row] = await findFacts(ctx, { companyId: ctx.companyId });
  if (!row) throw new NotFound('store');
  const { currencies, locale, locales } = settingsFrom('general', row.overrides['general'] ?? {});
  const { backorder } = settingsFrom('inventory', row.overrides['inventory'] ?? {});
  return {
    currency: row.currency,
    currencies: [...new Set([row.currency, ...currencies])],
    locale,
    locales: [...new Set([locale, ...locales])],
    backorder,
    collectionSorts: new Map(Object.entries(row.sorts)),
    boundaryInMs: row.boundaryInMs,
  };
}

/** The currency asked for, else the shop's own. Throws `InvalidInput` with those there are for one it does not sell in. */
export function currencyFor(facts: ShopFacts, asked: string | undefined): string {
  if (asked === undefined) return facts.currency;
  if (facts.currencies.includes(asked)) return asked;
  const message = `This shop does not sell in ${asked}. Expected one of ${facts.currencies.join(', ')}.`;
  throw new InvalidInput({ pointer: '?currency', code: 'currency_not_sold', message });
}

/**
 * The language to answer in, always one the shop speaks: the one asked for; where none was, the first of `Accept-Language`;
 * else its own. A language stands for its regions and the other way round (`fr` for `fr-CA`) where the very one is not there.
 */
export function localeFor(facts: ShopFacts, asked: string | undefined, acceptLanguage: string | undefined): string {
  if (asked !== undefined) {
    const [canonical = asked] = Intl.getCanonicalLocales(asked);
    return spoken(facts, canonical) ?? facts.locale;
  }
  if (facts.locales.length === 1) return facts.locale;
  for (const tag of preferred(acceptLanguage)) {
    const found = spoken(facts, tag);
    if (found !== undefined) return found;
  }
  return facts.locale;
}

const languageOf = (tag: string) => tag.split('-')[0]?.toLowerCase();

function spoken({ locales }: ShopFacts, tag: string): string | undefined {
  const same = locales.find((locale) => locale.toLowerCase() === tag.toLowerCase());
  return same ?? locales.find((locale) => languageOf(locale) === languageOf(tag));
}

const ACCEPTED_MAX = 10;
const TAG = /^[a-z]{2,8}(?:-[a-z0-9]{1,8}){0,3}$/i;

/** The tags of an Accept-Language (RFC 9110, 12.5.4), the most wanted first. What is not one is left out. */
function preferred(header: string | undefined): string[] {
  if (!header) return [];
  const wanted = header
    .slice(0, 500)
    .split(',', ACCEPTED_MAX)
    .map((part) => {
      const [tag = '', ...rest] = part.split(';').map((word) => word.trim());
      const q = rest.find((word) => word.startsWith('q='));
      return { tag, weight: q ? Number(q.slice(2)) : 1 };
    });
  return wanted
    .filter(({ tag, weight }) => TAG.test(tag) && weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
}
