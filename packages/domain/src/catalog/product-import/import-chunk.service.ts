import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type FieldFault, InvalidInput } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { foldKey } from '../../kernel/text.ts';
import { fileViews } from '../files/files.service.ts';
import { rememberRemoteImages } from '../files/remote-images.service.ts';
import { remoteImageFault } from '../files/remote-images.ts';
import { stockLocations } from '../inventory/inventory.schema.ts';
import { readPrices } from '../prices/prices.service.ts';
import { saveProducts } from '../product-management/product-save.service.ts';
import type { ProductSaved } from '../product-management/product-save.ts';
import { optionsKeyOf } from '../products/option-combinations.ts';
import type { StoredProduct } from '../products/product-draft.ts';
import { productIdsByHandle, readProducts, variantsBySku } from '../products/product-reader.service.ts';
import { productFields } from '../products/products.contract.ts';
import { ensureAttributes } from './attribute-columns.service.ts';
import { ensureCategories } from './category-paths.service.ts';
import type { FileColumns } from './file-columns.ts';
import type { FileFormat } from './file-format.ts';
import { counted, NOTHING_COUNTED, type Progress, refused } from './import-progress.ts';
import type { SeenNames } from './import-reading.ts';
import { type Meanings, type PlannedSave, saveOf } from './import-saves.ts';
import type { ComponentName, ImportedProduct, RowFault } from './imported-product.ts';

/**
 * Pictures wait so long, from when they are met, or until their import has ended: to make them would take the processor from
 * the products.
 */
const PICTURES_WAIT_SECONDS = 30;
const CHECKED_LATER = 'checked_later';
const NO_PART = (name: string) =>
  `There is no variant ${name} to be a part of this bundle. Let it come earlier in the file.`;
const LATER = (name: string) =>
  `${name} comes earlier in this file: whether it can be a part of a bundle is seen when the file is imported.`;

/** What does not change from one piece of a file to the next. */
export interface ImportPlan {
  format: FileFormat;
  columns: FileColumns;
  updatesStock: boolean;
  /** For the ledger of stock. */
  importId?: Id<'pim'>;
  /** Names that products before these had, where saving them left no trace: those of a dry run. */
  leftNoTrace?: SeenNames;
}

/**
 * Saves a batch of products in a constant number of statements and says what came of each, in their order. Everything
 * the file calls by name is looked up, or made: pictures by address, categories by path.
 */
export async function importProducts(
  ctx: Ctx,
  plan: ImportPlan,
  products: readonly ImportedProduct[],
): Promise<Progress[]> {
  await ensureAttributes(ctx, plan.columns);
  const stored = await storedByHandle(
    ctx,
    products.map(({ handle }) => handle),
  );
  const faults = products.map((): RowFault[] => []);
  const meanings = await meaningsOf(ctx, plan, products, stored);
  const planned = new Map<ImportedProduct, PlannedSave>();
  for (const [at, product] of products.entries()) {
    const found = faults[at] ?? [];
    found.push(...unknownNames(product, plan, meanings));
    if (!found.every(({ isNote, code }) => isNote && code !== CHECKED_LATER)) continue;
    const one = plannedSave(plan, product, stored.get(handleKeyOf(product.handle)), meanings);
    if ('save' in one) planned.set(product, one);
    else found.push(...one.faults);
  }
  const saves = [...planned.values()].map(({ save }) => save);
  const saved = await saveProducts(ctx, saves, { type: 'product_import', id: plan.importId });
  const savedOf = new Map([...planned.keys()].map((product, at) => [product, saved[at]]));
  return products.map((product, at) => {
    const found = faults[at] ?? [];
    const one = savedOf.get(product);
    const { places } = planned.get(product) ?? {};
    if (!one || !places) return found.every(({ isNote }) => isNote) ? presumed(product, found) : refused(found);
    const progress = counted(product, one, places, (refusal) => faultsOf(plan, product, refusal, places));
    const counts = { ...progress.counts, errors: progress.counts.errors + found.length };
    return { counts, faults: [...found, ...progress.faults] };
  });
}

