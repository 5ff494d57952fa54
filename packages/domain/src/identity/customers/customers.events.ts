import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { defineEvent } from '../../kernel/events.ts';
import { customerView } from './customers.contract.ts';

const data = z.object({ customer: customerView });
/** For the link of a mail to the person alone. */
const privately = z.object({ token: z.string(), expiresAt: instant });

/** A customer of a sample company; other modules' samples start from it. */
export const sampleCustomer: z.input<typeof customerView> = {
  id: 'cus_01h455vb4pex5vsknk084sn02q',
  email: 'bola@example.com',
  isEmailVerified: true,
  firstName: 'Bola',
  lastName: 'Ade',
  phone: '+2348012345678',
  locale: 'en-NG',
  acceptsMarketing: false,
  isTaxExempt: false,
  status: 'active',
  emailVerifiedAt: '2026-11-21T09:05:00.000Z',
  marketingChangedAt: null,
  marketingSource: null,
  note: '',
  tags: ['wholesale'],
  groups: [{ id: 'cgr_01h455vb4pex5vsknk084sn02q', name: 'Wholesale' }],
  lastLoginAt: null,
  version: 1,
  createdAt: '2026-11-21T09:00:00.000Z',
  updatedAt: '2026-11-21T09:00:00.000Z',
};
const sample = { customer: sampleCustomer };
const unverified = { customer: { ...sampleCustomer, isEmailVerified: false, emailVerifiedAt: null } };

/** They registered themselves; a mail asks them to prove the address. */
export const customerRegistered = defineEvent('customer.registered', data, {
  about: 'Somebody registered an account; a mail asks them to prove the address.',
  sample: unverified,
  privately,
});
/** Made by staff; a mail invites them to choose a password. */
export const customerCreated = defineEvent('customer.created', data, {
  about: 'Staff made an account for a customer; a mail invites them to choose a password.',
  sample: unverified,
  privately,
});
/** Somebody registered with an address that has an account; its owner gets a mail, and whoever asked learns nothing. */
export const customerRegisteredAgain = defineEvent('customer.registered_again', data, {
  about: 'Somebody registered with an address that has an account already; its owner gets a mail.',
  sample,
  privately,
});
export const customerVerificationRequested = defineEvent('customer.verification_requested', data, {
  about: 'A customer asked for another mail to prove their address.',
  sample: unverified,
  privately,
});
export const customerVerified = defineEvent('customer.verified', data, {
  about: 'A customer proved their e-mail address.',
  sample,
});
export const customerUpdated = defineEvent('customer.updated', data, {
  about: "A customer's details, addresses, tags, consent or groups changed.",
  sample,
});
export const customerPasswordResetRequested = defineEvent('customer.password_reset_requested', data, {
  about: "Somebody asked for a link to reset a customer's password. The link is in the mail only.",
  sample,
  privately,
});
export const customerPasswordChanged = defineEvent('customer.password_changed', data, {
  about: 'A customer changed or reset their password.',
  sample,
});

/** The mail goes to the new address, which becomes theirs when its link is opened. */
export const customerEmailChangeRequested = defineEvent(
  'customer.email_change_requested',
  data.extend({ newEmail: z.string() }),
  {
    about: 'A customer asked for another e-mail address; it becomes theirs when the link in the mail to it is opened.',
    sample: { ...sample, newEmail: 'bola@example.org' },
    privately,
  },
);
export const customerEmailChanged = defineEvent('customer.email_changed', data.extend({ previousEmail: z.string() }), {
  about: "A customer's e-mail address changed.",
  sample: { ...sample, previousEmail: 'bola@example.net' },
});

export const customerDisabled = defineEvent('customer.disabled', data, {
  about: "A customer's account was disabled and their sessions ended.",
  sample: { customer: { ...sampleCustomer, status: 'disabled' } },
});
export const customerEnabled = defineEvent('customer.enabled', data, {
  about: 'A disabled customer may log in again.',
  sample,
});
/** Whoever keeps a copy of what earlier events said of them erases it as well. */
export const customerErased = defineEvent('customer.erased', data, {
  about:
    "A customer's personal data was erased. Whoever keeps a copy of what earlier events said of them erases it as well.",
  sample: {
    customer: {
      ...sampleCustomer,
      email: 'erased-cus_01h455vb4pex5vsknk084sn02q@invalid',
      isEmailVerified: false,
      emailVerifiedAt: null,
      firstName: null,
      lastName: null,
      phone: null,
      locale: null,
      marketingSource: 'erasure',
      tags: [],
      groups: [],
      status: 'erased',
    },
  },
});

export type CustomerEvent = typeof customerUpdated;
export type CustomerLinkEvent = typeof customerRegistered;
