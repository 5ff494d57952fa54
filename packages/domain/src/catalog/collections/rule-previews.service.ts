import { desc, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { mine } from '../../kernel/tables.ts';
import { products } from '../products/products.schema.ts';
import type { RulePreview, RulePreviewView } from './collections.contract.ts';
import { refuseUnknownCategories } from './collections.service.ts';
import { conditionOf } from './rule-conditions.service.ts';

/** Counted exactly up to here; the same limit as of other counts of this API. */
const COUNT_MAX = 1_000;
const SAMPLE_SIZE = 10;

/** How many products rules would find now, and the newest of them. Throws `InvalidInput` for a category there is not. */
export async function previewRules(ctx: Ctx, { match, rules }: RulePreview): Promise<RulePreviewView> {
  await refuseUnknownCategories(ctx, rules);
  const isFound = mine(ctx, products, conditionOf(match, rules, 'all'));
  const [found] = await ctx.tx.execute<{ count: number }>(
    sql`select count(*)::int as count from (select 1 from ${products} where ${isFound} limit ${COUNT_MAX + 1}) as found`,
  );
  const count = found?.count ?? 0;
  const sample = await ctx.tx
    .select({ id: products.id, handle: products.handle, title: products.title, status: products.status })
    .from(products)
    .where(isFound)
    .orderBy(desc(products.id))
    .limit(SAMPLE_SIZE);
  return { count: count > COUNT_MAX ? '1000+' : count, sample };
}
