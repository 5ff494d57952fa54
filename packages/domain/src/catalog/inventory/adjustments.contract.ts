import { z } from 'zod';
import { idOf } from '../../kernel/ids.ts';
import { text } from '../../kernel/text.ts';
import { reason, SKU_LENGTH_MAX, stockLevelView, UNITS_MAX } from './stock.contract.ts';

export const ADJUSTMENTS_MAX = 1_000;

const row = z.strictObject({
  sku: text(SKU_LENGTH_MAX).optional().meta({ example: 'ADIRE-BLUE-M' }),
  variantId: idOf('var').optional(),
  locationId: idOf('loc').optional().meta({ description: 'Without it the first active location by priority.' }),
  delta: z
    .int()
    .min(-UNITS_MAX)
    .max(UNITS_MAX)
    .refine((delta) => delta !== 0, { error: 'Expected a number other than 0.' })
    .optional()
    .meta({ description: 'Units that came (above zero) or went (below).' }),
  setTo: z.int().min(0).max(UNITS_MAX).optional().meta({ description: 'Units counted on the shelf.' }),
  expected: z.int().min(0).max(UNITS_MAX).optional().meta({
    description: 'What was on hand when you looked. If it is another number by now, nothing is changed.',
  }),
});

const OF_WHAT = { error: 'Expected either sku or variantId.', path: ['sku'] };
const HOW_MUCH = { error: 'Expected either delta or setTo.', path: ['delta'] };
type Row = z.infer<typeof row>;
const namesOne = ({ sku, variantId }: Row) => (sku === undefined) !== (variantId === undefined);
const changesOne = ({ delta, setTo }: Row) => (delta === undefined) !== (setTo === undefined);

export const adjustmentRow = row.refine(namesOne, OF_WHAT).refine(changesOne, HOW_MUCH);
export type AdjustmentRow = z.infer<typeof adjustmentRow>;

/** One count of one variant at one location. */
export const newAdjustment = row.extend({ reason }).refine(namesOne, OF_WHAT).refine(changesOne, HOW_MUCH);
export type NewAdjustment = z.infer<typeof newAdjustment>;

/** Counts of many variants; each is carried out or refused by itself. */
export const newAdjustmentBatch = z.strictObject({
  reason,
  rows: z.array(adjustmentRow).min(1).max(ADJUSTMENTS_MAX),
});
export type NewAdjustmentBatch = z.infer<typeof newAdjustmentBatch>;

export const adjustmentView = z.object({
  delta: z.int().meta({ description: 'By how much the units on hand changed.' }),
  stockLevel: stockLevelView,
});
export type AdjustmentView = z.infer<typeof adjustmentView>;

const rowOutcome = z.object({
  row: z.int().meta({ description: 'Its place among the rows, from 0.' }),
  outcome: z.enum(['adjusted', 'unchanged', 'refused']),
  delta: z.int(),
  onHand: z.int().nullable().meta({ description: 'Afterwards; null for a variant or location that is not here.' }),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export const adjustmentBatchView = z.object({
  counts: z.object({ adjusted: z.int(), unchanged: z.int(), refused: z.int() }),
  rows: z.array(rowOutcome),
});
export type AdjustmentBatchView = z.infer<typeof adjustmentBatchView>;
export type RowOutcome = z.infer<typeof rowOutcome>;