/** What is to be saved for a product of the file, or what is wrong with its descriptions. */
function plannedSave(
  { format, columns }: ImportPlan,
  product: ImportedProduct,
  stored: StoredProduct | undefined,
  meanings: Meanings,
): PlannedSave | { faults: RowFault[] } {
  try {
    return saveOf(product, stored, meanings);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return { faults: error.faults.map((fault) => rowFaultOf(format, columns, product, [], fault)) };
  }
}

/** A bundle of a dry run whose parts were rolled back with an earlier piece of the file. */
function presumed({ variants }: ImportedProduct, faults: RowFault[]): Progress {
  const counts = {
    ...NOTHING_COUNTED,
    products: { ...NOTHING_COUNTED.products, created: 1 },
    variants: { ...NOTHING_COUNTED.variants, created: variants.length },
    errors: faults.length,
  };
  return { counts, faults };
}

/** A handle as products have it; as it stands where it cannot be one. */
export const handleKeyOf = (handle: string): string => productFields.handle.safeParse(handle).data ?? handle;

async function storedByHandle(ctx: Ctx, handles: readonly string[]): Promise<Map<string, StoredProduct>> {
  const ids = await productIdsByHandle(ctx, handles.map(handleKeyOf));
  const products = await readProducts(ctx, ids.values());
  return new Map(
    [...ids].flatMap(([handle, id]) => {
      const product = products.get(id);
      return product ? [[handle, product] as const] : [];
    }),
  );
}

async function meaningsOf(
  ctx: Ctx,
  { columns, updatesStock }: ImportPlan,
  products: readonly ImportedProduct[],
  stored: ReadonlyMap<string, StoredProduct>,
): Promise<Meanings> {
  const urls = products.flatMap(({ images, variants }) => [
    ...images.map(({ url }) => url),
    ...variants.flatMap(({ imageUrl }) => imageUrl ?? []),
  ]);
  const variantIds = [...stored.values()].flatMap(({ variants }) => variants.map(({ id }) => id));
  const paths = products.flatMap(({ categories }) => categories ?? []);
  const locationHandles = columns.fields().flatMap((field) => (field.startsWith('stock:') ? [field.slice(6)] : []));
  const own = await ownPictures(ctx, stored);
  const files = await remembered(
    ctx,
    urls.filter((url) => !own.has(url)),
  );
  const prices = variantIds.length === 0 ? new Map() : await readPrices(ctx, variantIds);
  const categories = await ensureCategories(ctx, [...new Set(paths)]);
  const locations = await locationsByHandle(ctx, locationHandles);
  return {
    now: ctx.now.toISOString(),
    actorId: ctx.actor.id,
    updatesStock,
    prices,
    fileOf: (url) => own.get(url) ?? files.get(url),
    categoryOf: (path) => categories.get(path),
    componentOf: await componentsIn(ctx, products),
    locations,
  };
}

const remembered = async (ctx: Ctx, urls: readonly string[]): Promise<Map<string, Id<'file'>>> =>
  urls.length === 0
    ? new Map()
    : rememberRemoteImages(ctx, [...new Set(urls)], { afterSeconds: PICTURES_WAIT_SECONDS });

/** Pictures of these products by the address under which an export names them: they are not to be fetched from ourselves. */
async function ownPictures(ctx: Ctx, stored: ReadonlyMap<string, StoredProduct>): Promise<Map<string, Id<'file'>>> {
  const ids = [...stored.values()].flatMap(({ media }) => media.map(({ fileId }) => fileId));
  if (ids.length === 0) return new Map();
  const views = await fileViews(ctx, [...new Set(ids)]);
  return new Map([...views].flatMap(([id, { picture }]) => (picture ? [[picture.url, id] as const] : [])));
}

/** The locations that have these handles. */
export async function locationsByHandle(ctx: Ctx, handles: readonly string[]): Promise<Map<string, Id<'loc'>>> {
  if (handles.length === 0) return new Map();
  const rows = await ctx.tx
    .select({ handle: stockLocations.handle, id: stockLocations.id })
    .from(stockLocations)
    .where(mine(ctx, stockLocations, isAnyOf(stockLocations.handle, handles)));
  return new Map(rows.map(({ handle, id }) => [handle, id]));
}

