import type { Ctx } from '../../kernel/ctx.ts';
import { emit } from '../../kernel/outbox.ts';
import type { AboutCustomer, CustomerView, NewCustomer } from '../customers/customers.contract.ts';
import {
  customerCreated,
  customerRegistered,
  customerRegisteredAgain,
  customerVerified,
} from '../customers/customers.events.ts';
import {
  addCustomer,
  changeCustomer,
  customerByEmail,
  insertCustomer,
  noteCustomer,
  viewOf,
} from '../customers/customers.service.ts';
import { UNUSABLE_PASSWORD_HASH } from '../passwords/password-hash.ts';
import { openLink, sendLink } from './customer-links.service.ts';

/**
 * Makes an account and has a mail sent to prove its address. If the address has one already, its owner gets a mail instead
 * with a way to choose a password, which proves the address as well: so nobody gets into an account that somebody else
 * opened in their name beforehand. Whoever asks cannot tell the two apart.
 */
export async function registerCustomer(ctx: Ctx, about: AboutCustomer, passwordHash: string): Promise<void> {
  const made = await insertCustomer(ctx, about, { passwordHash, source: 'registration' });
  if (!made) return remindOfAccount(ctx, about.email);
  const privately = await openLink(ctx, made.id, 'verification', made.email);
  const customer = await viewOf(ctx, made);
  const aggregate = { id: made.id, sequence: made.eventSequence };
  await emit(ctx, customerRegistered, { aggregate, data: { customer }, privately });
}

/** Makes an account for somebody and has them invited to choose a password. Throws `CustomerEmailTaken`. */
export async function createCustomer(ctx: Ctx, input: NewCustomer): Promise<CustomerView> {
  const made = await addCustomer(ctx, input, UNUSABLE_PASSWORD_HASH);
  const privately = await openLink(ctx, made.id, 'invitation', made.email);
  const customer = await viewOf(ctx, made);
  noteCustomer(ctx, made.id, 'customer.created');
  const aggregate = { id: made.id, sequence: made.eventSequence };
  await emit(ctx, customerCreated, { aggregate, data: { customer }, privately });
  return customer;
}

/** Makes an account whose address counts as proved and whose password is known, without any mail: for a demo. Throws `CustomerEmailTaken`. */
export async function seedCustomer(ctx: Ctx, about: AboutCustomer, passwordHash: string): Promise<CustomerView> {
  const made = await addCustomer(ctx, { ...about, note: '', tags: [], isTaxExempt: false }, passwordHash);
  const set = { emailVerifiedAt: ctx.now.toISOString() };
  return changeCustomer(ctx, made.id, set, { event: customerVerified, action: 'customer.created' });
}

async function remindOfAccount(ctx: Ctx, email: string): Promise<void> {
  const known = await customerByEmail(ctx, email);
  if (known?.status === 'active') await sendLink(ctx, known, 'password_reset', customerRegisteredAgain);
}
