import { and, eq, gte, isNull, lt, or } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { foldKey } from '../../kernel/text.ts';
import {
  attributeDefinitions,
  productAttributes,
  productCategories,
  productTags,
  productTranslations,
} from './product-details.schema.ts';
import type { MediumDraft, StoredProduct, StoredVariant } from './product-draft.ts';
import { productMedia, productOptions, productOptionValues, products } from './products.schema.ts';
import { bundleComponents, productVariants } from './variants.schema.ts';

type ProductId = Id<'prod'>;
type ProductRow = typeof products.$inferSelect;
type VariantRow = typeof productVariants.$inferSelect;

/**
 * Products as they stand, in a constant number of statements; ids that are not of this company are left out. Variants
 * that were taken off their product are not among them.
 */
export async function readProducts(ctx: Ctx, ids: Iterable<ProductId>): Promise<Map<ProductId, StoredProduct>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const [rows, parts] = await Promise.all([
    ctx.tx
      .select()
      .from(products)
      .where(mine(ctx, products, isAnyOf(products.id, wanted))),
    partsOf(ctx, wanted),
  ]);
  return new Map(rows.map((row) => [row.id, assembled(row, parts)]));
}

/**
 * The same, of products that are about to be written: their rows are locked, in id order, and everything else is read
 * after that. The rows of `others` are locked with them, and not read.
 */
export async function lockProducts(
  ctx: Ctx,
  ids: Iterable<ProductId>,
  others: readonly ProductId[] = [],
): Promise<Map<ProductId, StoredProduct>> {
  const wanted = new Set(ids);
  const locked = [...new Set([...wanted, ...others])].sort();
  if (locked.length === 0) return new Map();
  const rows = await ctx.tx
    .select()
    .from(products)
    .where(mine(ctx, products, isAnyOf(products.id, locked)))
    .orderBy(products.id)
    .for('no key update');
  if (wanted.size === 0) return new Map();
  const parts = await partsOf(ctx, [...wanted]);
  return new Map(rows.flatMap((row) => (wanted.has(row.id) ? [[row.id, assembled(row, parts)] as const] : [])));
}

/** Which products have these handles now. Handles of the past are not looked at. */
export async function productIdsByHandle(ctx: Ctx, handles: Iterable<string>): Promise<Map<string, ProductId>> {
  const wanted = [...new Set(handles)];
  if (wanted.length === 0) return new Map();
  const rows = await ctx.tx
    .select({ handle: products.handle, id: products.id })
    .from(products)
    .where(mine(ctx, products, isAnyOf(products.handle, wanted)));
  return new Map(rows.map(({ handle, id }) => [handle, id]));
}

/** The present handles that are `slug` or begin with it and a dash: those a new product must not take. */
export async function handlesLike(ctx: Ctx, slug: string): Promise<Set<string>> {
  const { handle } = products;
  // `.` is the character after `-`: a range compares by byte and uses the index.
  const numbered = and(gte(handle, `${slug}-`), lt(handle, `${slug}.`));
  const rows = await ctx.tx
    .select({ handle })
    .from(products)
    .where(mine(ctx, products, or(eq(handle, slug), numbered)));
  return new Set(rows.map((row) => row.handle));
}

/** Which variants for sale have these SKUs. The keys of the answer are folded (`foldKey`). */
export async function variantsBySku(
  ctx: Ctx,
  skus: Iterable<string>,
): Promise<Map<string, { variantId: Id<'var'>; productId: ProductId }>> {
  const wanted = [...new Set([...skus].map(foldKey))];
  if (wanted.length === 0) return new Map();
  const { skuKey, id, productId } = productVariants;
  const rows = await ctx.tx
    .select({ skuKey, variantId: id, productId })
    .from(productVariants)
    .where(mine(ctx, productVariants, isAnyOf(skuKey, wanted)));
  return new Map(rows.flatMap(({ skuKey: key, ...variant }) => (key === null ? [] : [[key, variant] as const])));
}

type Parts = Awaited<ReturnType<typeof partsOf>>;

