import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { moneyView } from '../../kernel/money.ts';
import { text } from '../../kernel/text.ts';
import { PAYMENT_PROVIDERS } from './payment-providers.contract.ts';

const REASON_MAX = 200;
const LINES_MAX = 200;
const QUANTITY_MAX = 1_000_000;

export const REFUND_STATUSES = ['starting', 'pending', 'succeeded', 'failed', 'refused', 'needs_attention'] as const;
export const REFUND_CAUSES = ['request', 'cancellation', 'late_payment', 'second_payment'] as const;

const lineWish = z.strictObject({ orderLineId: idOf('oli'), quantity: z.int().min(1).max(QUANTITY_MAX) });

/** What is to be given back: whole units of lines, shipping, and an amount of its own. */
export const refundWish = z
  .strictObject({
    lines: z.array(lineWish).max(LINES_MAX).optional(),
    shipping: z
      .union([z.literal(true), z.int().min(1)])
      .optional()
      .meta({ description: 'true: all that is left of it; else an amount in minor units.' }),
    amount: z.int().min(1).optional().meta({ description: 'Minor units besides lines and shipping. Needs a reason.' }),
    reason: text(REASON_MAX).optional(),
  })
  .refine((wish) => new Set(wish.lines?.map((line) => line.orderLineId)).size === (wish.lines?.length ?? 0), {
    path: ['lines'],
    error: 'Name each line once.',
  });
export type RefundWish = z.infer<typeof refundWish>;

/** The same as an order: an amount of its own has to be explained. */
export const newRefund = refundWish.refine((wish) => wish.amount === undefined || wish.reason !== undefined, {
  path: ['reason'],
  error: 'Say why this amount is given back.',
});

const parts = {
  lines: z.array(z.object({ orderLineId: idOf('oli'), quantity: z.int(), amount: moneyView })),
  shipping: moneyView,
  other: moneyView.meta({ description: 'Of no line and not of shipping.' }),
};

/** What a refund would be, and what is left to give back without it. */
export const refundPreview = z.object({
  ...parts,
  amount: moneyView,
  refundable: moneyView.meta({ description: 'What can be given back in all at this moment.' }),
});
export type RefundPreview = z.input<typeof refundPreview>;

export const refundView = z.object({
  id: idOf('rfd'),
  paymentId: idOf('pay'),
  orderId: idOf('ord'),
  provider: z.enum(PAYMENT_PROVIDERS),
  status: z.enum(REFUND_STATUSES).meta({
    description: 'needs_attention: the provider waits for the merchant. refused, failed: nothing was given back.',
  }),
  amount: moneyView,
  ...parts,
  cause: z.enum(REFUND_CAUSES),
  reason: z.string(),
  providerReference: z.string().nullable(),
  message: z.string().nullable(),
  createdBy: z.object({ type: z.string(), id: z.string() }),
  createdAt: instant,
  updatedAt: instant,
});
export type RefundView = z.input<typeof refundView>;
