import type { Instant } from '../../kernel/clock.ts';
import type { Currency } from '../../kernel/money.ts';
import type { PriceDraft } from '../prices/price-draft.ts';
import type { TranslationDraft, VariantDraft } from '../products/product-draft.ts';
import type { ProductKind, ProductStatus } from '../products/products.schema.ts';

/** Something about a row that its sender should know. */
export interface RowFault {
  rowNumber: number;
  /** The column's name as it stands in the file; null: the row as a whole. */
  column: string | null;
  code: string;
  message: string;
  handle: string | null;
  /** The product is imported nevertheless; something of it was taken differently. */
  isNote?: boolean;
}

/**
 * A product as a file tells it, in whichever format. What is `undefined` does not stand in the file and stays as it is;
 * `null` and empty do stand there. Addresses, handles and SKUs are not looked up yet.
 */
export interface ImportedProduct {
  handle: string;
  rowNumber: number;
  title?: string;
  description?: string;
  kind?: ProductKind;
  status?: ProductStatus;
  publishedAt?: Instant | null;
  unpublishAt?: Instant | null;
  vendor?: string | null;
  productType?: string | null;
  seoTitle?: string | null;
  seoDescription?: string | null;
  tags?: string[];
  /** Paths of handles, from the root: `clothing/shirts`. */
  categories?: string[];
  /** All values in their order. */
  options: { name: string; values: string[] }[];
  variants: ImportedVariant[];
  images: ImportedImage[];
  translations: Record<string, Partial<TranslationDraft>>;
  /** By key; null: none. */
  attributes: Record<string, string | null>;
}

export interface ImportedVariant {
  rowNumber: number;
  options: string[];
  details: Partial<Omit<VariantDraft, 'id' | 'options' | 'medium' | 'components'>>;
  imageUrl?: string;
  components?: ComponentName[];
  prices: ImportedPrices;
  stock: ImportedStock[];
}

/** Prices of one variant. A currency that is not named stays as it is. */
export interface ImportedPrices {
  /** The price without a window; null: none. */
  base: Map<Currency, { amountMinor: bigint; compareAtMinor: bigint | null } | null>;
  scheduled: Map<Currency, PriceDraft[]>;
}

export interface ImportedStock {
  /** Handle of the location; null: the default one. */
  location: string | null;
  quantity: number;
}

export interface ImportedImage {
  rowNumber: number;
  url: string;
  /** Undefined: not told. */
  alt?: string;
}

/** A part of a bundle: by its SKU, or by its product's handle and its options. */
export interface ComponentName {
  sku?: string;
  handle?: string;
  options: string[];
  quantity: number;
}

/** What a currency's prices look like while nothing is known of them. */
export const noPrices = (): ImportedPrices => ({ base: new Map(), scheduled: new Map() });
