import { and, eq, gt, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { mine } from '../../kernel/tables.ts';
import type { CustomerLinkEvent } from '../customers/customers.events.ts';
import { lockCustomer, nextCustomerEvent } from '../customers/customers.service.ts';
import { makeToken, readToken } from '../sessions/opaque-token.ts';
import { CustomerLinkRefused } from './customer-accounts.errors.ts';
import { type CustomerTokenPurpose, customerTokens } from './customer-tokens.schema.ts';

const HOUR = 60;
const DAY = 24 * HOUR;
/**
 * OWASP Forgot Password Cheat Sheet: what sets a password is short-lived. The longer ones are of accounts that nobody has
 * proved to be theirs yet, or of a change of address, which needs the account's password beside it.
 */
const LIFE_MINUTES: Record<CustomerTokenPurpose, number> = {
  verification: 3 * DAY,
  invitation: 7 * DAY,
  password_reset: 30,
  email_change: 3 * DAY,
};
const ENDED_KEPT_DAYS = 7;
const SWEEP_BATCH = 1_000;

export type CustomerLink = Pick<typeof customerTokens.$inferSelect, 'customerId' | 'purpose' | 'email'>;
const shown = { customerId: customerTokens.customerId, purpose: customerTokens.purpose, email: customerTokens.email };

/** Makes the token for a link in a mail; older links of the same purpose are void from here on. The caller holds the customer's lock. */
export async function openLink(
  ctx: Ctx,
  customerId: Id<'cus'>,
  purpose: CustomerTokenPurpose,
  email: string,
): Promise<{ token: string; expiresAt: Instant }> {
  await voidLinks(ctx, customerId, [purpose]);
  const { token, hash } = makeToken('ctk', ctx.companyId);
  const [made] = await ctx.tx
    .insert(customerTokens)
    .values({
      companyId: ctx.companyId,
      id: newId('ctk'),
      customerId,
      purpose,
      email,
      tokenHash: hash,
      expiresAt: sql`now() + make_interval(mins => ${LIFE_MINUTES[purpose]})`,
    })
    .returning({ expiresAt: customerTokens.expiresAt });
  if (!made) throw new Error('an insert of a customer token returned no row');
  return { token, expiresAt: made.expiresAt };
}

/** Makes a link and announces it, so that the mail goes out: to the customer's own address. Nothing for whoever was shut out meanwhile. */
export async function sendLink(
  ctx: Ctx,
  { id }: { id: Id<'cus'> },
  purpose: CustomerTokenPurpose,
  event: CustomerLinkEvent,
): Promise<void> {
  // Two at once take turns from here: else neither voids the other's link.
  const { status, email } = await lockCustomer(ctx, id);
  if (status !== 'active') return;
  const privately = await openLink(ctx, id, purpose, email);
  const { aggregate, customer } = await nextCustomerEvent(ctx, id);
  await emit(ctx, event, { aggregate, data: { customer }, privately });
}

/** The hash a token is found by. Throws `CustomerLinkRefused` for what is no such token, or one of another shop. */
export function linkHash(ctx: Pick<Ctx, 'companyId'>, token: string): string {
  const read = readToken('ctk', token);
  if (read?.companyId !== ctx.companyId) throw new CustomerLinkRefused();
  return read.hash;
}

/** What a good link is for, without using it up; undefined if it is not good. */
export async function findLink(
  ctx: Ctx,
  hash: string,
  purposes: readonly CustomerTokenPurpose[],
): Promise<CustomerLink | undefined> {
  const [link] = await ctx.tx
    .select(shown)
    .from(customerTokens)
    .where(mine(ctx, customerTokens, isUsable(hash, purposes)));
  return link;
}

/** Uses a link up; undefined if it is not good. Of two at once one gets it. */
export async function useLink(
  ctx: Ctx,
  hash: string,
  purposes: readonly CustomerTokenPurpose[],
): Promise<CustomerLink | undefined> {
  const [link] = await ctx.tx
    .update(customerTokens)
    .set({ usedAt: sql`now()` })
    .where(mine(ctx, customerTokens, isUsable(hash, purposes)))
    .returning(shown);
  return link;
}

/** A link that was used before; for the second click on it. */
export async function usedLink(ctx: Ctx, hash: string): Promise<CustomerLink | undefined> {
  const [link] = await ctx.tx
    .select(shown)
    .from(customerTokens)
    .where(mine(ctx, customerTokens, eq(customerTokens.tokenHash, hash)));
  return link;
}

/** Makes links void, all of them if no purposes are named. */
export async function voidLinks(
  ctx: Ctx,
  customerId: Id<'cus'>,
  purposes?: readonly CustomerTokenPurpose[],
): Promise<void> {
  const ofPurpose = purposes && inArray(customerTokens.purpose, [...purposes]);
  await ctx.tx
    .update(customerTokens)
    .set({ usedAt: sql`now()` })
    .where(
      mine(ctx, customerTokens, eq(customerTokens.customerId, customerId), isNull(customerTokens.usedAt), ofPurpose),
    );
}

/** Deletes all links ever made for somebody. */
export async function deleteLinks(ctx: Ctx, customerId: Id<'cus'>): Promise<void> {
  await ctx.tx.delete(customerTokens).where(mine(ctx, customerTokens, eq(customerTokens.customerId, customerId)));
}

/** Deletes links that ended a week ago, a batch at a time; returns how many. */
export async function sweepLinks(ctx: Ctx): Promise<number> {
  const old = sql`now() - make_interval(days => ${ENDED_KEPT_DAYS})`;
  const rows = await ctx.tx
    .select({ id: customerTokens.id })
    .from(customerTokens)
    .where(mine(ctx, customerTokens, or(lt(customerTokens.expiresAt, old), lt(customerTokens.usedAt, old))))
    .orderBy(customerTokens.id)
    .limit(SWEEP_BATCH);
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0)
    await ctx.tx.delete(customerTokens).where(mine(ctx, customerTokens, inArray(customerTokens.id, ids)));
  return ids.length;
}

const isUsable = (hash: string, purposes: readonly CustomerTokenPurpose[]) =>
  and(
    eq(customerTokens.tokenHash, hash),
    inArray(customerTokens.purpose, [...purposes]),
    isNull(customerTokens.usedAt),
    gt(customerTokens.expiresAt, sql`now()`),
  );
