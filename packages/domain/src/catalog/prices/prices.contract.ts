import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';

/** One line of what a variant ever cost. */
export const priceChangeView = z.object({
  id: idOf('pch'),
  change: z.enum(['set', 'removed']),
  amount: z.int(),
  currency: z.string(),
  compareAt: z.int().nullable(),
  validFrom: instant.nullable(),
  validUntil: instant.nullable(),
  changedAt: instant,
  changedBy: z.object({ type: z.string(), id: z.string() }),
});
export type PriceChangeView = z.infer<typeof priceChangeView>;
export const priceChangesQuery = listQuery;
export const priceChangesPage = pageOf(priceChangeView);

/** What the law wants beside a reduced price in the European Union. */
export const priorPriceView = z.object({
  currency: z.string(),
  amount: z.int().meta({ description: 'What it costs now, in whole minor units.' }),
  since: instant.meta({ description: 'Since when it costs that.' }),
  lowestBefore: z.int().nullable().meta({
    description: 'The lowest price of the 30 days before `since`; null when it was not for sale in those days.',
  }),
});
export type PriorPriceView = z.infer<typeof priorPriceView>;
export const priorPrices = z.object({ data: z.array(priorPriceView) });
