import { sql } from 'drizzle-orm';
import { getCompany } from '../../company/companies/companies.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { violates } from '../../kernel/postgres-error.ts';
import { emailKey } from '../../kernel/text.ts';
import { type CustomerCredentials, customerCredentialsOf } from '../customer-sessions/customer-credentials.service.ts';
import {
  customerEmailChanged,
  customerVerificationRequested,
  customerVerified,
} from '../customers/customers.events.ts';
import {
  type CustomerRow,
  changeCustomer,
  lockCustomer,
  nextCustomerEvent,
  noteCustomer,
} from '../customers/customers.service.ts';
import { CustomerLinkRefused, PasswordNeeded } from './customer-accounts.errors.ts';
import {
  type CustomerLink,
  findLink,
  linkHash,
  sendLink,
  usedLink,
  useLink,
  voidLinks,
} from './customer-links.service.ts';

/** A customer whose address is proved: theirs is what was done under it as a guest. */
export interface VerifiedCustomer {
  readonly customerId: Id<'cus'>;
  readonly emailKey: string;
}

/** What later modules do in the same unit of work once an address is proved, like claiming the orders of a guest. */
export type WhenVerified = (ctx: Ctx, verified: VerifiedCustomer) => Promise<void>;

const PROVES_ADDRESS = ['verification', 'email_change'] as const;

/**
 * Whose password would go with the token of a mail, before anything is hashed; undefined for a link that is good no more
 * (`verifyCustomer` says what becomes of it). Throws `CustomerLinkRefused` where nobody may log in.
 */
export async function verificationSubject(ctx: Ctx, token: string): Promise<CustomerCredentials | undefined> {
  const link = await findLink(ctx, linkHash(ctx, token), PROVES_ADDRESS);
  if (!link) return undefined;
  const person = await customerCredentialsOf(ctx, link.customerId);
  if (!person.mayLogIn) throw new CustomerLinkRefused();
  return person;
}

/**
 * Proves an address with the token from a mail: that of a registration, or the new one of a change of address. A second
 * click on the same link changes nothing and gives the same answer.
 *
 * The mailbox is not enough: a stranger may have opened the account in its owner's name, with a password of their own, and
 * would get the guest's orders with it. So the link counts only from the customer's own session, or with `verified`, the
 * hash their password was checked against outside the transaction; whoever has neither chooses a new password with the
 * same link (`resetCustomerPassword`), which ends the sessions and links of whoever was there before. Throws
 * `CustomerLinkRefused`, `PasswordNeeded`.
 */
export async function verifyCustomer(ctx: Ctx, token: string, verified?: string): Promise<VerifiedCustomer> {
  await refuseClosed(ctx);
  const hash = linkHash(ctx, token);
  const link = await useLink(ctx, hash, PROVES_ADDRESS);
  if (!link) return verifiedBefore(ctx, await usedLink(ctx, hash));
  const before = await lockCustomer(ctx, link.customerId);
  if (before.status !== 'active') throw new CustomerLinkRefused();
  // Thrown, so that the link is not used up.
  if (!isOwner(ctx, before, verified)) throw new PasswordNeeded(link.purpose === 'verification');
  if (link.purpose === 'email_change') await moveTo(ctx, before, link.email);
  else if (emailKey(link.email) !== before.emailKey) throw new CustomerLinkRefused();
  else await markVerified(ctx, before);
  return { customerId: link.customerId, emailKey: emailKey(link.email) };
}

/** Notes that somebody proved their address, in a row that is locked; nothing if they had before. */
export async function markVerified(ctx: Ctx, { id, emailVerifiedAt }: CustomerRow): Promise<void> {
  if (emailVerifiedAt !== null) return;
  const set = { emailVerifiedAt: sql`now()` };
  await changeCustomer(ctx, id, set, { event: customerVerified, action: 'customer.verified' });
}

/** Sends the mail of the registration again; nothing for whoever proved their address. */
export async function sendVerification(ctx: Ctx, id: Id<'cus'>): Promise<void> {
  const row = await lockCustomer(ctx, id);
  if (row.emailVerifiedAt === null) await sendLink(ctx, row, 'verification', customerVerificationRequested);
}

/** A link leads nowhere while its shop is closed. Throws `CustomerLinkRefused`. */
export async function refuseClosed(ctx: Ctx): Promise<void> {
  const company = await getCompany(ctx).catch((error: unknown) => {
    // A made-up link must not tell which companies there are.
    throw error instanceof NotFound ? new CustomerLinkRefused() : error;
  });
  if (company.status !== 'active') throw new CustomerLinkRefused();
}

const isOwner = ({ actor }: Ctx, { id, passwordHash }: CustomerRow, verified: string | undefined): boolean =>
  (actor.type === 'customer' && actor.id === id) || passwordHash === verified;

async function verifiedBefore(ctx: Ctx, link: CustomerLink | undefined): Promise<VerifiedCustomer> {
  if (link?.purpose !== 'verification' && link?.purpose !== 'email_change') throw new CustomerLinkRefused();
  const row = await lockCustomer(ctx, link.customerId);
  const isSame = row.emailVerifiedAt !== null && row.emailKey === emailKey(link.email) && row.status === 'active';
  if (!isSame) throw new CustomerLinkRefused();
  return { customerId: row.id, emailKey: row.emailKey };
}

async function moveTo(ctx: Ctx, before: CustomerRow, email: string): Promise<void> {
  const set = {
    email,
    emailKey: emailKey(email),
    emailVerifiedAt: sql`now()`,
    version: sql`version + 1`,
    updatedAt: sql`now()`,
  };
  const { aggregate, customer } = await nextCustomerEvent(ctx, before.id, set).catch((error: unknown) => {
    // Somebody registered with it meanwhile.
    throw violates(error, 'customers_email') ? new CustomerLinkRefused() : error;
  });
  noteCustomer(ctx, before.id, 'customer.email_changed');
  // Those that went to the old address must not open the account any more.
  await voidLinks(ctx, before.id);
  await emit(ctx, customerEmailChanged, { aggregate, data: { customer, previousEmail: before.email } });
}
