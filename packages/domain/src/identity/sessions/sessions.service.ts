import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { staff } from '../staff/staff.schema.ts';
import { type EndReason, type OpenedSession, sessionFamily } from './session-family.service.ts';
import type { LogoutInput, SessionView } from './sessions.contract.ts';
import { refreshTokens, staffSessions } from './sessions.schema.ts';
import { staffIdOf } from './visitor.ts';

export type { OpenedSession } from './session-family.service.ts';

/** The sessions of staff. */
export const staffFamily = sessionFamily({
  people: staff,
  sessions: staffSessions,
  tokens: refreshTokens,
  holder: 'staff_id',
  kinds: { person: 'stf', session: 'ses', token: 'rft', opaque: 'rt' },
  boundTo: 'refresh_tokens',
});

/** Opens a session for somebody whose login is complete. The login's own note goes into the audit log beside it. */
export const openSession = (ctx: Ctx, staffId: Id<'stf'>): Promise<OpenedSession> => staffFamily.open(ctx, staffId);

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
  const ended = await staffFamily.end(ctx, { sessionId }, reason);
  if (ended.length > 0)
    ctx.audit({ action: 'session.ended', entity: { type: 'session', id: sessionId }, after: { reason } });
}

/** Ends all sessions of a person but the one to keep, if there is one; says how many. */
export async function endSessions(ctx: Ctx, staffId: Id<'stf'>, reason: EndReason, keep?: Id<'ses'>): Promise<number> {
  const ended = await staffFamily.end(ctx, { holderId: staffId, keep }, reason);
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

/** Deletes what ended or expired a week ago, a batch at a time. Call again while it returns something. */
export const sweepSessions = (ctx: Ctx): Promise<number> => staffFamily.sweep(ctx);

const isOpen = () => and(isNull(staffSessions.revokedAt), gt(staffSessions.expiresAt, sql`now()`));
