import { sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { FieldFault } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { violates } from '../../kernel/postgres-error.ts';
import { mine } from '../../kernel/tables.ts';
import { settledDraft } from './draft-rules.ts';
import type { ProductWrite, ProductWritten } from './product-draft.ts';
import { storePlans } from './product-store.service.ts';
import { HandleTaken, SkuTaken } from './products.errors.ts';
import { products } from './products.schema.ts';
import { type Claims, type Planned, planWrite } from './write-plan.ts';
import { readScene } from './write-scene.service.ts';

/**
 * Writes products, new ones and those there are, in a number of statements that does not depend on how many there are.
 * What is the same already is not written and keeps its version. What is wrong with one comes back as its refusal and
 * does not hold up the others; pointers lead into its draft. The answers stand in the order of `writes`.
 *
 * A handle or SKU that another product has at the beginning of the batch is refused, also where that product would give
 * it up later in the batch. Throws `NotFound`, `VersionStale`, and (against another transaction) `HandleTaken`, `SkuTaken`.
 */
export async function writeProducts(ctx: Ctx, writes: readonly ProductWrite[]): Promise<ProductWritten[]> {
  const settled = writes.map(({ draft }) => settledDraft(draft));
  const drafts = settled.flatMap((one) => ('draft' in one ? [one.draft] : []));
  const scene = await readScene(ctx, writes, drafts);
  const claims: Claims = {
    ids: new Set(),
    handles: new Set(),
    skus: new Set(),
    kinds: new Map(writes.flatMap(({ id, draft }) => (id === undefined ? [] : [[id, draft.kind]]))),
  };
  const planned = writes.map((write, at): Planned => {
    const one = settled[at];
    if (!one) throw new Error('Every write has been settled');
    return 'draft' in one ? planWrite(scene, claims, write, one.draft) : { faults: asRefusal(one.faults) };
  });
  const changed = planned.flatMap((plan) => ('isChanged' in plan && plan.isChanged ? [plan] : []));
  try {
    await storePlans(ctx, changed);
  } catch (error) {
    if (violates(error, 'products_handle')) throw new HandleTaken();
    throw violates(error, 'product_variants_sku') ? new SkuTaken() : error;
  }
  if (changed.length > 0) ctx.catalogueChanged();
  return planned.map(writtenOf);
}

/**
 * Raises the version and the event sequence of products whose prices changed and which are otherwise the same: who read
 * them before has not seen them as they are. Their rows must be locked.
 */
export async function raiseVersions(
  ctx: Ctx,
  ids: readonly Id<'prod'>[],
): Promise<Map<Id<'prod'>, { version: number; eventSequence: number; updatedAt: string }>> {
  if (ids.length === 0) return new Map();
  const { id, version, eventSequence, updatedAt } = products;
  const rows = await ctx.tx
    .update(products)
    .set({ version: sql`${version} + 1`, eventSequence: sql`${eventSequence} + 1`, updatedAt: ctx.now.toISOString() })
    .where(mine(ctx, products, isAnyOf(id, ids)))
    .returning({ id, version, eventSequence, updatedAt });
  ctx.catalogueChanged();
  return new Map(rows.map(({ id: productId, ...raised }) => [productId, raised]));
}

function writtenOf(plan: Planned): ProductWritten {
  if ('faults' in plan) return { outcome: 'refused', faults: plan.faults };
  const { before, after, variants } = plan;
  if (!before) return { outcome: 'created', product: after, before, variants };
  if (!plan.isChanged) return { outcome: 'unchanged', product: before, before, variants };
  return { outcome: 'updated', product: after, before, variants };
}

function asRefusal([first, ...others]: readonly FieldFault[]): [FieldFault, ...FieldFault[]] {
  if (!first) throw new Error('A refusal says what is wrong');
  return [first, ...others];
}
