import { eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { emailKey } from '../../kernel/text.ts';
import { customerSessions } from '../customer-sessions/customer-sessions.schema.ts';
import { forgetCustomerSessions } from '../customer-sessions/customer-sessions.service.ts';
import { ADDRESSES_MAX } from '../customers/customer-addresses.contract.ts';
import { deleteAddresses, listAddresses } from '../customers/customer-addresses.service.ts';
import { leaveGroups } from '../customers/customer-groups.service.ts';
import type { CustomerView } from '../customers/customers.contract.ts';
import { customerErased } from '../customers/customers.events.ts';
import {
  changeCustomer,
  getCustomer,
  lockCustomer,
  noteCustomer,
  replaceTags,
} from '../customers/customers.service.ts';
import { UNUSABLE_PASSWORD_HASH } from '../passwords/password-hash.ts';
import type { PersonalData } from './customer-accounts.contract.ts';
import { deleteLinks } from './customer-links.service.ts';

/**
 * What a later module holds about a person, under a name of its own: `['orders', […]]`. `provedEmailKey`: by which what
 * they did as a guest is known; null while they have not proved that the address is theirs.
 */
export type PersonalDataPart = (
  ctx: Ctx,
  customerId: Id<'cus'>,
  provedEmailKey: string | null,
) => Promise<[string, unknown]>;
/** What a later module does when a person is erased, in the same unit of work. Before the customer's own row changes. */
export type Eraser = (ctx: Ctx, customerId: Id<'cus'>, provedEmailKey: string | null) => Promise<void>;

/** All that is held about a customer (GDPR, art. 15 and 20), with the parts of later modules. Throws `NotFound`. */
export async function exportCustomer(
  ctx: Ctx,
  id: Id<'cus'>,
  parts: readonly PersonalDataPart[],
): Promise<PersonalData> {
  const customer = await getCustomer(ctx, id);
  const { data: addresses } = await listAddresses(ctx, id, { limit: ADDRESSES_MAX });
  const sessions = await ctx.tx
    .select({
      id: customerSessions.id,
      ip: customerSessions.ip,
      userAgent: customerSessions.userAgent,
      createdAt: customerSessions.createdAt,
      lastUsedAt: customerSessions.lastUsedAt,
      revokedAt: customerSessions.revokedAt,
    })
    .from(customerSessions)
    .where(mine(ctx, customerSessions, eq(customerSessions.customerId, id)))
    .orderBy(customerSessions.id);
  const further: [string, unknown][] = [];
  const provedEmailKey = customer.isEmailVerified ? emailKey(customer.email) : null;
  for (const part of parts) further.push(await part(ctx, id, provedEmailKey));
  noteCustomer(ctx, id, 'customer.exported');
  return { exportedAt: ctx.now.toISOString(), customer, addresses, sessions, ...Object.fromEntries(further) };
}

/**
 * Anonymises a customer (GDPR, art. 17): what says who they are is gone, here and in the parts of later modules; the row
 * stays, so that orders keep their amounts. Events that were told before stay their 30 days, and then they are swept. Doing
 * it again changes nothing. Throws `NotFound`.
 */
export async function eraseCustomer(ctx: Ctx, id: Id<'cus'>, erasers: readonly Eraser[]): Promise<CustomerView> {
  const before = await lockCustomer(ctx, id);
  if (before.status === 'erased') return getCustomer(ctx, id);
  const provedEmailKey = before.emailVerifiedAt === null ? null : before.emailKey;
  for (const erase of erasers) await erase(ctx, id, provedEmailKey);
  await forgetCustomerSessions(ctx, id);
  await deleteLinks(ctx, id);
  await deleteAddresses(ctx, id);
  await leaveGroups(ctx, id);
  await replaceTags(ctx, id, []);
  const nobody = `erased-${id}@invalid`;
  const set = {
    status: 'erased' as const,
    email: nobody,
    emailKey: nobody,
    passwordHash: UNUSABLE_PASSWORD_HASH,
    emailVerifiedAt: null,
    firstName: null,
    lastName: null,
    nameKey: '',
    lastNameKey: '',
    phone: null,
    locale: null,
    acceptsMarketing: false,
    marketingChangedAt: sql`now()`,
    marketingSource: 'erasure' as const,
    note: '',
    lastLoginAt: null,
  };
  return changeCustomer(ctx, id, set, { event: customerErased, action: 'customer.erased' });
}