async function partsOf(ctx: Ctx, ids: readonly ProductId[]) {
  const { tx } = ctx;
  const [variants, media, options, values, tags, categories, attributes, translations, components] = await Promise.all([
    tx
      .select()
      .from(productVariants)
      .where(mine(ctx, productVariants, isAnyOf(productVariants.productId, ids), isNull(productVariants.archivedAt)))
      .orderBy(productVariants.productId, productVariants.position),
    tx
      .select()
      .from(productMedia)
      .where(mine(ctx, productMedia, isAnyOf(productMedia.productId, ids)))
      .orderBy(productMedia.productId, productMedia.position),
    tx
      .select()
      .from(productOptions)
      .where(mine(ctx, productOptions, isAnyOf(productOptions.productId, ids)))
      .orderBy(productOptions.productId, productOptions.position),
    tx
      .select()
      .from(productOptionValues)
      .where(mine(ctx, productOptionValues, isAnyOf(productOptionValues.productId, ids)))
      .orderBy(productOptionValues.productId, productOptionValues.optionPosition, productOptionValues.position),
    tx
      .select()
      .from(productTags)
      .where(mine(ctx, productTags, isAnyOf(productTags.productId, ids)))
      .orderBy(productTags.productId, productTags.tagKey),
    tx
      .select()
      .from(productCategories)
      .where(mine(ctx, productCategories, isAnyOf(productCategories.productId, ids)))
      .orderBy(productCategories.productId, productCategories.categoryId),
    attributesOf(ctx, ids),
    tx
      .select()
      .from(productTranslations)
      .where(mine(ctx, productTranslations, isAnyOf(productTranslations.productId, ids)))
      .orderBy(productTranslations.productId, productTranslations.locale),
    componentsOf(ctx, ids),
  ]);
  return {
    variants: groupedBy(variants, ({ productId }) => productId),
    media: groupedBy(media, ({ productId }) => productId),
    options: groupedBy(options, ({ productId }) => productId),
    values: groupedBy(values, ({ productId, optionPosition }) => `${productId} ${optionPosition}`),
    tags: groupedBy(tags, ({ productId }) => productId),
    categories: groupedBy(categories, ({ productId }) => productId),
    attributes: groupedBy(attributes, ({ productId }) => productId),
    translations: groupedBy(translations, ({ productId }) => productId),
    components: groupedBy(components, ({ bundleVariantId }) => bundleVariantId),
  };
}

const attributesOf = (ctx: Ctx, ids: readonly ProductId[]) =>
  ctx.tx
    .select({
      productId: productAttributes.productId,
      key: attributeDefinitions.key,
      value: productAttributes.value,
    })
    .from(productAttributes)
    .innerJoin(
      attributeDefinitions,
      mine(ctx, attributeDefinitions, eq(attributeDefinitions.id, productAttributes.definitionId)),
    )
    .where(mine(ctx, productAttributes, isAnyOf(productAttributes.productId, ids)))
    .orderBy(productAttributes.productId, attributeDefinitions.position, attributeDefinitions.key);

const componentsOf = (ctx: Ctx, ids: readonly ProductId[]) =>
  ctx.tx
    .select({
      bundleVariantId: bundleComponents.bundleVariantId,
      variantId: bundleComponents.componentVariantId,
      quantity: bundleComponents.quantity,
    })
    .from(bundleComponents)
    .innerJoin(productVariants, mine(ctx, productVariants, eq(productVariants.id, bundleComponents.bundleVariantId)))
    .where(mine(ctx, bundleComponents, isAnyOf(productVariants.productId, ids)))
    .orderBy(bundleComponents.bundleVariantId, bundleComponents.position);

function assembled(row: ProductRow, parts: Parts): StoredProduct {
  const { companyId: _company, titleKey: _title, vendorKey: _vendor, productTypeKey: _type, ...shown } = row;
  const { id } = row;
  const media = (parts.media.get(id) ?? []).map((medium) => ({
    id: medium.id,
    fileId: medium.fileId,
    alt: medium.alt,
  }));
  const options = (parts.options.get(id) ?? []).map(({ name, position }) => ({
    name,
    values: (parts.values.get(`${id} ${position}`) ?? []).map(({ value }) => value),
  }));
  return {
    ...shown,
    media,
    options,
    variants: (parts.variants.get(id) ?? []).map((variant) => storedVariant(variant, options.length, media, parts)),
    tags: (parts.tags.get(id) ?? []).map(({ tag }) => tag),
    categoryIds: (parts.categories.get(id) ?? []).map(({ categoryId }) => categoryId),
    attributes: Object.fromEntries((parts.attributes.get(id) ?? []).map(({ key, value }) => [key, value])),
    translations: Object.fromEntries(
      (parts.translations.get(id) ?? []).map(({ locale, title, description, seoTitle, seoDescription }) => [
        locale,
        { title, description, seoTitle, seoDescription },
      ]),
    ),
  };
}

function storedVariant(
  row: VariantRow,
  optionCount: number,
  media: readonly Required<MediumDraft>[],
  parts: Parts,
): StoredVariant {
  const medium = media.findIndex(({ id }) => id === row.mediumId);
  return {
    id: row.id,
    sku: row.sku,
    barcode: row.barcode,
    options: [row.option1, row.option2, row.option3].slice(0, optionCount).map((value) => value ?? ''),
    weightGrams: row.weightGrams,
    lengthMm: row.lengthMm,
    widthMm: row.widthMm,
    heightMm: row.heightMm,
    taxCategory: row.taxCategory,
    isTaxable: row.isTaxable,
    requiresShipping: row.requiresShipping,
    tracksStock: row.tracksStock,
    backorder: row.backorder,
    medium: medium < 0 ? null : medium,
    components: (parts.components.get(row.id) ?? []).map(({ variantId, quantity }) => ({ variantId, quantity })),
  };
}

function groupedBy<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
