import { z } from 'zod';
import { countryCode } from '../../company/companies/companies.contract.ts';
import { idOf } from '../../kernel/ids.ts';
import { currencyCode } from '../../kernel/money.ts';
import { email, text } from '../../kernel/text.ts';
import { parcelView, totalsViewShape } from './totals-view.contract.ts';

const LINES_MAX = 100;
const CODES_MAX = 20;
const PARCELS_MAX = 20;
const QUANTITY_MAX = 100_000;
const SKU_LENGTH_MAX = 100;
const CODE_LENGTH_MAX = 100;

const line = z
  .strictObject({
    variantId: idOf('var').optional(),
    sku: text(SKU_LENGTH_MAX).optional().meta({ example: 'ADIRE-BLUE-M' }),
    quantity: z.int().min(1).max(QUANTITY_MAX),
  })
  .refine(({ variantId, sku }) => (variantId === undefined) !== (sku === undefined), {
    error: 'Expected either sku or variantId.',
    path: ['sku'],
  });

/** A basket to try discounts on. Nothing is kept and nothing is used up. */
export const newDiscountTrial = z.strictObject({
  currency: currencyCode.optional().meta({ description: "Left out: the company's own." }),
  lines: z.array(line).min(1).max(LINES_MAX),
  codes: z.array(text(CODE_LENGTH_MAX)).max(CODES_MAX).default([]),
  customerId: idOf('cus').optional(),
  email: email.optional().meta({ description: 'Of a guest: limits per customer and earlier orders count by it.' }),
  hasOrdered: z.boolean().optional().meta({
    description:
      'Whether the customer ordered before, for discounts on a first order. Left out: as the orders of the customer or the address say.',
  }),
  shippingAddress: z
    .strictObject({ country: countryCode, region: text(80).optional(), postcode: text(20).optional() })
    .optional(),
  shippingOptionIds: z.array(idOf('sho')).max(PARCELS_MAX).default([]).meta({
    description: 'One for each parcel. `parcels` of the answer shows those there are.',
  }),
});
export type NewDiscountTrial = z.infer<typeof newDiscountTrial>;

/** Totals with a sentence for each decision; of the discounts all that were looked at. */
export const discountTrialView = totalsViewShape.extend({
  parcels: z.array(parcelView).meta({ description: 'What has to be sent, and what it could be sent by.' }),
  requirements: z
    .array(z.object({ code: z.string(), message: z.string() }))
    .meta({ description: 'What stands between this and an order.' }),
});
export type DiscountTrialView = z.infer<typeof discountTrialView>;
