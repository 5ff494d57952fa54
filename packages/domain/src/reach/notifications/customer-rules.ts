import { z } from 'zod';
import { customerReuseDetected } from '../../identity/customer-sessions/customer-sessions.events.ts';
import {
  customerCreated,
  customerEmailChanged,
  customerEmailChangeRequested,
  customerPasswordChanged,
  customerPasswordResetRequested,
  customerRegistered,
  customerRegisteredAgain,
  customerVerificationRequested,
} from '../../identity/customers/customers.events.ts';
import type { WaitingEvent } from '../../kernel/dispatch.ts';
import { type LinkToken, withToken } from './link-token.ts';

/** Mails to customers that bring a link. */
export type CustomerLinkTemplate =
  | 'customer-verification'
  | 'customer-account-exists'
  | 'customer-invitation'
  | 'customer-password-reset'
  | 'customer-email-change';

/** What a shop writes to its customers about their account. `name` is null for whoever gave none. */
export type CustomerMessage =
  | { template: CustomerLinkTemplate; parameters: LinkToken & { name: string | null } }
  | { template: 'customer-password-changed'; parameters: { name: string | null; at: string } }
  | { template: 'customer-email-changed'; parameters: { name: string | null; at: string; newEmail: string } }
  | { template: 'customer-session-reuse'; parameters: { name: string | null; at: string } };

const aboutCustomer = z.object({ customer: z.object({ email: z.string(), firstName: z.string().nullable() }) });
const withNewEmail = aboutCustomer.extend({ newEmail: z.string() });
const withPreviousEmail = aboutCustomer.extend({ previousEmail: z.string() });

type Rule = (event: WaitingEvent) => CustomerMessage & { recipient: string };

const linkOf =
  (template: CustomerLinkTemplate): Rule =>
  (event) => {
    const { customer } = aboutCustomer.parse(event.data);
    const parameters = { name: customer.firstName, ...withToken.parse(event.privately()) };
    return { template, recipient: customer.email, parameters };
  };

const noticeOf =
  (template: 'customer-password-changed' | 'customer-session-reuse'): Rule =>
  (event) => {
    const { customer } = aboutCustomer.parse(event.data);
    return { template, recipient: customer.email, parameters: { name: customer.firstName, at: event.createdAt } };
  };

/** One line per event that a customer is written to about. */
export const CUSTOMER_RULES: Record<string, Rule> = {
  [customerRegistered.type]: linkOf('customer-verification'),
  [customerVerificationRequested.type]: linkOf('customer-verification'),
  [customerRegisteredAgain.type]: linkOf('customer-account-exists'),
  [customerCreated.type]: linkOf('customer-invitation'),
  [customerPasswordResetRequested.type]: linkOf('customer-password-reset'),
  [customerPasswordChanged.type]: noticeOf('customer-password-changed'),
  [customerReuseDetected.type]: noticeOf('customer-session-reuse'),
  // To the new address: whoever opens the link has it.
  [customerEmailChangeRequested.type]: (event) => {
    const { customer, newEmail } = withNewEmail.parse(event.data);
    const parameters = { name: customer.firstName, ...withToken.parse(event.privately()) };
    return { template: 'customer-email-change', recipient: newEmail, parameters };
  },
  // To the old address, in case it was somebody else.
  [customerEmailChanged.type]: (event) => {
    const { customer, previousEmail } = withPreviousEmail.parse(event.data);
    const parameters = { name: customer.firstName, at: event.createdAt, newEmail: customer.email };
    return { template: 'customer-email-changed', recipient: previousEmail, parameters };
  },
};
