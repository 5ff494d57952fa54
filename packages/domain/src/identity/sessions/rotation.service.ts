import { and, eq, isNotNull, ne, sql } from 'drizzle-orm';
import { companies } from '../../company/companies/companies.schema.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { seal, unseal } from '../../kernel/sealing.ts';
import { mine } from '../../kernel/tables.ts';
import { staff } from '../staff/staff.schema.ts';
import { nextEventOf } from '../staff/staff.service.ts';
import { makeToken } from './opaque-token.ts';
import { sessionReuseDetected } from './sessions.events.ts';
import { refreshTokens, staffSessions } from './sessions.schema.ts';
import { endSession } from './sessions.service.ts';

/** Two tabs refresh at the same moment, or the answer was lost on the way: so long the old token gives the same new one. */
const GRACE_SECONDS = 10;

/** What became of a refresh. `reused`: the session was ended in this transaction, so it must commit. */
export type Rotation =
  | { outcome: 'rotated'; staffId: Id<'stf'>; sessionId: Id<'ses'>; refreshToken: string }
  | { outcome: 'refused' }
  | { outcome: 'reused' };

/**
 * Exchanges a refresh token (by its hash) for its successor. The newest one is good; the one before it, for ten seconds,
 * gives the very same successor again; anything older means that a copy is about, and ends the whole session.
 * RFC 9700, 4.14.2 (rotation with reuse detection).
 */
export async function rotate(ctx: Ctx, hash: string): Promise<Rotation> {
  const session = await lockSessionOf(ctx, hash);
  if (!session?.isGood) return { outcome: 'refused' };
  // Read after the lock: whoever held it may have used this very token.
  const token = await tokenBy(ctx, hash);
  if (!token) return { outcome: 'refused' };
  const who = { staffId: session.staffId, sessionId: session.id };
  if (token.usedAt === null)
    return { outcome: 'rotated', ...who, refreshToken: await succeed(ctx, session.id, token.id) };
  const successor = token.isFresh && token.successor ? unseal(token.successor, boundTo(ctx, token.id)) : undefined;
  if (successor) return { outcome: 'rotated', ...who, refreshToken: successor };
  await endFamily(ctx, session);
  return { outcome: 'reused' };
}

type LockedSession = NonNullable<Awaited<ReturnType<typeof lockSessionOf>>>;

/** The session a token belongs to, locked: refreshes of one session take turns. */
async function lockSessionOf(ctx: Ctx, hash: string) {
  const [row] = await ctx.tx
    .select({
      id: staffSessions.id,
      staffId: staffSessions.staffId,
      ip: staffSessions.ip,
      userAgent: staffSessions.userAgent,
      createdAt: staffSessions.createdAt,
      isGood: sql<boolean>`${staffSessions.revokedAt} is null and ${staffSessions.expiresAt} > now()
        and ${staff.status} = 'active' and ${companies.status} <> 'closed'`,
    })
    .from(refreshTokens)
    .innerJoin(staffSessions, and(mine(ctx, staffSessions), eq(staffSessions.id, refreshTokens.sessionId)))
    .innerJoin(staff, and(mine(ctx, staff), eq(staff.id, staffSessions.staffId)))
    .innerJoin(companies, mine(ctx, companies))
    .where(mine(ctx, refreshTokens, eq(refreshTokens.tokenHash, hash)))
    .for('update', { of: staffSessions });
  return row;
}

async function tokenBy(ctx: Ctx, hash: string) {
  const [row] = await ctx.tx
    .select({
      id: refreshTokens.id,
      usedAt: refreshTokens.usedAt,
      successor: refreshTokens.successor,
      isFresh: sql<boolean>`coalesce(${refreshTokens.usedAt} > now() - make_interval(secs => ${GRACE_SECONDS}), false)`,
    })
    .from(refreshTokens)
    .where(mine(ctx, refreshTokens, eq(refreshTokens.tokenHash, hash)));
  return row;
}

async function succeed(ctx: Ctx, sessionId: Id<'ses'>, id: Id<'rft'>): Promise<string> {
  const { token, hash } = makeToken('rt', ctx.companyId);
  // Only the newest used token keeps its successor: whoever comes with an older one gets nothing but the end.
  await ctx.tx
    .update(refreshTokens)
    .set({ successor: null })
    .where(
      mine(
        ctx,
        refreshTokens,
        eq(refreshTokens.sessionId, sessionId),
        isNotNull(refreshTokens.successor),
        ne(refreshTokens.id, id),
      ),
    );
  await ctx.tx
    .update(refreshTokens)
    .set({ usedAt: sql`now()`, successor: seal(token, boundTo(ctx, id)) })
    .where(mine(ctx, refreshTokens, eq(refreshTokens.id, id)));
  await ctx.tx.insert(refreshTokens).values({ companyId: ctx.companyId, id: newId('rft'), sessionId, tokenHash: hash });
  await ctx.tx
    .update(staffSessions)
    .set({ lastUsedAt: sql`now()` })
    .where(mine(ctx, staffSessions, eq(staffSessions.id, sessionId)));
  return token;
}

async function endFamily(ctx: Ctx, session: LockedSession): Promise<void> {
  const { id, staffId, ip, userAgent, createdAt } = session;
  await endSession(ctx, staffId, id, 'reuse');
  ctx.audit({ action: 'session.reuse_detected', entity: { type: 'session', id }, after: { staffId } });
  const { sequence, view } = await nextEventOf(ctx, staffId);
  const data = { staff: view, session: { id, ip, userAgent, createdAt } };
  await emit(ctx, sessionReuseDetected, { aggregate: { id: staffId, sequence }, data });
}

const boundTo = (ctx: Ctx, id: Id<'rft'>) => `${ctx.companyId}|refresh_tokens|successor|${id}`;
