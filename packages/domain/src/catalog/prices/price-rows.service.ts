import { and, eq, isNull } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { productVariants } from '../products/variants.schema.ts';
import type { StoredPrice } from './price-difference.ts';
import { prices } from './prices.schema.ts';

/** A price row with the product it is a price of. */
export interface ProductPrice extends StoredPrice {
  productId: Id<'prod'>;
}

const columns = {
  id: prices.id,
  variantId: prices.variantId,
  currency: prices.currency,
  amountMinor: prices.amount,
  compareAtMinor: prices.compareAt,
  validFrom: prices.validFrom,
  validUntil: prices.validUntil,
};

/** Price lists and quantity steps are the business of a later module: what it writes is not seen here. */
const plain = and(isNull(prices.priceListId), eq(prices.minQuantity, 1));

/** The prices of variants, archived ones too, in no order. */
export async function storedPrices(ctx: Ctx, variantIds: readonly Id<'var'>[]): Promise<StoredPrice[]> {
  if (variantIds.length === 0) return [];
  return ctx.tx
    .select(columns)
    .from(prices)
    .where(mine(ctx, prices, isAnyOf(prices.variantId, variantIds), plain));
}

/** The prices of the variants of products that are for sale, in no order. */
export const livingPrices = (ctx: Ctx, productIds: readonly Id<'prod'>[]): Promise<ProductPrice[]> =>
  ctx.tx
    .select({ productId: productVariants.productId, ...columns })
    .from(prices)
    .innerJoin(
      productVariants,
      mine(ctx, productVariants, eq(productVariants.id, prices.variantId), isNull(productVariants.archivedAt)),
    )
    .where(mine(ctx, prices, isAnyOf(productVariants.productId, productIds), plain));
