import { z } from 'zod';
import { companyView } from '../../company/companies/companies.contract.ts';
import { companyUpdated } from '../../company/companies/companies.events.ts';
import { defineEvent } from '../../kernel/events.ts';
import { paymentProviderView } from './payment-providers.contract.ts';

// A provider that is removed leaves no row to count with: these are events of the company.
const data = z.object({ company: companyView, paymentProvider: paymentProviderView });
const provider: z.input<typeof paymentProviderView> = {
  provider: 'paystack',
  name: 'Paystack',
  isConfigured: true,
  publicKey: null,
  credentials: { lastFour: '9f2c', fingerprint: '4be7a1c09d52e6f8', updatedAt: '2026-11-21T09:00:00.000Z' },
  version: 1,
};

export const paymentProviderSetUp = defineEvent('company.payment_provider_set_up', data, {
  about: 'The company can be paid in another way, or its credentials for one were replaced. They are in no event.',
  sample: { ...companyUpdated.sample, paymentProvider: provider },
});
export const paymentProviderRemoved = defineEvent('company.payment_provider_removed', data, {
  about: 'The company is not paid in this way any more; its credentials were forgotten.',
  sample: {
    ...companyUpdated.sample,
    paymentProvider: { ...provider, isConfigured: false, credentials: null, version: 0 },
  },
});
