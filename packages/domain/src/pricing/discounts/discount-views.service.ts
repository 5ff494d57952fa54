import { asc, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import type { DiscountClass } from './discount-facts.ts';
import { CODES_SHOWN_MAX, type DiscountView } from './discounts.contract.ts';
import { discountAmounts, discountGroups, type discounts, discountTargets } from './discounts.schema.ts';

export type DiscountRow = typeof discounts.$inferSelect;

/** Discounts whole, in the order of their rows: four statements, however many they are. */
export async function viewsOf(ctx: Ctx, rows: readonly DiscountRow[]): Promise<DiscountView[]> {
  if (rows.length === 0) return [];
  const parts = await partsOf(
    ctx,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => viewOf(row, parts));
}

/** One discount whole. */
export async function viewOfOne(ctx: Ctx, row: DiscountRow): Promise<DiscountView> {
  return viewOf(row, await partsOf(ctx, [row.id]));
}

type Parts = Awaited<ReturnType<typeof partsOf>>;

async function partsOf(ctx: Ctx, ids: readonly Id<'dis'>[]) {
  const of = <T extends typeof discountAmounts | typeof discountTargets | typeof discountGroups>(table: T) =>
    mine(ctx, table, isAnyOf(table.discountId, ids));
  const { tx } = ctx;
  const amounts = await tx
    .select()
    .from(discountAmounts)
    .where(of(discountAmounts))
    .orderBy(asc(discountAmounts.currency));
  const targets = await tx
    .select()
    .from(discountTargets)
    .where(of(discountTargets))
    .orderBy(asc(discountTargets.type), asc(discountTargets.refId));
  const groups = await tx.select().from(discountGroups).where(of(discountGroups)).orderBy(asc(discountGroups.groupId));
  const codes = await tx.execute<{ discountId: Id<'dis'>; code: string }>(sql`
    select asked.id as "discountId", shown.code from json_array_elements_text(${JSON.stringify(ids)}::text::json) asked(id)
    cross join lateral (select c.code from discount_codes c
      where c.company_id = ${ctx.companyId} and c.discount_id = asked.id
      order by c.code limit ${CODES_SHOWN_MAX}) shown
    order by shown.code`);
  return { amounts, targets, groups, codes: [...codes] };
}

function viewOf(row: DiscountRow, parts: Parts): DiscountView {
  const { companyId: _company, eventSequence: _sequence, buyQuantity, ...rest } = row;
  const { combinesWithProduct, combinesWithOrder, combinesWithShipping, ...shown } = rest;
  const own = <Part extends { discountId: Id<'dis'> }>(all: readonly Part[]) =>
    all.filter(({ discountId }) => discountId === row.id);
  const targets = (role: 'for' | 'buy') =>
    own(parts.targets).flatMap((target) => (target.role === role ? [{ type: target.type, id: target.refId }] : []));
  const combines: Record<DiscountClass, boolean> = {
    product: combinesWithProduct,
    order: combinesWithOrder,
    shipping: combinesWithShipping,
  };
  return {
    ...shown,
    amounts: own(parts.amounts).map(({ currency, amount, subtotalMin, amountMax }) => ({
      currency,
      amount: numberOf(amount),
      subtotalMin: numberOf(subtotalMin),
      amountMax: numberOf(amountMax),
    })),
    targets: targets('for'),
    buy: buyQuantity === null ? null : { targets: targets('buy'), quantity: buyQuantity },
    customerGroupIds: own(parts.groups).map(({ groupId }) => groupId),
    combinesWith: (['product', 'order', 'shipping'] as const).filter((one) => combines[one]),
    codes: own(parts.codes).map(({ code }) => code),
  };
}

/** The contract lets in nothing above 2^53. */
const numberOf = (amount: bigint | null) => (amount === null ? null : Number(amount));
