import type { Instant } from '../../kernel/clock.ts';
import type { FieldFault } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import type { ProductKind, ProductStatus } from './products.schema.ts';
import type { BackorderPolicy } from './variants.schema.ts';

/**
 * All that a product consists of by itself (no prices, no stock), in the one form in which it is read from and written to
 * its tables. Whoever changes a product reads this, changes it, and writes the whole: the writer finds the difference.
 */
export interface ProductDraft {
  handle: string;
  title: string;
  /** Sanitised HTML. */
  description: string;
  kind: ProductKind;
  status: ProductStatus;
  publishedAt: Instant | null;
  unpublishAt: Instant | null;
  vendor: string | null;
  productType: string | null;
  seoTitle: string | null;
  seoDescription: string | null;
  /** Trimmed, each once (folded), in alphabetical order of their folded form. */
  tags: readonly string[];
  /** Each once, in id order. */
  categoryIds: readonly Id<'cat'>[];
  /** At most three, each with at most a hundred values; empty for a product without variants to choose from. */
  options: readonly { name: string; values: readonly string[] }[];
  /** In order; the first one stands for the product. */
  media: readonly MediumDraft[];
  /** At least one, in order. */
  variants: readonly VariantDraft[];
  /** By locale (BCP 47). */
  translations: Readonly<Record<string, TranslationDraft>>;
  /** Canonical text by the definition's key. */
  attributes: Readonly<Record<string, string>>;
}

export interface MediumDraft {
  id?: Id<'med'>;
  fileId: Id<'file'>;
  alt: string;
}

export interface VariantDraft {
  /** Of a variant there is. Without it the product's variant with the same SKU, then the one with the same options, is meant. */
  id?: Id<'var'>;
  sku: string | null;
  barcode: string | null;
  /** One value for each of the product's options, in their order. */
  options: readonly string[];
  weightGrams: number | null;
  lengthMm: number | null;
  widthMm: number | null;
  heightMm: number | null;
  taxCategory: string | null;
  isTaxable: boolean;
  requiresShipping: boolean;
  tracksStock: boolean;
  backorder: BackorderPolicy | null;
  /** Its picture, as a place (from 0) in the product's `media`. */
  medium: number | null;
  /** Of a bundle's variant. */
  components: readonly { variantId: Id<'var'>; quantity: number }[];
}

export interface TranslationDraft {
  title: string | null;
  description: string | null;
  seoTitle: string | null;
  seoDescription: string | null;
}

/** A product as it stands in the tables. */
export interface StoredProduct extends ProductDraft {
  id: Id<'prod'>;
  version: number;
  eventSequence: number;
  submittedById: string | null;
  rejectionReason: string | null;
  createdAt: Instant;
  updatedAt: Instant;
  media: readonly Required<MediumDraft>[];
  variants: readonly StoredVariant[];
}

export interface StoredVariant extends VariantDraft {
  id: Id<'var'>;
}

/** One product to write: a new one, or (with `id`) one that is there. */
export interface ProductWrite {
  id?: Id<'prod'>;
  /** If-Match: what the caller read. Throws `VersionStale` when it is another by now. */
  expectedVersion?: number;
  draft: ProductDraft;
  submittedById?: string | null;
  rejectionReason?: string | null;
}

/** What became of one product of a batch. A refused one changed nothing; the others of the batch are not held up by it. */
export type ProductWritten =
  | {
      outcome: 'created' | 'updated' | 'unchanged';
      product: StoredProduct;
      before: StoredProduct | undefined;
      variants: VariantWritten[];
    }
  | { outcome: 'refused'; faults: readonly [FieldFault, ...FieldFault[]] };

/** In the order of the draft's variants. */
export interface VariantWritten {
  id: Id<'var'>;
  outcome: 'created' | 'updated' | 'unchanged';
  /** It was archived, and is for sale again: as good as new to those who count it or price it. */
  isRevived: boolean;
}