/** Parts of bundles by SKU, or by their product's handle and their options. */
async function componentsIn(
  ctx: Ctx,
  products: readonly ImportedProduct[],
): Promise<(name: ComponentName) => Id<'var'> | undefined> {
  const names = products.flatMap(({ variants }) => variants.flatMap(({ components }) => components ?? []));
  if (names.length === 0) return () => undefined;
  const bySku = await variantsBySku(
    ctx,
    names.flatMap(({ sku }) => sku ?? []),
  );
  const byHandle = await storedByHandle(
    ctx,
    names.flatMap(({ handle }) => handle ?? []),
  );
  return ({ sku, handle = '', options }) => {
    if (sku !== undefined) return bySku.get(foldKey(sku))?.variantId;
    const key = optionsKeyOf(options);
    return byHandle.get(handleKeyOf(handle))?.variants.find((one) => optionsKeyOf(one.options) === key)?.id;
  };
}

/** What the file names and is not there. A picture that cannot be fetched does not hold its product up. */
function unknownNames(product: ImportedProduct, { columns, leftNoTrace }: ImportPlan, meanings: Meanings): RowFault[] {
  const { handle, rowNumber } = product;
  const faultAt = (row: number, field: string, code: string, message: string, isNote = false): RowFault => ({
    rowNumber: row,
    column: columns.nameOf(field),
    code,
    message,
    handle,
    isNote,
  });
  const pictures = [
    ...product.images.map(({ rowNumber: row, url }) => ({ row, field: 'image', url })),
    ...product.variants.map(({ rowNumber: row, imageUrl: url }) => ({ row, field: 'variantImage', url })),
  ].flatMap(({ row, field, url }) => {
    const fault = url === undefined ? undefined : remoteImageFault(url);
    return fault ? [faultAt(row, field, 'invalid_address', `${fault} The product was imported without it.`, true)] : [];
  });
  const categories = (product.categories ?? [])
    .filter((path) => meanings.categoryOf(path) === undefined)
    .map((path) =>
      faultAt(
        rowNumber,
        'categories',
        'unknown_category',
        `There is no category ${path}, and you may not make one. Ask for the permission categories.write.`,
      ),
    );
  const variants = product.variants.flatMap((variant) => {
    const parts = (variant.components ?? []).filter((name) => meanings.componentOf(name) === undefined);
    const taken = variant.details.sku && leftNoTrace?.skus.has(foldKey(variant.details.sku));
    return [
      ...parts.map(({ sku, handle: part = '' }) => {
        const name = sku ?? part;
        const isBefore = sku === undefined ? leftNoTrace?.handles.has(part) : leftNoTrace?.skus.has(foldKey(sku));
        return isBefore
          ? faultAt(variant.rowNumber, 'components', CHECKED_LATER, LATER(name), true)
          : faultAt(variant.rowNumber, 'components', 'unknown_component', NO_PART(name));
      }),
      ...(taken
        ? [
            faultAt(
              variant.rowNumber,
              'sku',
              'sku_taken',
              `The SKU ${variant.details.sku} is in this file already, with another product.`,
            ),
          ]
        : []),
    ];
  });
  return [...pictures, ...categories, ...variants];
}

function faultsOf(
  { format, columns }: ImportPlan,
  product: ImportedProduct,
  saved: ProductSaved,
  places: PlannedSave['places'],
): RowFault[] {
  return saved.outcome === 'refused'
    ? saved.faults.map((fault) => rowFaultOf(format, columns, product, places, fault))
    : [];
}

/** Where in the file a fault of a draft is. */
export function rowFaultOf(
  format: FileFormat,
  columns: FileColumns,
  product: ImportedProduct,
  places: PlannedSave['places'],
  { pointer, code, message }: FieldFault,
): RowFault {
  const [, ...path] = pointer.split('/');
  const [list, at] = path;
  const place = Number(at);
  const rowOf = () => {
    if (list === 'variants' || list === 'prices' || list === 'stock')
      return product.variants[places[place] ?? -1]?.rowNumber;
    return list === 'media' ? product.images[place]?.rowNumber : undefined;
  };
  const below = list === 'variants' ? path.slice(2) : path;
  const field = below.length === 0 ? undefined : format.fieldAt(below);
  const column = field === undefined ? null : columns.nameOf(field);
  return { rowNumber: rowOf() ?? product.rowNumber, column, code, message, handle: product.handle };
}
