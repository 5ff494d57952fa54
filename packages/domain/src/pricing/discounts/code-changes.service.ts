import { eq } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { deleteCode, insertCodes, insertRandomCodes, refuseTooManyCodes } from './codes.service.ts';
import { type DiscountRow, viewOfOne } from './discount-views.service.ts';
import type { AddedCodes, CodeBatch, CodesQuery, CodeView, DiscountView } from './discounts.contract.ts';
import { discountCodes } from './discounts.schema.ts';
import { changeRow, getDiscount, lockDiscount } from './discounts.service.ts';

type DiscountId = Id<'dis'>;

/** Codes of a discount in alphabetical order. Throws `NotFound`. */
export async function listCodes(ctx: Ctx, id: DiscountId, { limit, after }: CodesQuery): Promise<Page<CodeView>> {
  const { where, orderBy } = keyset({ columns: [discountCodes.code], direction: 'asc' }, after);
  const rows = await ctx.tx
    .select()
    .from(discountCodes)
    .where(mine(ctx, discountCodes, eq(discountCodes.discountId, id), where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  if (rows.length === 0) await getDiscount(ctx, id);
  return pageFrom(
    rows,
    limit,
    (row) => [row.code],
    ({ code, usageLimit, used, createdAt }) => ({ code, usageLimit, used, createdAt }),
  );
}

/** Adds codes. Throws `NotFound`, `DiscountArchived`, `DiscountCodesTaken`, `DiscountLimitReached`, `InvalidInput`. */
export async function addCodes(ctx: Ctx, id: DiscountId, { codes, usageLimit }: AddedCodes): Promise<DiscountView> {
  const row = await lockForCodes(ctx, id, codes.length);
  const before = await viewOfOne(ctx, row);
  const added = await insertCodes(ctx, id, codes, usageLimit);
  return changeRow(ctx, row, before, { codeCount: row.codeCount + added });
}

/** Makes random codes and gives them. Throws as `addCodes`. */
export async function addRandomCodes(ctx: Ctx, id: DiscountId, batch: CodeBatch): Promise<string[]> {
  const row = await lockForCodes(ctx, id, batch.count);
  const before = await viewOfOne(ctx, row);
  const codes = await insertRandomCodes(ctx, id, batch);
  await changeRow(ctx, row, before, { codeCount: row.codeCount + codes.length });
  return codes;
}

/** Takes a code away: carts that hold it are told it is unknown. Throws `NotFound`, `DiscountArchived`. */
export async function removeCode(ctx: Ctx, id: DiscountId, code: string): Promise<void> {
  const row = await lockDiscount(ctx, id);
  const before = await viewOfOne(ctx, row);
  await deleteCode(ctx, id, code);
  await changeRow(ctx, row, before, { codeCount: row.codeCount - 1 });
}

async function lockForCodes(ctx: Ctx, id: DiscountId, more: number): Promise<DiscountRow> {
  const row = await lockDiscount(ctx, id);
  if (row.method === 'automatic') {
    const message = 'An automatic discount has no codes. Make another one of the method "code".';
    throw new InvalidInput({ pointer: '/codes', code: 'not_for_method', message });
  }
  refuseTooManyCodes(row.codeCount, more);
  return row;
}
