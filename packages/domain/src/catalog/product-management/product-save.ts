import type { FieldFault } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import type { PriceDraft } from '../prices/price-draft.ts';
import type { ProductWrite, StoredProduct, VariantWritten } from '../products/product-draft.ts';

/** A product with all that belongs to it, to be saved in one go. Lists run along `draft.variants`. */
export interface ProductSave extends ProductWrite {
  /** Left out, or `undefined` at a place: those prices stay as they are. */
  prices?: readonly (readonly PriceDraft[] | undefined)[];
  /** The given prices are all there are to be in these currencies only; others stay. */
  priceCurrencies?: readonly Currency[];
  stock?: readonly (VariantStock | undefined)[];
}

/** Units on hand at a location (the default one if left out). */
export interface VariantStock {
  onHand: readonly { locationId?: Id<'loc'>; quantity: number }[];
  /** Also of a variant that was there before; else only new ones are counted in. */
  alsoExisting: boolean;
}

export type ProductSaved =
  | {
      outcome: 'created' | 'updated' | 'unchanged';
      product: StoredProduct;
      variants: VariantWritten[];
      /** Price rows set or removed. */
      pricesChanged: number;
    }
  | { outcome: 'refused'; faults: readonly [FieldFault, ...FieldFault[]] };
