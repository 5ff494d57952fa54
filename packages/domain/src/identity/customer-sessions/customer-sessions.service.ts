import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { customerIdOf } from '../customers/customer-actor.ts';
import type { CustomerProfile } from '../customers/customers.contract.ts';
import { customers } from '../customers/customers.schema.ts';
import { nextCustomerEvent, noteCustomer, profileOf } from '../customers/customers.service.ts';
import { type EndReason, type OpenedSession, sessionFamily } from '../sessions/session-family.service.ts';
import type { LogoutInput } from '../sessions/sessions.contract.ts';
import { lockCustomerCredentials, recordCustomerLogin } from './customer-credentials.service.ts';
import { CustomerLoginRefused } from './customer-sessions.errors.ts';
import { customerReuseDetected } from './customer-sessions.events.ts';
import { customerRefreshTokens, customerSessions } from './customer-sessions.schema.ts';

const family = sessionFamily({
  people: customers,
  sessions: customerSessions,
  tokens: customerRefreshTokens,
  holder: 'customer_id',
  kinds: { person: 'cus', session: 'cses', token: 'crt', opaque: 'crt' },
  boundTo: 'customer_refresh_tokens',
});

/** Opens a session of a customer, without asking for anything. */
export const openCustomerSession = (ctx: Ctx, id: Id<'cus'>): Promise<OpenedSession<'cses'>> => family.open(ctx, id);

/**
 * Opens the session of a customer whose password was checked against `verified`, outside the transaction. Throws
 * `CustomerLoginRefused` if the password or the account's status changed meanwhile.
 */
export async function completeCustomerLogin(
  ctx: Ctx,
  id: Id<'cus'>,
  { verified, rehashed }: { verified: string; rehashed?: string | undefined },
): Promise<{ customer: CustomerProfile; opened: OpenedSession<'cses'> }> {
  const person = await lockCustomerCredentials(ctx, id);
  if (!person.mayLogIn || person.passwordHash !== verified) throw new CustomerLoginRefused();
  const row = await recordCustomerLogin(ctx, id, rehashed);
  return { customer: profileOf(row), opened: await family.open(ctx, id) };
}

/** What became of a refresh. `reused`: the session was ended in this transaction, so it must commit. */
export type CustomerRotation =
  | { outcome: 'rotated'; customerId: Id<'cus'>; sessionId: Id<'cses'>; refreshToken: string }
  | { outcome: 'refused' }
  | { outcome: 'reused' };

/** Exchanges a customer's refresh token for its successor; one that came too often ends the whole session. */
export async function rotateCustomerToken(ctx: Ctx, hash: string): Promise<CustomerRotation> {
  const exchanged = await family.exchange(ctx, hash);
  if (exchanged.outcome === 'refused') return exchanged;
  const { id: sessionId, holderId: customerId, ip, userAgent, createdAt } = exchanged.session;
  if (exchanged.outcome === 'rotated')
    return { outcome: 'rotated', customerId, sessionId, refreshToken: exchanged.refreshToken };
  await family.end(ctx, { sessionId }, 'reuse');
  noteCustomer(ctx, customerId, 'customer.session_reuse_detected', { sessionId });
  const { aggregate, customer } = await nextCustomerEvent(ctx, customerId);
  const data = { customer, session: { id: sessionId, ip, userAgent, createdAt } };
  await emit(ctx, customerReuseDetected, { aggregate, data });
  return { outcome: 'reused' };
}

/** Logs the customer out: ends this session, or all of theirs. */
export async function logOutCustomer(ctx: Ctx, { everywhere }: LogoutInput): Promise<void> {
  const holderId = customerIdOf(ctx);
  const which = everywhere ? { holderId } : { holderId, sessionId: ctx.customerSessionId };
  if (everywhere || ctx.customerSessionId) await family.end(ctx, which, 'logout');
}

/** Ends all sessions of a customer but the one to keep, if there is one. */
export async function endCustomerSessions(
  ctx: Ctx,
  holderId: Id<'cus'>,
  reason: EndReason,
  keep?: Id<'cses'>,
): Promise<void> {
  await family.end(ctx, { holderId, keep }, reason);
}

/** Deletes all that is known of a customer's devices. */
export const forgetCustomerSessions = (ctx: Ctx, id: Id<'cus'>): Promise<void> => family.forget(ctx, id);

/** Deletes what ended or expired a week ago, a batch at a time. Call again while it returns something. */
export const sweepCustomerSessions = (ctx: Ctx): Promise<number> => family.sweep(ctx);
