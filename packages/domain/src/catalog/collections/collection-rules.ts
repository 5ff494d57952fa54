import { z } from 'zod';
import { idOf } from '../../kernel/ids.ts';
import { currencyCode } from '../../kernel/money.ts';
import { text } from '../../kernel/text.ts';

/** Rule collections of a company: each is looked at whenever a product is saved. */
export const RULE_COLLECTIONS_MAX = 200;
export const RULES_PER_COLLECTION_MAX = 20;
const RULE_TEXT_LENGTH_MAX = 200;
const PUBLISHED_DAYS_MAX = 3_650;
const WEIGHT_GRAMS_MAX = 2_147_483_647;

const EQUALITY = ['equals', 'not_equals'] as const;
const WORDS = [...EQUALITY, 'contains', 'not_contains', 'starts_with', 'ends_with'] as const;
const SIZES = [...EQUALITY, 'greater_than', 'at_least', 'less_than', 'at_most'] as const;

/**
 * What a rule may ask: fields, what can be done with each, and what it is compared with. Words are compared without case
 * and accents. `price` is what the product costs "from" in the currency at this moment; a product that has no price in
 * it matches neither `price` nor `on_sale`. `category` means the category and all below it.
 */
export const collectionRule = z.discriminatedUnion('field', [
  z.strictObject({
    field: z.enum(['title', 'vendor', 'product_type']),
    operator: z.enum(WORDS),
    value: text(RULE_TEXT_LENGTH_MAX),
  }),
  z.strictObject({ field: z.literal('tag'), operator: z.enum(EQUALITY), value: text(RULE_TEXT_LENGTH_MAX) }),
  z.strictObject({ field: z.literal('category'), operator: z.enum(EQUALITY), value: idOf('cat') }),
  z.strictObject({
    field: z.literal('price'),
    operator: z.enum(SIZES),
    value: z.int().min(0).meta({ description: 'Whole minor units.', example: 500000 }),
    currency: currencyCode,
  }),
  z.strictObject({
    field: z.literal('on_sale'),
    operator: z.literal('equals'),
    value: z.boolean(),
    currency: currencyCode,
  }),
  z.strictObject({ field: z.literal('in_stock'), operator: z.literal('equals'), value: z.boolean() }),
  z.strictObject({
    field: z.literal('published'),
    operator: z.literal('within_days'),
    value: z.int().min(1).max(PUBLISHED_DAYS_MAX),
  }),
  z.strictObject({
    field: z.literal('weight'),
    operator: z.enum(SIZES),
    value: z.int().min(0).max(WEIGHT_GRAMS_MAX).meta({ description: 'Grams; of any variant for sale.' }),
  }),
]);
export type CollectionRule = z.infer<typeof collectionRule>;
export type RuleOperator = CollectionRule['operator'];

/** Does the answer change by itself, with stock or with time? Such collections are found anew every so often. */
export const drifts = ({ field }: CollectionRule): boolean =>
  field === 'in_stock' || field === 'price' || field === 'on_sale' || field === 'published';

/** A rule in the form of its row: the value as text. */
export const rowOfRule = (rule: CollectionRule) => ({
  field: rule.field,
  operator: rule.operator,
  value: String(rule.value),
  currency: 'currency' in rule ? rule.currency : null,
});

/** The rule of a row. Throws if no such rule can have been stored: a fault of ours. */
export function ruleOfRow(row: {
  field: string;
  operator: string;
  value: string;
  currency: string | null;
}): CollectionRule {
  const { field, operator, value, currency } = row;
  return collectionRule.parse({
    field,
    operator,
    value: typedValue(field, value),
    ...(currency === null ? {} : { currency }),
  });
}

function typedValue(field: string, value: string): string | number | boolean {
  if (field === 'price' || field === 'weight' || field === 'published') return Number(value);
  return field === 'on_sale' || field === 'in_stock' ? value === 'true' : value;
}
