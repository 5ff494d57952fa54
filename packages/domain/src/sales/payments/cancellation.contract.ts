import { z } from 'zod';
import { idOf } from '../../kernel/ids.ts';
import { moneyView } from '../../kernel/money.ts';
import { text } from '../../kernel/text.ts';
import { orderView } from '../orders/orders.contract.ts';
import { refundView } from './refunds.contract.ts';

const REASON_MAX = 200;
const LINES_MAX = 200;
const QUANTITY_MAX = 1_000_000;

/** What of an order is called off. */
export const newCancellation = z.strictObject({
  lines: z
    .array(z.strictObject({ orderLineId: idOf('oli'), quantity: z.int().min(1).max(QUANTITY_MAX) }))
    .min(1)
    .max(LINES_MAX)
    .optional()
    .meta({ description: 'Without it: all that stands in no fulfilment.' }),
  reason: text(REASON_MAX),
  restock: z.boolean().default(true).meta({ description: 'Whether its goods can be sold again.' }),
  refund: z.boolean().default(true).meta({ description: 'Whether what was paid for it goes back at once.' }),
});
export type NewCancellation = z.infer<typeof newCancellation>;

export const cancellationView = z.object({
  order: orderView,
  cancelled: moneyView.meta({ description: 'What was called off: lines and, with the last of them, shipping.' }),
  refunds: z.array(refundView).meta({ description: 'What goes back for it.' }),
});
export type CancellationView = z.input<typeof cancellationView>;
