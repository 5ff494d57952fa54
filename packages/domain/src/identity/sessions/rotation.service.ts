import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { nextEventOf } from '../staff/staff.service.ts';
import type { FamilySession } from './session-family.service.ts';
import { sessionReuseDetected } from './sessions.events.ts';
import { endSession, staffFamily } from './sessions.service.ts';

/** What became of a refresh. `reused`: the session was ended in this transaction, so it must commit. */
export type Rotation =
  | { outcome: 'rotated'; staffId: Id<'stf'>; sessionId: Id<'ses'>; refreshToken: string }
  | { outcome: 'refused' }
  | { outcome: 'reused' };

/** Exchanges a refresh token of staff for its successor; one that came too often ends the whole session. */
export async function rotate(ctx: Ctx, hash: string): Promise<Rotation> {
  const exchanged = await staffFamily.exchange(ctx, hash);
  if (exchanged.outcome === 'refused') return exchanged;
  if (exchanged.outcome === 'reused') {
    await endFamily(ctx, exchanged.session);
    return { outcome: 'reused' };
  }
  const { session, refreshToken } = exchanged;
  return { outcome: 'rotated', staffId: session.holderId, sessionId: session.id, refreshToken };
}

async function endFamily(ctx: Ctx, session: FamilySession<'stf', 'ses'>): Promise<void> {
  const { id, holderId: staffId, ip, userAgent, createdAt } = session;
  await endSession(ctx, staffId, id, 'reuse');
  ctx.audit({ action: 'session.reuse_detected', entity: { type: 'session', id }, after: { staffId } });
  const { sequence, view } = await nextEventOf(ctx, staffId);
  const data = { staff: view, session: { id, ip, userAgent, createdAt } };
  await emit(ctx, sessionReuseDetected, { aggregate: { id: staffId, sequence }, data });
}
