import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { companyView } from './companies.contract.ts';

const data = z.object({ company: companyView });
const sample: z.input<typeof data> = {
  company: {
    id: 'com_01h455vb4pex5vsknk084sn02q',
    handle: 'ada-fabrics',
    name: 'Ada Fabrics',
    country: 'NG',
    currency: 'NGN',
    timezone: 'Africa/Lagos',
    status: 'active',
    mode: 'live',
    parentCompanyId: null,
    version: 1,
    createdAt: '2026-11-21T09:00:00.000Z',
    updatedAt: '2026-11-21T09:00:00.000Z',
  },
};
const past = (status: 'active' | 'suspended' | 'closed'): z.input<typeof data> => ({
  company: { ...sample.company, status, version: 2 },
});

export const companyCreated = defineEvent('company.created', data, {
  about: 'The company was registered, or a sandbox was opened for it.',
  sample,
});
export const companyUpdated = defineEvent('company.updated', data, {
  about: 'The company changed its name, country or time zone.',
  sample: past('active'),
});
export const companySuspended = defineEvent('company.suspended', data, {
  about: 'The company was suspended: it can be read, and nothing can be written or bought.',
  sample: past('suspended'),
});
export const companyResumed = defineEvent('company.resumed', data, {
  about: 'A suspended company may trade again.',
  sample: past('active'),
});
export const companyClosed = defineEvent('company.closed', data, {
  about: 'The company was closed for good.',
  sample: past('closed'),
});
