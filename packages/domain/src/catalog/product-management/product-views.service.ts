import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { fileViews } from '../files/files.service.ts';
import { availableOf, readStock } from '../inventory/stock.service.ts';
import { readPrices } from '../prices/prices.service.ts';
import type { StoredProduct } from '../products/product-draft.ts';
import { readProducts } from '../products/product-reader.service.ts';
import type { ProductView } from './product-management.contract.ts';
import { productBaseOf, variantViewOf } from './product-snapshot.ts';

/** All there is to know of a product. Throws `NotFound`. */
export async function getProduct(ctx: Ctx, id: Id<'prod'>): Promise<ProductView> {
  const product = (await readProducts(ctx, [id])).get(id);
  if (!product) throw new NotFound('product');
  return viewProduct(ctx, product);
}

/** A stored product with its prices, stock and pictures. */
export async function viewProduct(ctx: Ctx, product: StoredProduct): Promise<ProductView> {
  const ids = product.variants.map(({ id }) => id);
  const [prices, levels, available, files] = await Promise.all([
    readPrices(ctx, ids),
    readStock(ctx, ids),
    availableOf(ctx, ids),
    fileViews(
      ctx,
      product.media.map(({ fileId }) => fileId),
    ),
  ]);
  return {
    ...productBaseOf(product),
    description: product.description,
    media: product.media.map(({ id, fileId, alt }) => {
      const file = files.get(fileId);
      return { id, fileId, alt, status: file?.status ?? 'missing', picture: file?.picture ?? null };
    }),
    variants: product.variants.map((variant) => {
      const isCounted = variant.tracksStock || product.kind === 'bundle';
      const sum = (name: 'onHand' | 'reserved') =>
        (levels.get(variant.id) ?? []).reduce((total, level) => total + level[name], 0);
      const stock = { onHand: sum('onHand'), reserved: sum('reserved') };
      return {
        ...variantViewOf(product, variant, prices),
        stock: isCounted ? { ...stock, available: available.get(variant.id)?.available ?? 0 } : null,
      };
    }),
    translations: { ...product.translations },
    hints: hintsOf(
      product,
      ids.filter((id) => (prices.get(id) ?? []).length === 0),
    ),
  };
}

function hintsOf({ status, variants }: StoredProduct, unpriced: readonly unknown[]): ProductView['hints'] {
  if (status !== 'active' || unpriced.length === 0) return [];
  const which = variants.length === 1 ? 'It has' : `${unpriced.length} of its ${variants.length} variants have`;
  return [
    { code: 'no_price', message: `${which} no price, so nobody can buy it. Give it one in the currency you sell in.` },
  ];
}
