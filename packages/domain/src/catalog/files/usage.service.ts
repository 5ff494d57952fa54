import { lte, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { mine } from '../../kernel/tables.ts';
import { fileSettings } from './file-settings.ts';
import { FileQuotaSpent } from './files.errors.ts';
import { fileUsage } from './files.schema.ts';

/** How much a company keeps, and may keep. */
export interface Usage {
  usedBytes: number;
  quotaBytes: number;
}

/** What is used and allowed now. */
export async function usageOf(ctx: Ctx): Promise<Usage> {
  const [row] = await ctx.tx.select().from(fileUsage).where(mine(ctx, fileUsage));
  return { usedBytes: row?.usedBytes ?? 0, quotaBytes: row?.quotaBytes ?? fileSettings().quotaBytes };
}

/** Takes the company's usage for this transaction: what is decided by it (room, or that bytes are here already) stays so. */
export async function lockUsage(ctx: Ctx): Promise<void> {
  await ctx.tx.insert(fileUsage).values({ companyId: ctx.companyId }).onConflictDoNothing();
  await ctx.tx.select({ used: fileUsage.usedBytes }).from(fileUsage).where(mine(ctx, fileUsage)).for('update');
}

/** Makes room for so many bytes more. One conditional update: of two at once that need the last room, one gets it. Throws `FileQuotaSpent`. */
export async function takeRoom(ctx: Ctx, bytes: number): Promise<void> {
  await ctx.tx.insert(fileUsage).values({ companyId: ctx.companyId }).onConflictDoNothing();
  const after = sql`${fileUsage.usedBytes} + ${bytes}::bigint`;
  const quota = sql`coalesce(${fileUsage.quotaBytes}, ${fileSettings().quotaBytes}::bigint)`;
  const taken = await ctx.tx
    .update(fileUsage)
    .set({ usedBytes: after })
    .where(mine(ctx, fileUsage, lte(after, quota)))
    .returning({ usedBytes: fileUsage.usedBytes });
  if (taken.length > 0) return;
  const { usedBytes, quotaBytes } = await usageOf(ctx);
  throw new FileQuotaSpent(usedBytes, quotaBytes);
}

/** Gives room back. */
export async function giveRoom(ctx: Ctx, bytes: number): Promise<void> {
  if (bytes === 0) return;
  await ctx.tx
    .update(fileUsage)
    .set({ usedBytes: sql`greatest(0, ${fileUsage.usedBytes} - ${bytes}::bigint)` })
    .where(mine(ctx, fileUsage));
}
