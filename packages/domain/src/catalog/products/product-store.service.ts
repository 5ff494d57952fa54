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
  await putAll(ctx, productMedia, ['id'], plans, 'media');
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

/**
 * Rows of new products are inserted, those of others inserted or overwritten: to look for a row that cannot be there
 * costs PostgreSQL nearly as much as to insert it.
 */
async function putAll<Part extends keyof Changes, T extends Parameters<typeof upsertAll>[1]>(
  ctx: Ctx,
  table: T,
  key: Parameters<typeof upsertAll<T>>[2],
  plans: readonly WritePlan[],
  part: Part & (Changes[Part]['set'] extends Parameters<typeof upsertAll<T>>[3] ? Part : never),
): Promise<void> {
  // `part` has been held to the table's rows by its type.
  const rowsOf = (some: readonly WritePlan[]) => all(some, part).set as Parameters<typeof upsertAll<T>>[3];
  const [fresh, known] = parted(plans);
  await Promise.all([insertAll(ctx, table, rowsOf(fresh)), upsertAll(ctx, table, key, rowsOf(known))]);
}

/** Plans of new products, and of those that are there. */
function parted(plans: readonly WritePlan[]): [WritePlan[], WritePlan[]] {
  return [plans.filter(({ before }) => !before), plans.filter(({ before }) => before)];
}

async function storeProducts(ctx: Ctx, plans: readonly WritePlan[]): Promise<void> {
  const rowOf = ({ after }: WritePlan) => ({
    ...productRow(after.id, after),
    version: after.version,
    eventSequence: after.eventSequence,
    createdAt: after.createdAt,
    updatedAt: after.updatedAt,
  });
  const [fresh, known] = parted(plans);
  await insertAll(ctx, products, sorted(fresh.map(rowOf), 'id'));
  await upsertAll(ctx, products, ['id'], sorted(known.map(rowOf), 'id'), ['createdAt']);
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
  const rowsOf = (some: readonly WritePlan[]) => all(some, 'variants').set.map((row) => ({ ...row, updatedAt: now }));
  const [fresh, known] = parted(plans);
  await upsertAll(ctx, productVariants, ['id'], rowsOf(known));
  await insertAll(ctx, productVariants, rowsOf(fresh));
  const [options, components] = [all(plans, 'variantOptions'), all(plans, 'components')];
  await Promise.all([
    deleteAll(ctx, variantOptions, ['variantId', 'nameKey'], options.gone),
    deleteAll(ctx, bundleComponents, ['bundleVariantId', 'componentVariantId'], components.gone),
  ]);
  await Promise.all([
    putAll(ctx, variantOptions, ['variantId', 'nameKey'], plans, 'variantOptions'),
    putAll(ctx, bundleComponents, ['bundleVariantId', 'componentVariantId'], plans, 'components'),
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
    putAll(ctx, productCategories, ['productId', 'categoryId'], plans, 'categories'),
    putAll(ctx, productTags, ['productId', 'tagKey'], plans, 'tags'),
    putAll(ctx, productTranslations, ['productId', 'locale'], plans, 'translations'),
    putAll(ctx, productAttributes, ['productId', 'definitionId'], plans, 'attributes'),
    putAll(ctx, productSearchDocuments, ['productId'], plans, 'search'),
  ]);
}

const sorted = <Row>(rows: readonly Row[], name: keyof Row): Row[] =>
  [...rows].sort((a, b) => (a[name] < b[name] ? -1 : 1));
