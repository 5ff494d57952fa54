import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { taxRateView } from './tax.contract.ts';

const data = z.object({ taxRate: taxRateView });
const sample: z.input<typeof data> = {
  taxRate: {
    id: 'txr_01h455vb4pex5vsknk084sn02q',
    name: 'VAT',
    country: 'NG',
    region: null,
    taxCategory: null,
    ratePpm: 75_000,
    appliesToShipping: true,
    isActive: true,
    version: 1,
    createdAt: '2026-11-21T09:00:00.000Z',
    updatedAt: '2026-11-21T09:00:00.000Z',
  },
};

export const taxRateCreated = defineEvent('tax_rate.created', data, { about: 'A tax rate was made.', sample });
export const taxRateUpdated = defineEvent('tax_rate.updated', data, { about: 'A tax rate changed.', sample });
export const taxRateDeleted = defineEvent('tax_rate.deleted', data, { about: 'A tax rate was deleted.', sample });
