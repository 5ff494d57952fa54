import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { nextMoves } from './fulfilment-moves.ts';
import { type FulfilmentView, fulfilmentView } from './fulfilments.contract.ts';

const data = z.object({ fulfilment: fulfilmentView });
const AT = '2026-11-22T09:00:00.000Z';

const sample = (status: FulfilmentView['status'], version: number): { sample: z.input<typeof data> } => ({
  sample: {
    fulfilment: {
      id: 'ful_01h455vb4pex5vsknk084sn02q',
      order: { id: 'ord_01h455vb4pex5vsknk084sn02q', number: 'SK-1001', email: 'ada@example.com' },
      locationId: 'loc_01h455vb4pex5vsknk084sn02q',
      status,
      lines: [
        {
          orderLineId: 'oli_01h455vb4pex5vsknk084sn02q',
          variantId: 'var_01h455vb4pex5vsknk084sn02q',
          sku: 'ADR-1',
          title: 'Adire scarf',
          variantTitle: 'Indigo',
          quantity: 2,
        },
      ],
      carrier: 'GIG Logistics',
      trackingNumbers: ['RX123'],
      trackingUrl: 'https://track.example.com/RX123',
      note: null,
      failureReason: status === 'failed' ? 'Nobody was at home' : null,
      next: nextMoves(status),
      packedAt: status === 'pending' ? null : AT,
      shippedAt: ['pending', 'packed', 'cancelled'].includes(status) ? null : AT,
      deliveredAt: status === 'delivered' ? AT : null,
      endedAt: ['failed', 'returned', 'cancelled'].includes(status) ? AT : null,
      version,
      createdAt: '2026-11-21T09:00:00.000Z',
    },
  },
});

export const fulfilmentCreated = defineEvent('fulfilment.created', data, {
  about: 'Lines of an order were set apart to be sent together.',
  ...sample('pending', 1),
});
/** Its tracking or its note was filled in or corrected. */
export const fulfilmentUpdated = defineEvent('fulfilment.updated', data, {
  about: 'The tracking or the note of a parcel was filled in or corrected.',
  ...sample('shipped', 4),
});
export const fulfilmentPacked = defineEvent('fulfilment.packed', data, {
  about: 'A parcel was packed.',
  ...sample('packed', 2),
});
export const fulfilmentShipped = defineEvent('fulfilment.shipped', data, {
  about: 'A parcel was handed to the carrier.',
  ...sample('shipped', 3),
});
export const fulfilmentOutForDelivery = defineEvent('fulfilment.out_for_delivery', data, {
  about: 'A parcel is on its last way to the customer.',
  ...sample('out_for_delivery', 4),
});
export const fulfilmentDelivered = defineEvent('fulfilment.delivered', data, {
  about: 'A parcel arrived.',
  ...sample('delivered', 5),
});
export const fulfilmentFailed = defineEvent('fulfilment.failed', data, {
  about: 'A parcel could not be delivered.',
  ...sample('failed', 5),
});
export const fulfilmentReturned = defineEvent('fulfilment.returned', data, {
  about: 'A parcel came back.',
  ...sample('returned', 6),
});
export const fulfilmentCancelled = defineEvent('fulfilment.cancelled', data, {
  about: 'A parcel will not be sent; what was in it is to be sent again or not at all.',
  ...sample('cancelled', 3),
});
