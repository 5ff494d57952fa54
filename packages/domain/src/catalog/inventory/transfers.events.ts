import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { transferView } from './transfers.contract.ts';

const data = z.object({ stockTransfer: transferView });
const sample = (
  status: 'draft' | 'in_transit' | 'received' | 'cancelled',
  received: number,
  version: number,
): { sample: z.input<typeof data> } => ({
  sample: {
    stockTransfer: {
      id: 'trf_01h455vb4pex5vsknk084sn02q',
      fromLocationId: 'loc_01h455vb4pex5vsknk084sn02q',
      toLocationId: 'loc_01h455vb4pex5vsknk084sn02r',
      status,
      reference: 'Van 2',
      lines: [{ variantId: 'var_01h455vb4pex5vsknk084sn02q', quantity: 12, received, lost: 0 }],
      sentAt: status === 'draft' ? null : '2026-11-21T09:00:00.000Z',
      closedAt: status === 'received' || status === 'cancelled' ? '2026-11-22T09:00:00.000Z' : null,
      version,
      createdAt: '2026-11-21T08:00:00.000Z',
    },
  },
});

export const transferCreated = defineEvent('stock_transfer.created', data, {
  about: 'A transfer of stock between two locations was drafted.',
  ...sample('draft', 0, 1),
});
export const transferSent = defineEvent('stock_transfer.sent', data, {
  about: 'A transfer of stock is on its way.',
  ...sample('in_transit', 0, 2),
});
/** All of it, or a part: the lines say what is still on its way. */
export const transferReceived = defineEvent('stock_transfer.received', data, {
  about: 'A transfer of stock arrived, all of it or a part: the lines say what is still on its way.',
  ...sample('received', 12, 3),
});
export const transferCancelled = defineEvent('stock_transfer.cancelled', data, {
  about: 'A transfer of stock was called off.',
  ...sample('cancelled', 0, 3),
});
