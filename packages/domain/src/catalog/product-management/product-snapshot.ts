import type { Id } from '../../kernel/ids.ts';
import { toView } from '../../kernel/money.ts';
import type { PriceDraft } from '../prices/price-draft.ts';
import type { StoredProduct, StoredVariant } from '../products/product-draft.ts';
import type { ProductSnapshot } from './product-management.contract.ts';

/** Past these an event would be too large to be sent to everybody who listens. */
export const SNAPSHOT_VARIANTS_MAX = 250;
const SNAPSHOT_DESCRIPTION_MAX = 20_000;

type Prices = ReadonlyMap<Id<'var'>, readonly PriceDraft[]>;

/** A price as it is shown. */
export const priceViewOf = (price: PriceDraft) => {
  const { currency, compareAtMinor } = price;
  return {
    ...toView(price),
    compareAt: compareAtMinor === null ? null : toView({ amountMinor: compareAtMinor, currency }).amount,
    validFrom: price.validFrom,
    validUntil: price.validUntil,
  };
};

/** A variant as it is shown, but for its stock. */
export const variantViewOf = ({ media }: Pick<StoredProduct, 'media'>, variant: StoredVariant, prices: Prices) => ({
  id: variant.id,
  sku: variant.sku,
  barcode: variant.barcode,
  weightGrams: variant.weightGrams,
  lengthMm: variant.lengthMm,
  widthMm: variant.widthMm,
  heightMm: variant.heightMm,
  taxCategory: variant.taxCategory,
  isTaxable: variant.isTaxable,
  requiresShipping: variant.requiresShipping,
  tracksStock: variant.tracksStock,
  backorder: variant.backorder,
  title: variant.options.join(' / '),
  options: [...variant.options],
  imageFileId: variant.medium === null ? null : (media[variant.medium]?.fileId ?? null),
  components: variant.components.map((component) => ({ ...component })),
  prices: (prices.get(variant.id) ?? []).map(priceViewOf),
});

/** What the views of a product have in common. */
export const productBaseOf = (product: StoredProduct) => ({
  id: product.id,
  handle: product.handle,
  title: product.title,
  kind: product.kind,
  status: product.status,
  publishedAt: product.publishedAt,
  unpublishAt: product.unpublishAt,
  vendor: product.vendor,
  productType: product.productType,
  seoTitle: product.seoTitle,
  seoDescription: product.seoDescription,
  tags: [...product.tags],
  categoryIds: [...product.categoryIds],
  options: product.options.map(({ name, values }) => ({ name, values: [...values] })),
  attributes: { ...product.attributes },
  submittedById: product.submittedById,
  rejectionReason: product.rejectionReason,
  version: product.version,
  createdAt: product.createdAt,
  updatedAt: product.updatedAt,
});

/** The product as events tell of it. */
export const snapshotOf = (product: StoredProduct, prices: Prices): ProductSnapshot => ({
  ...productBaseOf(product),
  description: product.description.length > SNAPSHOT_DESCRIPTION_MAX ? null : product.description,
  media: product.media.map(({ id, fileId, alt }) => ({ id, fileId, alt })),
  variantCount: product.variants.length,
  variants: product.variants.slice(0, SNAPSHOT_VARIANTS_MAX).map((variant) => variantViewOf(product, variant, prices)),
});
