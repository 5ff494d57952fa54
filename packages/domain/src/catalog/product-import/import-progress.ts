import type { ProductSaved } from '../product-management/product-save.ts';
import type { ImportedProduct, RowFault } from './imported-product.ts';
import type { ImportCounts } from './product-import.schema.ts';

/** Longer sentences (a list of choices, a whole cell) are cut. */
const MESSAGE_MAX = 500;

export const NOTHING_COUNTED: ImportCounts = {
  rows: 0,
  products: { created: 0, updated: 0, unchanged: 0, failed: 0 },
  variants: { created: 0, updated: 0, unchanged: 0 },
  prices: 0,
  images: 0,
  errors: 0,
};

/** What came of a piece of the file. */
export interface Progress {
  counts: ImportCounts;
  faults: RowFault[];
}

/** Both together. */
export function sumOf(a: ImportCounts, b: ImportCounts): ImportCounts {
  const add = <T extends object>(x: T, y: T): T =>
    // Both have the same names, and every value is a number or again such an object.
    Object.fromEntries(
      Object.entries(x).map(([name, value]) => {
        const other = (y as Record<string, unknown>)[name];
        return [name, typeof value === 'number' ? value + Number(other) : add(value as object, other as object)];
      }),
    ) as T;
  return add(a, b);
}

/** A product that could not be imported, and why. */
export function refused(faults: readonly RowFault[]): Progress {
  const { products } = NOTHING_COUNTED;
  return {
    counts: { ...NOTHING_COUNTED, products: { ...products, failed: 1 }, errors: faults.length },
    faults: faults.map((fault) => ({ ...fault, message: fault.message.slice(0, MESSAGE_MAX) })),
  };
}

/** What saving a product came to. Pictures are counted as they stand in the file. */
export function counted(
  product: ImportedProduct,
  saved: ProductSaved,
  places: readonly (number | undefined)[],
  faultsOf: (saved: ProductSaved) => RowFault[],
): Progress {
  if (saved.outcome === 'refused') return refused(faultsOf(saved));
  const variants = { ...NOTHING_COUNTED.variants };
  // Those the file does not name are none of its business.
  for (const [at, { outcome }] of saved.variants.entries()) if (places[at] !== undefined) variants[outcome] += 1;
  return {
    counts: {
      ...NOTHING_COUNTED,
      products: { ...NOTHING_COUNTED.products, [saved.outcome]: 1 },
      variants,
      prices: saved.pricesChanged,
      images: product.images.length,
    },
    faults: [],
  };
}
