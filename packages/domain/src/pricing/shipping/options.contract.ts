import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { currencyCode } from '../../kernel/money.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { prose, text } from '../../kernel/text.ts';

/** Every cart of a country looks at the options there. */
export const OPTIONS_MAX = 500;
/** Steps of all currencies together. */
const RATES_PER_OPTION_MAX = 200;
const NAME_LENGTH_MAX = 80;
const DESCRIPTION_LENGTH_MAX = 500;
const AMOUNT_MAX = 1_000_000_000_000;
const WEIGHT_GRAMS_MAX = 100_000_000;
const DAYS_MAX = 365;
const POSITION_MAX = 10_000;

const amount = z.int().min(0).max(AMOUNT_MAX).meta({ description: 'Whole minor units (kobo, cents, yen).' });
const money = z.strictObject({ amount, currency: currencyCode });

const rate = z.strictObject({
  from: z.int().min(0).max(AMOUNT_MAX).default(0).meta({
    description:
      'From where on the price is this: grams, or minor units of the subtotal in the currency of the price; 0 for a flat price.',
  }),
  price: money,
});
export type ShippingRate = z.infer<typeof rate>;
export type FreeOver = z.infer<typeof money>;

const basis = z.enum(['flat', 'weight', 'subtotal']);
const days = z.int().min(0).max(DAYS_MAX).nullable();
const fields = {
  zoneId: idOf('shz'),
  profileId: idOf('shp'),
  name: text(NAME_LENGTH_MAX).meta({ example: 'Standard delivery' }),
  description: prose(DESCRIPTION_LENGTH_MAX),
  basis: basis.meta({
    description: 'What the steps of the price count: nothing, grams, or the subtotal of the goods.',
  }),
  rates: z.array(rate).min(1).max(RATES_PER_OPTION_MAX).meta({
    description: 'Steps of the price. In a currency that has none the option is not offered.',
  }),
  freeOver: z.array(money).max(RATES_PER_OPTION_MAX).meta({
    description: 'From which subtotal of its goods on it is free, after discounts; one amount per currency.',
  }),
  weightMaxGrams: z.int().min(1).max(WEIGHT_GRAMS_MAX).nullable(),
  daysMin: days.meta({ description: 'How many days it takes at best.' }),
  daysMax: days.meta({ description: 'How many days it takes at worst.' }),
  position: z.int().min(0).max(POSITION_MAX).meta({ description: 'Options are shown by it; equal ones by price.' }),
  isActive: z.boolean(),
};

export const newShippingOption = z.strictObject({
  zoneId: fields.zoneId,
  profileId: fields.profileId.optional().meta({ description: 'Left out: the default profile.' }),
  name: fields.name,
  description: fields.description.default(''),
  basis: fields.basis.default('flat'),
  rates: fields.rates,
  freeOver: fields.freeOver.default([]),
  weightMaxGrams: fields.weightMaxGrams.default(null),
  daysMin: fields.daysMin.default(null),
  daysMax: fields.daysMax.default(null),
  position: fields.position.default(0),
  isActive: fields.isActive.default(true),
});
export type NewShippingOption = z.infer<typeof newShippingOption>;

/** `rates` and `freeOver` take the place of all there were. */
export const shippingOptionPatch = z.strictObject(fields).partial();
export type ShippingOptionPatch = z.infer<typeof shippingOptionPatch>;

const moneyOut = z.object({ amount: z.int(), currency: z.string() });
export const shippingOptionView = z.object({
  id: idOf('sho'),
  zoneId: idOf('shz'),
  profileId: idOf('shp'),
  name: z.string(),
  description: z.string(),
  basis,
  rates: z.array(z.object({ from: z.int(), price: moneyOut })).meta({ description: 'By currency, then by `from`.' }),
  freeOver: z.array(moneyOut),
  weightMaxGrams: z.int().nullable(),
  daysMin: z.int().nullable(),
  daysMax: z.int().nullable(),
  position: z.int(),
  isActive: z.boolean(),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type ShippingOptionView = z.infer<typeof shippingOptionView>;

export const shippingOptionsQuery = listQuery.extend({
  zoneId: idOf('shz').optional(),
  profileId: idOf('shp').optional(),
});
export type ShippingOptionsQuery = z.infer<typeof shippingOptionsQuery>;
export const shippingOptionsPage = pageOf(shippingOptionView);
