import { and, eq, gt, inArray, isNull, lt, ne, or, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { makeToken } from './opaque-token.ts';
import type { LogoutInput, SessionView } from './sessions.contract.ts';
import { refreshTokens, staffSessions } from './sessions.schema.ts';
import { staffIdOf } from './visitor.ts';

/** Absolute: however busy, after so long everybody logs in again. */
const SESSION_DAYS = 30;
/** What ended stays for a while, so that a token that comes late is still known for what it is. */
const ENDED_KEPT_DAYS = 7;
const SWEEP_BATCH = 1_000;
const USER_AGENT_MAX = 400;

export type EndReason = 'logout' | 'revoked' | 'reuse' | 'password' | 'two_factor' | 'disabled';

export interface OpenedSession {
  readonly sessionId: Id<'ses'>;
  /** Shown once; only its hash is stored. */
  readonly refreshToken: string;
}

/** Opens a session for somebody whose login is complete. The login's own note goes into the audit log beside it. */
export async function openSession(ctx: Ctx, staffId: Id<'stf'>): Promise<OpenedSession> {
  const sessionId = newId('ses');
  const { token, hash } = makeToken('rt', ctx.companyId);
  await ctx.tx.insert(staffSessions).values({
    companyId: ctx.companyId,
    id: sessionId,
    staffId,
    ip: ctx.ip ?? null,
    userAgent: printable(ctx.userAgent),
    lastUsedAt: sql`now()`,
    expiresAt: sql`now() + make_interval(days => ${SESSION_DAYS})`,
  });
  await ctx.tx.insert(refreshTokens).values({ companyId: ctx.companyId, id: newId('rft'), sessionId, tokenHash: hash });
  return { sessionId, refreshToken: token };
}

/** A person's sessions that are still good, newest first. */
export async function listSessions(ctx: Ctx, staffId: Id<'stf'>, query: ListQuery): Promise<Page<SessionView>> {
  const { where, orderBy } = keyset({ columns: [staffSessions.id], direction: 'desc' }, query.after);
  const rows = await ctx.tx
    .select()
    .from(staffSessions)
    .where(mine(ctx, staffSessions, eq(staffSessions.staffId, staffId), isOpen(), where))
    .orderBy(...orderBy)
    .limit(query.limit + 1);
  return pageFrom(
    rows,
    query.limit,
    ({ id }) => [id],
    ({ id, ip, userAgent, createdAt, lastUsedAt, expiresAt }) => ({
      id,
      isCurrent: id === ctx.staffSessionId,
      ip,
      userAgent,
      createdAt,
      lastUsedAt,
      expiresAt,
    }),
  );
}

/** Ends one session of this person; ending it again changes nothing. Throws `NotFound` for anybody else's. */
export async function endSession(ctx: Ctx, staffId: Id<'stf'>, sessionId: Id<'ses'>, reason: EndReason): Promise<void> {
  const [known] = await ctx.tx
    .select({ id: staffSessions.id })
    .from(staffSessions)
    .where(mine(ctx, staffSessions, eq(staffSessions.id, sessionId), eq(staffSessions.staffId, staffId)));
  if (!known) throw new NotFound('session');
  const ended = await revoke(ctx, reason, eq(staffSessions.id, sessionId));
  if (ended.length > 0)
    ctx.audit({ action: 'session.ended', entity: { type: 'session', id: sessionId }, after: { reason } });
}

/** Ends all sessions of a person but the one to keep, if there is one; says how many. */
export async function endSessions(ctx: Ctx, staffId: Id<'stf'>, reason: EndReason, keep?: Id<'ses'>): Promise<number> {
  const others = keep ? ne(staffSessions.id, keep) : undefined;
  const ended = await revoke(ctx, reason, and(eq(staffSessions.staffId, staffId), others));
  if (ended.length > 0) {
    const after = { reason, sessionIds: ended };
    ctx.audit({ action: 'session.all_ended', entity: { type: 'staff', id: staffId }, after });
  }
  return ended.length;
}

/** Logs the signed-in person out: ends this session, or all of theirs. */
export async function logOut(ctx: Ctx, { everywhere }: LogoutInput): Promise<void> {
  const staffId = staffIdOf(ctx);
  if (everywhere) await endSessions(ctx, staffId, 'logout');
  else if (ctx.staffSessionId) await endSession(ctx, staffId, ctx.staffSessionId, 'logout');
}

/**
 * Deletes sessions that ended or expired a week ago, with their tokens, a batch at a time; returns how many sessions.
 * Call again while it returns something.
 */
export async function sweepSessions(ctx: Ctx): Promise<number> {
  const old = sql`now() - make_interval(days => ${ENDED_KEPT_DAYS})`;
  const gone = ctx.tx
    .select({ id: staffSessions.id })
    .from(staffSessions)
    .where(mine(ctx, staffSessions, or(lt(staffSessions.expiresAt, old), lt(staffSessions.revokedAt, old))))
    .orderBy(staffSessions.id)
    .limit(SWEEP_BATCH);
  const ids = (await gone).map(({ id }) => id);
  if (ids.length === 0) return 0;
  await ctx.tx.delete(refreshTokens).where(mine(ctx, refreshTokens, inArray(refreshTokens.sessionId, ids)));
  await ctx.tx.delete(staffSessions).where(mine(ctx, staffSessions, inArray(staffSessions.id, ids)));
  return ids.length;
}

async function revoke(ctx: Ctx, revokedReason: EndReason, which: SQL | undefined): Promise<Id<'ses'>[]> {
  const ended = await ctx.tx
    .update(staffSessions)
    .set({ revokedAt: sql`now()`, revokedReason })
    .where(mine(ctx, staffSessions, which, isNull(staffSessions.revokedAt)))
    .returning({ id: staffSessions.id });
  if (ended.length > 0) ctx.touch();
  return ended.map(({ id }) => id);
}

const isOpen = () => and(isNull(staffSessions.revokedAt), gt(staffSessions.expiresAt, sql`now()`));

// A header may hold bytes that PostgreSQL does not store as text.
const printable = (userAgent: string | undefined): string | null =>
  userAgent === undefined ? null : userAgent.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, USER_AGENT_MAX);
