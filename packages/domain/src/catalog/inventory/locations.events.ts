import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { locationView } from './locations.contract.ts';

const data = z.object({ stockLocation: locationView });
const sample: z.input<typeof data> = {
  stockLocation: {
    id: 'loc_01h455vb4pex5vsknk084sn02q',
    name: 'Lagos Island',
    handle: 'lagos-island',
    address: { line1: '1 Marina', city: 'Lagos', country: 'NG' },
    priority: 0,
    isActive: true,
    version: 1,
    createdAt: '2026-11-21T09:00:00.000Z',
    updatedAt: '2026-11-21T09:00:00.000Z',
  },
};

export const locationCreated = defineEvent('stock_location.created', data, {
  about: 'A stock location was made.',
  sample,
});
export const locationUpdated = defineEvent('stock_location.updated', data, {
  about: 'A stock location changed, was switched on or off, or moved in priority.',
  sample,
});
