import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { prose, text } from '../../kernel/text.ts';

const LINES_MAX = 500;
const TRACKING_NUMBERS_MAX = 20;
const NOTE_MAX = 2_000;
const UNITS_MAX = 1_000_000;

export const fulfilmentStatus = z.enum([
  'pending',
  'packed',
  'shipped',
  'out_for_delivery',
  'delivered',
  'failed',
  'returned',
  'cancelled',
]);

const trackingUrl = z
  .url({ protocol: /^https?$/, error: 'Expected a web address, like https://track.example.com/RX123.' })
  .max(500);

const tracking = {
  carrier: text(80).nullable().optional(),
  trackingNumbers: z.array(text(80)).max(TRACKING_NUMBERS_MAX).optional(),
  trackingUrl: trackingUrl.nullable().optional(),
  note: prose(NOTE_MAX).nullable().optional(),
};

const linesOnce = (lines: readonly { orderLineId: string }[]) =>
  new Set(lines.map(({ orderLineId }) => orderLineId)).size === lines.length;

export const newFulfilment = z.strictObject({
  lines: z
    .array(z.strictObject({ orderLineId: idOf('oli'), quantity: z.int().min(1).max(UNITS_MAX) }))
    .min(1)
    .max(LINES_MAX)
    .refine(linesOnce, { error: 'Name each line once.' })
    .optional()
    .meta({ description: 'Left out: everything that is still to be sent from there.' }),
  locationId: idOf('loc')
    .optional()
    .meta({ description: 'Where the goods leave. Left out: where most of them are reserved.' }),
  ...tracking,
});
export type NewFulfilment = z.infer<typeof newFulfilment>;

/** What is known of a parcel's way may be filled in or corrected at any time. */
export const fulfilmentPatch = z.strictObject(tracking);
export type FulfilmentPatch = z.infer<typeof fulfilmentPatch>;

/** The body of a shipment may tell its tracking at once. */
export const newShipment = z.strictObject(tracking);

/** The end of a way that went wrong: why, and whether the goods are on the shelf again. */
export const fulfilmentEnding = z.strictObject({
  reason: text(200).optional(),
  restock: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether the goods lie on the shelf again, at the location they left.' }),
});
export type FulfilmentEnding = z.infer<typeof fulfilmentEnding>;

export const fulfilmentView = z.object({
  id: idOf('ful'),
  order: z.object({ id: idOf('ord'), number: z.string(), email: z.string() }),
  locationId: idOf('loc'),
  status: fulfilmentStatus,
  lines: z.array(
    z.object({
      orderLineId: idOf('oli'),
      variantId: idOf('var'),
      sku: z.string().nullable(),
      title: z.string(),
      variantTitle: z.string().nullable(),
      quantity: z.int(),
    }),
  ),
  carrier: z.string().nullable(),
  trackingNumbers: z.array(z.string()),
  trackingUrl: z.string().nullable(),
  note: z.string().nullable(),
  failureReason: z.string().nullable(),
  next: z
    .array(z.enum(['packing', 'shipment', 'out-for-delivery', 'delivery', 'failure', 'return', 'cancellation']))
    .meta({ description: 'What can be done now: POST /v1/fulfilments/:id/<one of these>.' }),
  packedAt: instant.nullable(),
  shippedAt: instant.nullable(),
  deliveredAt: instant.nullable(),
  endedAt: instant.nullable(),
  version: z.int(),
  createdAt: instant,
});
export type FulfilmentView = z.infer<typeof fulfilmentView>;

export const fulfilmentsQuery = listQuery.extend({
  status: fulfilmentStatus.optional(),
  orderId: idOf('ord').optional(),
  locationId: idOf('loc').optional(),
});
export type FulfilmentsQuery = z.infer<typeof fulfilmentsQuery>;
export const fulfilmentsPage = pageOf(fulfilmentView);
