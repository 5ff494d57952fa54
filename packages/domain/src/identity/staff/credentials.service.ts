import { and, eq, lt, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import { companies } from '../../company/companies/companies.schema.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { emailKey } from '../../kernel/text.ts';
import { staff } from './staff.schema.ts';

/** What proves who somebody is. Never leaves the domain, and never is the result of a unit of work that has a claim. */
export interface Credentials {
  readonly staffId: Id<'stf'>;
  readonly name: string;
  readonly email: string;
  readonly passwordHash: string;
  /** Active, in a company that is not closed. */
  readonly mayLogIn: boolean;
  readonly totpSecret: string | null;
  readonly totpPending: string | null;
  readonly companyName: string;
  readonly companyHandle: string;
  /** The database's clock, in ms: all processes must agree on codes and expiries. */
  readonly nowMs: number;
}

/** The credentials that go with an address; undefined if nobody has it. Not for answers: they must not tell the two apart. */
export async function credentialsByEmail(ctx: Ctx, email: string): Promise<Credentials | undefined> {
  const [row] = await read(ctx, eq(staff.emailKey, emailKey(email)));
  return row;
}

/** Somebody's own credentials. Throws `NotFound`. */
export async function credentialsOf(ctx: Ctx, staffId: Id<'stf'>): Promise<Credentials> {
  const [row] = await read(ctx, eq(staff.id, staffId));
  if (!row) throw new NotFound('staff member');
  return row;
}

/** As `credentialsOf`, with the row locked until the end of the unit of work: two logins or changes take turns. */
export async function lockCredentials(ctx: Ctx, staffId: Id<'stf'>): Promise<Credentials> {
  const [row] = await read(ctx, eq(staff.id, staffId)).for('no key update', { of: staff });
  if (!row) throw new NotFound('staff member');
  return row;
}

/** Stores a new password's hash. The caller writes the audit note. */
export async function storePasswordHash(ctx: Ctx, staffId: Id<'stf'>, passwordHash: string): Promise<void> {
  await change(ctx, staffId, { passwordHash, passwordChangedAt: sql`now()` });
}

/** Notes a login in the person's row, and the same password hashed anew if `rehashed` is given. The caller audits. */
export async function recordLogin(ctx: Ctx, staffId: Id<'stf'>, rehashed?: string): Promise<void> {
  await change(ctx, staffId, { lastLoginAt: sql`now()`, ...(rehashed ? { passwordHash: rehashed } : {}) });
}

/** Stores sealed TOTP secrets; null takes one away. The caller audits. */
export async function storeTotp(
  ctx: Ctx,
  staffId: Id<'stf'>,
  secrets: { totpSecret?: string | null; totpPending?: string | null },
): Promise<void> {
  await change(ctx, staffId, secrets);
}

/** Uses up a time step. False if this step, or a later one, was used before: a code is good once (RFC 6238, 5.2). */
export async function useTotpStep(ctx: Ctx, staffId: Id<'stf'>, step: number): Promise<boolean> {
  const used = await ctx.tx
    .update(staff)
    .set({ totpLastStep: step })
    .where(mine(ctx, staff, and(eq(staff.id, staffId), lt(staff.totpLastStep, step))))
    .returning({ id: staff.id });
  return used.length > 0;
}

async function change(ctx: Ctx, staffId: Id<'stf'>, set: PgUpdateSetSource<typeof staff>): Promise<void> {
  await ctx.tx
    .update(staff)
    .set(set)
    .where(mine(ctx, staff, eq(staff.id, staffId)));
}

const read = (ctx: Ctx, who: ReturnType<typeof eq>) =>
  ctx.tx
    .select({
      staffId: staff.id,
      name: staff.name,
      email: staff.email,
      passwordHash: staff.passwordHash,
      mayLogIn: sql<boolean>`${staff.status} = 'active' and ${companies.status} <> 'closed'`,
      totpSecret: staff.totpSecret,
      totpPending: staff.totpPending,
      companyName: companies.name,
      companyHandle: companies.handle,
      nowMs: sql<number>`(extract(epoch from now()) * 1000)::float8`,
    })
    .from(staff)
    .innerJoin(companies, mine(ctx, companies))
    .where(mine(ctx, staff, who));
