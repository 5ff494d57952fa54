import { sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { emailKey } from '../../kernel/text.ts';
import {
  type CustomerCredentials,
  customerCredentialsByEmail,
  customerCredentialsOf,
  lockCustomerCredentials,
} from '../customer-sessions/customer-credentials.service.ts';
import { endCustomerSessions } from '../customer-sessions/customer-sessions.service.ts';
import { customerPasswordChanged, customerPasswordResetRequested } from '../customers/customers.events.ts';
import { changeCustomer, lockCustomer } from '../customers/customers.service.ts';
import { WrongPassword } from '../passwords/passwords.errors.ts';
import { CustomerLinkRefused, PasswordNeeded } from './customer-accounts.errors.ts';
import { findLink, sendLink, useLink, voidLinks } from './customer-links.service.ts';
import { markVerified, type VerifiedCustomer } from './verification.service.ts';

/** That of a registration too: its account may have been opened by a stranger, and whoever has the mailbox gets them out. */
const SETS_PASSWORD = ['password_reset', 'invitation', 'verification'] as const;

/**
 * Replaces one's own password and ends one's other sessions. `verified` is the hash the present password was checked
 * against, outside the transaction: if it is not the stored one any more, somebody was faster. Throws `WrongPassword`.
 */
export async function changeCustomerPassword(
  ctx: Ctx,
  id: Id<'cus'>,
  { verified, passwordHash }: { verified: string; passwordHash: string },
): Promise<void> {
  const { passwordHash: stored } = await lockCustomerCredentials(ctx, id);
  if (stored !== verified) throw new WrongPassword('/currentPassword');
  await store(ctx, id, passwordHash, 'customer.password_changed', ctx.customerSessionId);
}

/** Opens a way back for whoever has this address; does nothing if nobody may log in with it. */
export async function requestCustomerReset(ctx: Ctx, email: string): Promise<void> {
  const person = await customerCredentialsByEmail(ctx, email);
  if (!person?.mayLogIn) return;
  await sendLink(ctx, { id: person.customerId }, 'password_reset', customerPasswordResetRequested);
}

/**
 * Whose password a link would set, before anything is hashed. Throws `CustomerLinkRefused`, and `PasswordNeeded` for the
 * link of a change of address: with a slip in the new address a stranger would get the whole account.
 */
export async function customerResetSubject(ctx: Ctx, hash: string): Promise<CustomerCredentials> {
  const link = await findLink(ctx, hash, [...SETS_PASSWORD, 'email_change']);
  if (!link) throw new CustomerLinkRefused();
  const { customerId, purpose } = link;
  if (purpose === 'email_change') throw new PasswordNeeded(false);
  const person = await customerCredentialsOf(ctx, customerId);
  if (!person.mayLogIn) throw new CustomerLinkRefused();
  return person;
}

/**
 * Uses the link up, stores the password and ends all sessions. Opens none. Whoever has the link has the mailbox, so the
 * address is proved as well. Throws `CustomerLinkRefused`; of two at once one gets through.
 */
export async function resetCustomerPassword(ctx: Ctx, hash: string, passwordHash: string): Promise<VerifiedCustomer> {
  const link = await useLink(ctx, hash, SETS_PASSWORD);
  if (!link) throw new CustomerLinkRefused();
  const before = await lockCustomer(ctx, link.customerId);
  if (before.status !== 'active' || before.emailKey !== emailKey(link.email)) throw new CustomerLinkRefused();
  await markVerified(ctx, before);
  await store(ctx, before.id, passwordHash, 'customer.password_reset');
  return { customerId: before.id, emailKey: before.emailKey };
}

async function store(ctx: Ctx, id: Id<'cus'>, passwordHash: string, action: string, keep?: Id<'cses'>): Promise<void> {
  await voidLinks(ctx, id);
  await endCustomerSessions(ctx, id, 'password', keep);
  const set = { passwordHash, passwordChangedAt: sql`now()` };
  await changeCustomer(ctx, id, set, { event: customerPasswordChanged, action });
}
