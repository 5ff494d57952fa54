import { and, asc, count, eq, gt, gte, inArray, isNull, lt, lte, or, type SQL } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { toView } from '../../kernel/money.ts';
import { type KeysetOrder, keyset, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { foldKey } from '../../kernel/text.ts';
import { categories } from '../categories/categories.schema.ts';
import { collectionMembers } from '../collections/collections.schema.ts';
import { files } from '../files/files.schema.ts';
import { pictureOf } from '../files/pictures.contract.ts';
import { listingPrices } from '../prices/prices.schema.ts';
import { productCategories, productTags } from '../products/product-details.schema.ts';
import { productMedia, products } from '../products/products.schema.ts';
import { productVariants } from '../products/variants.schema.ts';
import type { ProductListed, ProductsPage, ProductsQuery } from './product-list.contract.ts';

/** Counted up to here; more are `1000+`. */
const COUNT_MAX = 1_000;
/** Sorts behind every text that begins like another one. */
const LAST_CHARACTER = '\u{10ffff}';

type ProductId = Id<'prod'>;

const shown = {
  id: products.id,
  handle: products.handle,
  title: products.title,
  titleKey: products.titleKey,
  kind: products.kind,
  status: products.status,
  publishedAt: products.publishedAt,
  unpublishAt: products.unpublishAt,
  vendor: products.vendor,
  productType: products.productType,
  version: products.version,
  createdAt: products.createdAt,
  updatedAt: products.updatedAt,
};
type Row = Pick<typeof products.$inferSelect, keyof typeof shown>;

interface Sorting extends KeysetOrder {
  keyOf(row: Row): readonly string[];
}
const SORTS: Record<ProductsQuery['sort'], Sorting> = {
  newest: { columns: [products.id], direction: 'desc', keyOf: ({ id }) => [id] },
  title: { columns: [products.titleKey, products.id], direction: 'asc', keyOf: ({ titleKey, id }) => [titleKey, id] },
  '-updated': {
    columns: [products.updatedAt, products.id],
    direction: 'desc',
    keyOf: ({ updatedAt, id }) => [updatedAt, id],
  },
};

/** Products of all standings, page by page. Throws `InvalidInput` on a bad cursor. */
export async function listProducts(ctx: Ctx, query: ProductsQuery): Promise<ProductsPage> {
  const { limit, after, sort } = query;
  const sorting = SORTS[sort];
  const { where, orderBy } = keyset(sorting, after);
  const found = await filtersOf(ctx, query);
  const rows: Row[] = await ctx.tx
    .select(shown)
    .from(products)
    .where(mine(ctx, products, where, ...found))
    .orderBy(...orderBy)
    .limit(limit + 1);
  const details = await detailsOf(
    ctx,
    rows.slice(0, limit).map(({ id }) => id),
  );
  const page = pageFrom(rows, limit, sorting.keyOf, ({ titleKey: _key, ...row }) => details(row));
  return query.count === 'true' ? { ...page, count: await countOf(ctx, found) } : page;
}

async function countOf(ctx: Ctx, found: readonly (SQL | undefined)[]): Promise<number | '1000+'> {
  const some = ctx.tx
    .select({ id: products.id })
    .from(products)
    .where(mine(ctx, products, ...found))
    .limit(COUNT_MAX + 1)
    .as('some');
  const [row] = await ctx.tx.select({ counted: count() }).from(some);
  const counted = row?.counted ?? 0;
  return counted > COUNT_MAX ? '1000+' : counted;
}

async function filtersOf(ctx: Ctx, query: ProductsQuery): Promise<(SQL | undefined)[]> {
  const { status, kind, vendor, productType, tag, categoryId, collectionId, q } = query;
  return [
    status && eq(products.status, status),
    kind && eq(products.kind, kind),
    vendor === undefined ? undefined : eq(products.vendorKey, foldKey(vendor)),
    productType === undefined ? undefined : eq(products.productTypeKey, foldKey(productType)),
    tag === undefined ? undefined : inArray(products.id, taggedWith(ctx, tag)),
    categoryId && inArray(products.id, below(ctx, await pathOf(ctx, categoryId))),
    collectionId && inArray(products.id, membersOf(ctx, collectionId)),
    q === undefined ? undefined : beginsWith(ctx, foldKey(q)),
  ];
}

const taggedWith = (ctx: Ctx, tag: string) =>
  ctx.tx
    .select({ id: productTags.productId })
    .from(productTags)
    .where(mine(ctx, productTags, eq(productTags.tagKey, foldKey(tag))));

const membersOf = (ctx: Ctx, collectionId: Id<'col'>) =>
  ctx.tx
    .select({ id: collectionMembers.productId })
    .from(collectionMembers)
    .where(
      mine(
        ctx,
        collectionMembers,
        eq(collectionMembers.collectionId, collectionId),
        eq(collectionMembers.isExcluded, false),
      ),
    );

/** The path of a shelf; an unknown one has nothing below it. */
async function pathOf(ctx: Ctx, categoryId: Id<'cat'>): Promise<string> {
  const [root] = await ctx.tx
    .select({ path: categories.path })
    .from(categories)
    .where(mine(ctx, categories, eq(categories.id, categoryId)));
  return root?.path ?? '';
}

/** Products on a shelf or on one below it: one range of paths, see the schema. */
function below(ctx: Ctx, path: string) {
  const shelves = ctx.tx
    .select({ id: categories.id })
    .from(categories)
    .where(mine(ctx, categories, gte(categories.path, path), lt(categories.path, `${path.slice(0, -1)}0`)));
  return ctx.tx
    .select({ id: productCategories.productId })
    .from(productCategories)
    .where(mine(ctx, productCategories, inArray(productCategories.categoryId, shelves)));
}

function beginsWith(ctx: Ctx, key: string): SQL | undefined {
  const end = `${key}${LAST_CHARACTER}`;
  const { skuKey, archivedAt, productId } = productVariants;
  const bySku = ctx.tx
    .select({ id: productId })
    .from(productVariants)
    .where(mine(ctx, productVariants, gte(skuKey, key), lt(skuKey, end), isNull(archivedAt)));
  return or(
    and(gte(products.titleKey, key), lt(products.titleKey, end)),
    and(gte(products.handle, key), lt(products.handle, end)),
    inArray(products.id, bySku),
  );
}

/** What lists show beside the row itself: one statement for each kind of thing. */
async function detailsOf(ctx: Ctx, ids: readonly ProductId[]): Promise<(row: Omit<Row, 'titleKey'>) => ProductListed> {
  if (ids.length === 0) return (row) => ({ ...row, variantCount: 0, picture: null, prices: [] });
  const now = ctx.now.toISOString();
  const [variants, pictures, prices] = await Promise.all([
    ctx.tx
      .select({ productId: productVariants.productId, counted: count() })
      .from(productVariants)
      .where(mine(ctx, productVariants, isAnyOf(productVariants.productId, ids), isNull(productVariants.archivedAt)))
      .groupBy(productVariants.productId),
    ctx.tx
      .selectDistinctOn([productMedia.productId], {
        productId: productMedia.productId,
        storageKey: files.storageKey,
        width: files.width,
        height: files.height,
        widths: files.widths,
      })
      .from(productMedia)
      .innerJoin(files, mine(ctx, files, eq(files.id, productMedia.fileId)))
      .where(mine(ctx, productMedia, isAnyOf(productMedia.productId, ids)))
      .orderBy(asc(productMedia.productId), asc(productMedia.position)),
    ctx.tx
      .select()
      .from(listingPrices)
      .where(
        mine(
          ctx,
          listingPrices,
          isAnyOf(listingPrices.productId, ids),
          lte(listingPrices.validFrom, now),
          gt(listingPrices.validUntil, now),
        ),
      )
      .orderBy(asc(listingPrices.currency)),
  ]);
  const counts = new Map(variants.map(({ productId, counted }) => [productId, counted]));
  const first = new Map(pictures.map(({ productId, ...file }) => [productId, pictureOf(file)]));
  return (row) => ({
    ...row,
    variantCount: counts.get(row.id) ?? 0,
    picture: first.get(row.id) ?? null,
    prices: prices
      .filter(({ productId }) => productId === row.id)
      .map(({ currency, minAmount, maxAmount }) => ({
        currency,
        min: toView({ amountMinor: minAmount, currency }).amount,
        max: toView({ amountMinor: maxAmount, currency }).amount,
      })),
  });
}
