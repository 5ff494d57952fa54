import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { discountView } from './discounts.contract.ts';

const data = z.object({ discount: discountView });
const sample: z.input<typeof data> = {
  discount: {
    id: 'dis_01h455vb4pex5vsknk084sn02q',
    title: 'Launch week',
    method: 'code',
    kind: 'percentage',
    class: 'order',
    status: 'active',
    priority: 0,
    percentPpm: 100_000,
    allocation: 'across',
    amounts: [{ currency: 'NGN', amount: null, subtotalMin: 1_000_000, amountMax: null }],
    targets: [],
    buy: null,
    getQuantity: null,
    repeatMax: null,
    quantityMin: null,
    customerGroupIds: [],
    firstOrderOnly: false,
    combinesWith: ['product', 'shipping'],
    startsAt: '2026-11-21T09:00:00.000Z',
    endsAt: null,
    usageLimit: 500,
    perCustomerLimit: 1,
    used: 0,
    codeCount: 1,
    codes: ['LAUNCH10'],
    version: 1,
    createdAt: '2026-11-21T09:00:00.000Z',
    updatedAt: '2026-11-21T09:00:00.000Z',
  },
};

export const discountCreated = defineEvent('discount.created', data, { about: 'A discount was made.', sample });
/** Also when its codes change, and when it is paused or archived. That somebody uses it is told by `order.placed`. */
export const discountUpdated = defineEvent('discount.updated', data, {
  about:
    'A discount or its codes changed, or it was paused or archived. That somebody used it is told by `order.placed`.',
  sample,
});
