import { isNotNull } from 'drizzle-orm';
import { deleteAll, insertAll, isAnyOf, upsertAll } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { mine } from '../../kernel/tables.ts';
import {
  productAttributes,
  productCategories,
  productSearchDocuments,
  productTags,
  productTranslations,
} from './product-details.schema.ts';
import { optionRows, optionValueRows, productRow } from './product-rows.ts';
import { productHandles, productMedia, productOptions, productOptionValues, products } from './products.schema.ts';
import { bundleComponents, productVariants, variantOptions } from './variants.schema.ts';
import type { WritePlan } from './write-plan.ts';

/** Writes what the plans say: at most one statement per table and kind of change, however many products there are. */
export async function storePlans(ctx: Ctx, plans: readonly WritePlan[]): Promise<void> {
  if (plans.length === 0) return;
  await storeProducts(ctx, plans);
  await storeHandles(ctx, plans);
  await storeOptions(ctx, plans);
  await upsertAll(ctx, productMedia, ['id'], all(plans, 'media').set);
  await storeVariants(ctx, plans);
  await dropMedia(ctx, plans);
  await storeDetails(ctx, plans);
}

type Changes = WritePlan['changes'];

function all<Part extends keyof Changes>(plans: readonly WritePlan[], part: Part): Changes[Part] {
  const changes = plans.map((plan) => plan.changes[part]);
  // Of one part's rows each: TypeScript does not see that the lists it flattens are of the same part.
  return {
    gone: changes.flatMap(({ gone }) => gone as object[]),
    set: changes.flatMap(({ set }) => set as object[]),
  } as unknown as Changes[Part];
}

async function storeProducts(ctx: Ctx, plans: readonly WritePlan[]): Promise<void> {
  const rows = plans.map(({ after }) => ({
    ...productRow(after.id, after),
    version: after.version,
    eventSequence: after.eventSequence,
    createdAt: after.createdAt,
    updatedAt: after.updatedAt,
  }));
  await upsertAll(ctx, products, ['id'], sorted(rows, 'id'), ['createdAt']);
}

/** A handle stays with its product when that takes another one, until a product takes it as its present one. */
async function storeHandles(ctx: Ctx, plans: readonly WritePlan[]): Promise<void> {
  const rows = plans
    .filter(({ before, after }) => before?.handle !== after.handle)
    .map(({ after }) => ({ handle: after.handle, productId: after.id }));
  await upsertAll(ctx, productHandles, ['handle'], sorted(rows, 'handle'));
}

/** Options change places with each other and are few: where anything about them changed, all are written anew. */
async function storeOptions(ctx: Ctx, plans: readonly WritePlan[]): Promise<void> {
  const changed = plans.filter(({ changes: { options, optionValues } }) =>
    [options, optionValues].some(({ gone, set }) => gone.length > 0 || set.length > 0),
  );
  const known = changed.flatMap(({ before }) => (before && before.options.length > 0 ? [before.id] : []));
  if (known.length > 0) {
    await ctx.tx
      .delete(productOptionValues)
      .where(mine(ctx, productOptionValues, isAnyOf(productOptionValues.productId, known)));
    await ctx.tx.delete(productOptions).where(mine(ctx, productOptions, isAnyOf(productOptions.productId, known)));
  }
  const options = changed.flatMap(({ after }) => optionRows(after.id, after));
  await insertAll(ctx, productOptions, options);
  const values = changed.flatMap(({ after }) => optionValueRows(after.id, after));
  await insertAll(ctx, productOptionValues, values);
}

/**
 * First those that give up a SKU or a choice of options leave the unique indexes, then all are written as they are to
 * be: so two variants can swap.
 */
async function storeVariants(ctx: Ctx, plans: readonly WritePlan[]): Promise<void> {
  const parked = plans.flatMap((plan) => plan.parked);
  const now = ctx.now.toISOString();
  if (parked.length > 0)
    await ctx.tx
      .update(productVariants)
      .set({ archivedAt: now, skuKey: null, updatedAt: now })
      .where(mine(ctx, productVariants, isAnyOf(productVariants.id, parked)));
  const rows = all(plans, 'variants').set.map((row) => ({ ...row, updatedAt: now }));
  await upsertAll(ctx, productVariants, ['id'], rows);
  const [options, components] = [all(plans, 'variantOptions'), all(plans, 'components')];
  await Promise.all([
    deleteAll(ctx, variantOptions, ['variantId', 'nameKey'], options.gone),
    deleteAll(ctx, bundleComponents, ['bundleVariantId', 'componentVariantId'], components.gone),
  ]);
  await Promise.all([
    upsertAll(ctx, variantOptions, ['variantId', 'nameKey'], options.set),
    upsertAll(ctx, bundleComponents, ['bundleVariantId', 'componentVariantId'], components.set),
  ]);
}

async function dropMedia(ctx: Ctx, plans: readonly WritePlan[]): Promise<void> {
  const { gone } = all(plans, 'media');
  if (gone.length === 0) return;
  const { mediumId, archivedAt } = productVariants;
  // Those for sale have been given other pictures by now.
  const shown = isAnyOf(
    mediumId,
    gone.map(({ id }) => id),
  );
  await ctx.tx
    .update(productVariants)
    .set({ mediumId: null })
    .where(mine(ctx, productVariants, shown, isNotNull(archivedAt)));
  await deleteAll(ctx, productMedia, ['id'], gone);
}

async function storeDetails(ctx: Ctx, plans: readonly WritePlan[]): Promise<void> {
  const [categories, tags] = [all(plans, 'categories'), all(plans, 'tags')];
  const [translations, attributes] = [all(plans, 'translations'), all(plans, 'attributes')];
  await Promise.all([
    deleteAll(ctx, productCategories, ['productId', 'categoryId'], categories.gone),
    deleteAll(ctx, productTags, ['productId', 'tagKey'], tags.gone),
    deleteAll(ctx, productTranslations, ['productId', 'locale'], translations.gone),
    deleteAll(ctx, productAttributes, ['productId', 'definitionId'], attributes.gone),
  ]);
  await Promise.all([
    upsertAll(ctx, productCategories, ['productId', 'categoryId'], categories.set),
    upsertAll(ctx, productTags, ['productId', 'tagKey'], tags.set),
    upsertAll(ctx, productTranslations, ['productId', 'locale'], translations.set),
    upsertAll(ctx, productAttributes, ['productId', 'definitionId'], attributes.set),
    upsertAll(ctx, productSearchDocuments, ['productId'], all(plans, 'search').set),
  ]);
}

const sorted = <Row>(rows: readonly Row[], name: keyof Row): Row[] =>
  [...rows].sort((a, b) => (a[name] < b[name] ? -1 : 1));
