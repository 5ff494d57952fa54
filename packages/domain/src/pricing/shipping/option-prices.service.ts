import { asc, eq } from 'drizzle-orm';
import { insertAll, isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { toView } from '../../kernel/money.ts';
import { mine } from '../../kernel/tables.ts';
import type { FreeOver, ShippingRate } from './options.contract.ts';
import { shippingFreeOver, shippingRates } from './shipping.schema.ts';

type OptionId = Id<'sho'>;

/** What an option costs, as its view shows it: by currency, then by step. */
export interface Priced {
  rates: ShippingRate[];
  freeOver: FreeOver[];
}

/** Options with their prices, in two statements for all of them. */
export async function withPrices<Row extends { id: OptionId }>(
  ctx: Ctx,
  rows: readonly Row[],
): Promise<(Row & Priced)[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const rates = await ctx.tx
    .select()
    .from(shippingRates)
    .where(mine(ctx, shippingRates, isAnyOf(shippingRates.optionId, ids)))
    .orderBy(asc(shippingRates.optionId), asc(shippingRates.currency), asc(shippingRates.fromStep));
  const freeOver = await ctx.tx
    .select()
    .from(shippingFreeOver)
    .where(mine(ctx, shippingFreeOver, isAnyOf(shippingFreeOver.optionId, ids)))
    .orderBy(asc(shippingFreeOver.optionId), asc(shippingFreeOver.currency));
  const pricesOf = new Map<OptionId, Priced>(ids.map((id) => [id, { rates: [], freeOver: [] }]));
  for (const rate of rates)
    pricesOf.get(rate.optionId)?.rates.push({ from: Number(rate.fromStep), price: moneyOf(rate) });
  for (const free of freeOver) pricesOf.get(free.optionId)?.freeOver.push(moneyOf(free));
  return rows.map((row) => ({ ...row, ...(pricesOf.get(row.id) ?? { rates: [], freeOver: [] }) }));
}

/** Writes the prices that are given in place of those there were, and gives all there are then. */
export async function replacePrices(
  ctx: Ctx,
  optionId: OptionId,
  given: { rates?: readonly ShippingRate[] | undefined; freeOver?: readonly FreeOver[] | undefined },
  before: Priced = { rates: [], freeOver: [] },
): Promise<Priced> {
  if (given.rates) {
    if (before.rates.length > 0) await deleteRates(ctx, optionId);
    await insertRates(ctx, optionId, given.rates);
  }
  if (given.freeOver) {
    if (before.freeOver.length > 0) await deleteFreeOver(ctx, optionId);
    await insertFreeOver(ctx, optionId, given.freeOver);
  }
  return {
    rates: given.rates?.toSorted((a, b) => byCurrency(a.price, b.price) || a.from - b.from) ?? before.rates,
    freeOver: given.freeOver?.toSorted(byCurrency) ?? before.freeOver,
  };
}

/** Deletes all prices of an option. */
export async function deletePrices(ctx: Ctx, optionId: OptionId): Promise<void> {
  await deleteRates(ctx, optionId);
  await deleteFreeOver(ctx, optionId);
}

const deleteRates = (ctx: Ctx, optionId: OptionId) =>
  ctx.tx.delete(shippingRates).where(mine(ctx, shippingRates, eq(shippingRates.optionId, optionId)));

const deleteFreeOver = (ctx: Ctx, optionId: OptionId) =>
  ctx.tx.delete(shippingFreeOver).where(mine(ctx, shippingFreeOver, eq(shippingFreeOver.optionId, optionId)));

const insertRates = (ctx: Ctx, optionId: OptionId, rates: readonly ShippingRate[]) =>
  insertAll(
    ctx,
    shippingRates,
    rates.map(({ from, price: { amount, currency } }) => ({
      optionId,
      currency,
      fromStep: BigInt(from),
      amount: BigInt(amount),
    })),
  );

const insertFreeOver = (ctx: Ctx, optionId: OptionId, freeOver: readonly FreeOver[]) =>
  insertAll(
    ctx,
    shippingFreeOver,
    freeOver.map(({ amount, currency }) => ({ optionId, currency, amount: BigInt(amount) })),
  );

const moneyOf = ({ amount, currency }: { amount: bigint; currency: string }) =>
  toView({ amountMinor: amount, currency });

const byCurrency = (a: FreeOver, b: FreeOver) => (a.currency === b.currency ? 0 : a.currency < b.currency ? -1 : 1);
