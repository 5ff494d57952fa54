import { z } from 'zod';
import { idOf } from '../../kernel/ids.ts';
import { text } from '../../kernel/text.ts';
import { PRICES_PER_VARIANT_MAX } from '../prices/price-limits.contract.ts';
import { SKU_MAX } from '../products/product-limits.contract.ts';
import { priceInput, priceView } from './product-management.contract.ts';

export const PRICE_UPDATES_MAX = 1_000;

/** All prices of a variant, in all currencies. */
export const variantPricesInput = z.strictObject({ prices: z.array(priceInput).max(PRICES_PER_VARIANT_MAX) });
export type VariantPricesInput = z.infer<typeof variantPricesInput>;

export const variantPricesView = z.object({
  variantId: idOf('var'),
  productId: idOf('prod'),
  sku: z.string().nullable(),
  version: z.int().meta({ description: 'Of the product, for If-Match.' }),
  prices: z.array(priceView.extend({ isCurrent: z.boolean().meta({ description: 'In force at this moment.' }) })),
});
export type VariantPricesView = z.infer<typeof variantPricesView>;

export const priceUpdates = z.strictObject({
  updates: z
    .array(
      z.strictObject({
        sku: text(SKU_MAX).meta({ example: 'SHIRT-BLUE-M' }),
        prices: z.array(priceInput).min(1).max(PRICES_PER_VARIANT_MAX).meta({
          description: 'All prices of the variant in the currencies that are named here; those in others stay.',
        }),
      }),
    )
    .min(1)
    .max(PRICE_UPDATES_MAX),
});
export type PriceUpdates = z.infer<typeof priceUpdates>;

const fault = z.object({ pointer: z.string(), code: z.string(), message: z.string() });
export const priceUpdatesOutcome = z.object({
  updated: z.int(),
  unchanged: z.int(),
  refused: z.int(),
  results: z
    .array(
      z.object({
        sku: z.string(),
        outcome: z.enum(['updated', 'unchanged', 'refused']),
        errors: z.array(fault).optional().meta({ description: 'Why it was refused.' }),
      }),
    )
    .meta({ description: 'In the order of the updates.' }),
});
export type PriceUpdatesOutcome = z.infer<typeof priceUpdatesOutcome>;
