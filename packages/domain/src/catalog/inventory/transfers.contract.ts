import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';
import { UNITS_MAX } from './stock.contract.ts';

const LINES_MAX = 500;
const REFERENCE_LENGTH_MAX = 80;
const status = z.enum(['draft', 'in_transit', 'received', 'cancelled']);
const variantsOnce = (lines: readonly { variantId: string }[]) =>
  new Set(lines.map(({ variantId }) => variantId)).size === lines.length;
const ONCE = { error: 'Name each variant once.' };

export const newTransfer = z
  .strictObject({
    fromLocationId: idOf('loc'),
    toLocationId: idOf('loc'),
    reference: text(REFERENCE_LENGTH_MAX).nullable().default(null),
    lines: z
      .array(z.strictObject({ variantId: idOf('var'), quantity: z.int().min(1).max(UNITS_MAX) }))
      .min(1)
      .max(LINES_MAX)
      .refine(variantsOnce, ONCE),
  })
  .refine(({ fromLocationId, toLocationId }) => fromLocationId !== toLocationId, {
    error: 'Expected another location than the one the goods come from.',
    path: ['toLocationId'],
  });
export type NewTransfer = z.infer<typeof newTransfer>;

/** What arrived: of each line, units found good and units found missing or broken. */
export const newReceipt = z.strictObject({
  lines: z
    .array(
      z.strictObject({
        variantId: idOf('var'),
        received: z.int().min(0).max(UNITS_MAX).default(0),
        lost: z.int().min(0).max(UNITS_MAX).default(0),
      }),
    )
    .min(1)
    .max(LINES_MAX)
    .refine(variantsOnce, ONCE),
});
export type NewReceipt = z.infer<typeof newReceipt>;

export const transferView = z.object({
  id: idOf('trf'),
  fromLocationId: idOf('loc'),
  toLocationId: idOf('loc'),
  status,
  reference: z.string().nullable(),
  lines: z.array(z.object({ variantId: idOf('var'), quantity: z.int(), received: z.int(), lost: z.int() })),
  sentAt: instant.nullable(),
  closedAt: instant.nullable(),
  version: z.int(),
  createdAt: instant,
});
export type TransferView = z.infer<typeof transferView>;

export const transfersQuery = listQuery.extend({ status: status.optional() });
export type TransfersQuery = z.infer<typeof transfersQuery>;
export const transfersPage = pageOf(transferView);
