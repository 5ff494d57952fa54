import { eq, isNull, ne, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { violates } from '../../kernel/postgres-error.ts';
import { mine } from '../../kernel/tables.ts';
import { foldKey } from '../../kernel/text.ts';
import { regionKeyOf } from './regions.ts';
import { standardRateOf } from './standard-rates.ts';
import {
  type NewTaxRate,
  TAX_RATES_MAX,
  type TaxRatePatch,
  type TaxRatesQuery,
  type TaxRateView,
} from './tax.contract.ts';
import { TaxRateLimitReached, TaxRateTaken } from './tax.errors.ts';
import { taxRateCreated, taxRateDeleted, taxRateUpdated } from './tax.events.ts';
import { taxRates } from './tax.schema.ts';

type TaxRateId = Id<'txr'>;
type TaxRateRow = typeof taxRates.$inferSelect;

/** What a company of this country is born with: its standard rate where that is well known, else nothing. Registration calls this. */
export async function createDefaultTaxRate(ctx: Ctx, country: string): Promise<void> {
  const standard = standardRateOf(country);
  if (!standard) return;
  const rest = { region: null, taxCategory: null, appliesToShipping: true, isActive: true };
  await createTaxRate(ctx, { ...standard, country, ...rest });
}

/** Rates of the company, newest first. */
export async function listTaxRates(ctx: Ctx, { limit, after, country }: TaxRatesQuery): Promise<Page<TaxRateView>> {
  const { where, orderBy } = keyset({ columns: [taxRates.id], direction: 'desc' }, after);
  const rows = await ctx.tx
    .select()
    .from(taxRates)
    .where(mine(ctx, taxRates, where, country === undefined ? undefined : eq(taxRates.country, country)))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(rows, limit, (row) => [row.id], viewOf);
}

/** One rate. Throws `NotFound`. */
export async function getTaxRate(ctx: Ctx, id: TaxRateId): Promise<TaxRateView> {
  const [row] = await ctx.tx
    .select()
    .from(taxRates)
    .where(mine(ctx, taxRates, eq(taxRates.id, id)));
  if (!row) throw new NotFound('tax rate');
  return viewOf(row);
}

/** Makes a rate. Throws `InvalidInput`, `TaxRateTaken`, `TaxRateLimitReached`. */
export async function createTaxRate(ctx: Ctx, input: NewTaxRate): Promise<TaxRateView> {
  const values = { ...input, ...keysOf(input), companyId: ctx.companyId, id: newId('txr') };
  await lockTaxRates(ctx);
  if ((await ctx.tx.$count(taxRates, mine(ctx, taxRates))) >= TAX_RATES_MAX)
    throw new TaxRateLimitReached(TAX_RATES_MAX);
  await refuseSecond(ctx, values);
  const row = await written(ctx.tx.insert(taxRates).values(values).returning());
  const taxRate = viewOf(row);
  ctx.audit({ action: 'tax_rate.created', entity: { type: 'tax_rate', id: row.id }, after: taxRate });
  await emit(ctx, taxRateCreated, { aggregate: { id: row.id, sequence: row.eventSequence }, data: { taxRate } });
  return taxRate;
}

/** Changes a rate; orders keep what they were taxed by. Throws `NotFound`, `VersionStale`, `InvalidInput`, `TaxRateTaken`. */
export async function updateTaxRate(
  ctx: Ctx,
  id: TaxRateId,
  patch: TaxRatePatch,
  expectedVersion?: number,
): Promise<TaxRateView> {
  const before = await lockTaxRate(ctx, id, expectedVersion);
  const keys = { country: before.country, ...patch, ...keysOf({ ...before, ...patch }) };
  await refuseSecond(ctx, { ...keys, id });
  const row = await written(
    ctx.tx
      .update(taxRates)
      .set({
        ...patch,
        ...keysOf({ ...before, ...patch }),
        version: sql`${taxRates.version} + 1`,
        eventSequence: sql`${taxRates.eventSequence} + 1`,
        updatedAt: sql`now()`,
      })
      .where(mine(ctx, taxRates, eq(taxRates.id, id)))
      .returning(),
  );
  const taxRate = viewOf(row);
  ctx.audit({ action: 'tax_rate.updated', entity: { type: 'tax_rate', id }, before: viewOf(before), after: taxRate });
  await emit(ctx, taxRateUpdated, { aggregate: { id, sequence: row.eventSequence }, data: { taxRate } });
  return taxRate;
}

/** Deletes a rate; orders keep what they were taxed by. Throws `NotFound`, `VersionStale`. */
export async function deleteTaxRate(ctx: Ctx, id: TaxRateId, expectedVersion?: number): Promise<void> {
  const row = await lockTaxRate(ctx, id, expectedVersion);
  await ctx.tx.delete(taxRates).where(mine(ctx, taxRates, eq(taxRates.id, id)));
  const taxRate = viewOf(row);
  ctx.audit({ action: 'tax_rate.deleted', entity: { type: 'tax_rate', id }, before: taxRate });
  await emit(ctx, taxRateDeleted, { aggregate: { id, sequence: row.eventSequence + 1 }, data: { taxRate } });
}

async function lockTaxRate(ctx: Ctx, id: TaxRateId, expectedVersion: number | undefined): Promise<TaxRateRow> {
  const [row] = await ctx.tx
    .select()
    .from(taxRates)
    .where(mine(ctx, taxRates, eq(taxRates.id, id)))
    .for('update');
  if (!row) throw new NotFound('tax rate');
  if (expectedVersion !== undefined && expectedVersion !== row.version) throw new VersionStale('tax rate', row.version);
  return row;
}

/** Whoever makes one counts them first: two at once take turns. */
const lockTaxRates = (ctx: Ctx) =>
  ctx.tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`tax_rates|${ctx.companyId}`}, 0))`);

/** Names the rate that is there already; two writes at once are told apart by the unique key. Throws `TaxRateTaken`. */
async function refuseSecond(
  ctx: Ctx,
  { id, country, regionKey, taxCategoryKey }: Pick<TaxRateRow, 'id' | 'country' | 'regionKey' | 'taxCategoryKey'>,
): Promise<void> {
  const isSame = [
    ne(taxRates.id, id),
    eq(taxRates.country, country),
    regionKey === null ? isNull(taxRates.regionKey) : eq(taxRates.regionKey, regionKey),
    taxCategoryKey === null ? isNull(taxRates.taxCategoryKey) : eq(taxRates.taxCategoryKey, taxCategoryKey),
  ];
  const [taken] = await ctx.tx
    .select({ id: taxRates.id })
    .from(taxRates)
    .where(mine(ctx, taxRates, ...isSame));
  if (taken) throw new TaxRateTaken(taken.id);
}

/** What is compared and unique. Throws `InvalidInput` for a region that is none (`US-`). */
function keysOf({ country, region, taxCategory }: Pick<NewTaxRate, 'country' | 'region' | 'taxCategory'>) {
  const regionKey = regionKeyOf(country, region);
  if (region !== null && regionKey === null) {
    const message = 'Expected the code or the name of a region, or null for the whole country.';
    throw new InvalidInput({ pointer: '/region', code: 'no_region', message });
  }
  return { regionKey, taxCategoryKey: taxCategory === null ? null : foldKey(taxCategory) };
}

async function written(write: Promise<TaxRateRow[]>): Promise<TaxRateRow> {
  try {
    const [row] = await write;
    if (!row) throw new Error('The write gave no row back');
    return row;
  } catch (error) {
    throw violates(error, 'tax_rates_place') ? new TaxRateTaken(undefined) : error;
  }
}

function viewOf(row: TaxRateRow): TaxRateView {
  const { companyId: _, eventSequence: __, regionKey: ___, taxCategoryKey: ____, ...shown } = row;
  return shown;
}
