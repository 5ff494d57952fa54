import { z } from 'zod';
import { TAX_CATEGORY_MAX } from '../../catalog/products/product-limits.contract.ts';
import { countryCode } from '../../company/companies/companies.contract.ts';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';

/** Of all countries together. */
export const TAX_RATES_MAX = 2_000;
export const RATE_PPM_MAX = 1_000_000;
const NAME_LENGTH_MAX = 80;
const REGION_LENGTH_MAX = 80;

const fields = {
  name: text(NAME_LENGTH_MAX).meta({ description: 'What shoppers read.', example: 'VAT' }),
  country: countryCode,
  region: text(REGION_LENGTH_MAX).nullable().meta({
    description: 'State or province, as a code (CA) or a name (California); null: the whole country.',
  }),
  taxCategory: text(TAX_CATEGORY_MAX).nullable().meta({
    description: 'The `taxCategory` of variants; null: all that have no rate of their own there.',
  }),
  ratePpm: z.int().min(0).max(RATE_PPM_MAX).meta({
    description: 'Parts per million: 7.5 % is 75000.',
    example: 75_000,
  }),
  appliesToShipping: z.boolean().meta({ description: 'Is delivery taxed as well?' }),
  isActive: z.boolean(),
};

export const newTaxRate = z.strictObject({
  name: fields.name,
  country: fields.country,
  region: fields.region.default(null),
  taxCategory: fields.taxCategory.default(null),
  ratePpm: fields.ratePpm,
  appliesToShipping: fields.appliesToShipping.default(true),
  isActive: fields.isActive.default(true),
});
export type NewTaxRate = z.infer<typeof newTaxRate>;

export const taxRatePatch = z.strictObject(fields).partial();
export type TaxRatePatch = z.infer<typeof taxRatePatch>;

export const taxRateView = z.object({
  id: idOf('txr'),
  name: z.string(),
  country: z.string(),
  region: z.string().nullable(),
  taxCategory: z.string().nullable(),
  ratePpm: z.int(),
  appliesToShipping: z.boolean(),
  isActive: z.boolean(),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type TaxRateView = z.infer<typeof taxRateView>;

export const taxRatesQuery = listQuery.extend({ country: countryCode.optional() });
export type TaxRatesQuery = z.infer<typeof taxRatesQuery>;
export const taxRatesPage = pageOf(taxRateView);
