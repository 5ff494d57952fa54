import { eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { statement } from '../../kernel/statement.ts';
import { companies } from '../companies/companies.schema.ts';
import { companySettings } from './settings.schema.ts';
import { settingsFrom } from './settings.service.ts';
import type { StoreView } from './store.contract.ts';

type Overrides = Record<string, Record<string, unknown> | undefined>;

/** One round trip: this is the first thing every storefront asks. */
const findStore = statement((tx) =>
  tx
    .select({
      id: companies.companyId,
      name: companies.name,
      handle: companies.handle,
      mode: companies.mode,
      country: companies.country,
      currency: companies.currency,
      timezone: companies.timezone,
      overrides: sql<Overrides>`(select coalesce(jsonb_object_agg(s."group", s.overrides), '{}') from ${companySettings} s
        where s.company_id = ${companies.companyId} and s."group" in ('general', 'branding', 'storefront'))`,
    })
    .from(companies)
    .where(eq(companies.companyId, sql.placeholder('companyId'))),
);

/** The shop as its visitors see it. Throws `NotFound` when the company is not there. */
export async function showStore(ctx: Ctx): Promise<StoreView> {
  const [row] = await findStore(ctx, { companyId: ctx.companyId });
  if (!row) throw new NotFound('store');
  const { overrides, ...about } = row;
  const { currencies, locale, locales } = settingsFrom('general', overrides['general'] ?? {});
  const branding = settingsFrom('branding', overrides['branding'] ?? {});
  const { url } = settingsFrom('storefront', overrides['storefront'] ?? {});
  // Its own is one of those it sells in, and comes first.
  const sold = [...new Set([about.currency, ...currencies])];
  return { ...about, currencies: sold, locale, locales, branding, url };
}
