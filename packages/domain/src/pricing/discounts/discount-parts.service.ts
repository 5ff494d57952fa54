import { sql } from 'drizzle-orm';
import { insertAll } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type FieldFault, InvalidInput } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import type { DiscountTarget } from './discount-facts.ts';
import type { DiscountView } from './discounts.contract.ts';
import { discountAmounts, discountGroups, discountTargets } from './discounts.schema.ts';

/** What a discount has in tables of its own. */
export type DiscountParts = Pick<DiscountView, 'amounts' | 'targets' | 'buy'> & {
  readonly customerGroupIds: readonly string[];
};

type Role = 'for' | 'buy';

/** Goods named twice count once. */
const targetsOf = ({ targets, buy }: DiscountParts) => {
  const rows = [...targets.map(rowOf('for')), ...(buy?.targets ?? []).map(rowOf('buy'))];
  return [...new Map(rows.map((row) => [`${row.role}|${row.refId}`, row])).values()];
};
const rowOf =
  (role: Role) =>
  ({ type, id }: DiscountTarget) => ({ role, type, refId: id });

/** Writes the parts of a discount that has none, a statement for each table. */
export async function insertParts(ctx: Ctx, discountId: Id<'dis'>, parts: DiscountParts): Promise<void> {
  const amounts = parts.amounts.map(({ currency, amount, subtotalMin, amountMax }) => ({
    discountId,
    currency,
    amount: bigintOf(amount),
    subtotalMin: bigintOf(subtotalMin),
    amountMax: bigintOf(amountMax),
  }));
  await insertAll(ctx, discountAmounts, amounts);
  await insertAll(
    ctx,
    discountTargets,
    targetsOf(parts).map((row) => ({ discountId, ...row })),
  );
  // The contract has proved the form of the ids.
  const groups = [...new Set(parts.customerGroupIds)].map((id) => ({ discountId, groupId: id as Id<'cgr'> }));
  await insertAll(ctx, discountGroups, groups);
}

/** Writes the parts anew. */
export async function replaceParts(ctx: Ctx, discountId: Id<'dis'>, parts: DiscountParts): Promise<void> {
  for (const table of [discountAmounts, discountTargets, discountGroups])
    await ctx.tx.delete(table).where(mine(ctx, table, sql`${table.discountId} = ${discountId}`));
  await insertParts(ctx, discountId, parts);
}

const bigintOf = (amount: number | null) => (amount === null ? null : BigInt(amount));

/** Throws `InvalidInput` for goods and groups there are not. One statement. */
export async function refuseUnknown(ctx: Ctx, { targets, buy, customerGroupIds }: DiscountParts): Promise<void> {
  const asked = [
    ...targets.map(({ type, id }, at) => ({ pointer: `/targets/${at}/id`, type, id })),
    ...(buy?.targets ?? []).map(({ type, id }, at) => ({ pointer: `/buy/targets/${at}/id`, type, id })),
    ...customerGroupIds.map((id, at) => ({ pointer: `/customerGroupIds/${at}`, type: 'customer group', id })),
  ];
  if (asked.length === 0) return;
  const isThere = (table: string) =>
    sql`exists (select from ${sql.identifier(table)} known where known.company_id = ${ctx.companyId} and known.id = g.id)`;
  const missing = await ctx.tx.execute<{ pointer: string; type: string }>(sql`select g.pointer, g.type
    from json_to_recordset(${JSON.stringify(asked)}::text::json) as g(pointer text, type text, id text collate "C")
    where not case g.type when 'product' then ${isThere('products')} when 'variant' then ${isThere('product_variants')}
      when 'collection' then ${isThere('collections')} when 'category' then ${isThere('categories')}
      else ${isThere('customer_groups')} end`);
  const faults = missing.map(({ pointer, type }): FieldFault => {
    const message = `There is no such ${type}. Take it out, or name one there is.`;
    return { pointer, code: `unknown_${type.replace(' ', '_')}`, message };
  });
  const [first, ...others] = faults;
  if (first) throw new InvalidInput(first, ...others);
}
