import { eq, isNotNull, isNull } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { knownCategories } from '../categories/categories.service.ts';
import { knownPictures } from '../categories/shelf-picture.service.ts';
import type { AttributeRule } from './attribute-values.ts';
import { NO_COMPONENTS } from './draft-rules.ts';
import { attributeDefinitions } from './product-details.schema.ts';
import type { ProductDraft, ProductWrite, StoredProduct } from './product-draft.ts';
import { lockProducts, productIdsByHandle, variantsBySku } from './product-reader.service.ts';
import { skuKeyOf } from './product-rows.ts';
import { type ProductKind, products } from './products.schema.ts';
import type { KnownVariant } from './variant-matching.ts';
import { bundleComponents, productVariants } from './variants.schema.ts';

/** What the tables know that matters to a batch of drafts. Everything of another company is missing in it. */
export interface WriteScene {
  now: Instant;
  stored: ReadonlyMap<Id<'prod'>, StoredProduct>;
  archived: ReadonlyMap<Id<'prod'>, readonly KnownVariant[]>;
  handleOwners: ReadonlyMap<string, Id<'prod'>>;
  skuOwners: ReadonlyMap<string, { variantId: Id<'var'>; productId: Id<'prod'> }>;
  categoryIds: ReadonlySet<Id<'cat'>>;
  /** Pictures. */
  fileIds: ReadonlySet<Id<'file'>>;
  definitions: ReadonlyMap<string, AttributeRule & { id: Id<'attr'> }>;
  /** Variants for sale that drafts name as components, with the product they belong to. */
  components: ReadonlyMap<Id<'var'>, { productId: Id<'prod'>; kind: ProductKind }>;
  /** Those of the products that would be bundles, but are part of one. */
  inBundles: ReadonlySet<Id<'prod'>>;
}

/**
 * Locks the products that are to be written, and with them those that bundles are to consist of: what these are must not
 * change before the bundle is there. Then reads what the drafts refer to. A constant number of statements.
 */
export async function readScene(
  ctx: Ctx,
  writes: readonly ProductWrite[],
  drafts: readonly ProductDraft[],
): Promise<WriteScene> {
  const ids = writes.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const variants = drafts.flatMap((draft) => draft.variants);
  const parts = variants.flatMap((variant) => variant.components.map(({ variantId }) => variantId));
  const owners = [...(await knownComponents(ctx, parts)).values()].map(({ productId }) => productId);
  const stored = await lockProducts(ctx, ids, owners);
  const [archived, handleOwners, skuOwners, categoryIds, fileIds, definitions, components, inBundles] =
    await Promise.all([
      archivedVariants(ctx, [...stored.keys()]),
      productIdsByHandle(
        ctx,
        drafts.map(({ handle }) => handle),
      ),
      variantsBySku(
        ctx,
        variants.flatMap(({ sku }) => sku ?? []),
      ),
      knownCategories(
        ctx,
        drafts.flatMap((draft) => draft.categoryIds),
        'kept',
      ),
      knownPictures(
        ctx,
        drafts.flatMap((draft) => draft.media.map(({ fileId }) => fileId)),
      ),
      knownDefinitions(
        ctx,
        // Those the products have as well: one that is taken off is deleted by its id.
        [...drafts, ...stored.values()].flatMap(({ attributes }) => Object.keys(attributes)),
      ),
      knownComponents(ctx, parts),
      partsOfBundles(ctx, drafts.some(({ kind }) => NO_COMPONENTS.includes(kind)) ? ids : []),
    ]);
  const now = ctx.now.toISOString();
  return { now, stored, archived, handleOwners, skuOwners, categoryIds, fileIds, definitions, components, inBundles };
}

async function archivedVariants(ctx: Ctx, ids: readonly Id<'prod'>[]): Promise<Map<Id<'prod'>, KnownVariant[]>> {
  const known = new Map<Id<'prod'>, KnownVariant[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return known;
  const { id, productId, sku, optionsKey, archivedAt } = productVariants;
  const rows = await ctx.tx
    .select({ id, productId, sku, optionsKey })
    .from(productVariants)
    .where(mine(ctx, productVariants, isAnyOf(productId, ids), isNotNull(archivedAt)))
    .orderBy(id);
  // Archived, it keeps its SKU as a memory only.
  for (const row of rows)
    known.get(row.productId)?.push({
      id: row.id,
      skuKey: skuKeyOf(row.sku),
      optionsKey: row.optionsKey,
      isArchived: true,
    });
  return known;
}

async function knownDefinitions(ctx: Ctx, keys: readonly string[]): Promise<WriteScene['definitions']> {
  if (keys.length === 0) return new Map();
  const { id, key, type, choices } = attributeDefinitions;
  const rows = await ctx.tx
    .select({ id, key, type, choices })
    .from(attributeDefinitions)
    .where(mine(ctx, attributeDefinitions, isAnyOf(key, new Set(keys))))
    .orderBy(id)
    // Whoever takes a choice away meanwhile is waited for: what is read here is what it may be when it is written.
    .for('key share');
  return new Map(rows.map((row) => [row.key, row]));
}

async function knownComponents(ctx: Ctx, ids: readonly Id<'var'>[]): Promise<WriteScene['components']> {
  if (ids.length === 0) return new Map();
  const { id, productId, archivedAt } = productVariants;
  const rows = await ctx.tx
    .select({ id, productId, kind: products.kind })
    .from(productVariants)
    .innerJoin(products, mine(ctx, products, eq(products.id, productId)))
    .where(mine(ctx, productVariants, isAnyOf(id, new Set(ids)), isNull(archivedAt)));
  return new Map(rows.map(({ id: variantId, ...owner }) => [variantId, owner]));
}

async function partsOfBundles(ctx: Ctx, ids: readonly Id<'prod'>[]): Promise<Set<Id<'prod'>>> {
  if (ids.length === 0) return new Set();
  const rows = await ctx.tx
    .selectDistinct({ productId: productVariants.productId })
    .from(bundleComponents)
    .innerJoin(productVariants, mine(ctx, productVariants, eq(productVariants.id, bundleComponents.componentVariantId)))
    .where(mine(ctx, bundleComponents, isAnyOf(productVariants.productId, ids)));
  return new Set(rows.map(({ productId }) => productId));
}
