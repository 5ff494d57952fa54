import { and, eq, getTableColumns, gt, inArray, isNotNull, isNull, lte, type SQL, sql } from 'drizzle-orm';
import { roles } from '../../company/iam/iam.schema.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { EventDefinition } from '../../kernel/events.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { emailKey } from '../../kernel/text.ts';
import { makeToken } from '../sessions/opaque-token.ts';
import { EmailTaken } from '../staff/staff.errors.ts';
import { permissionsOfRoles, staffByEmail } from '../staff/staff.service.ts';
import { refuseBeyondCaller } from '../staff/staff-roles.service.ts';
import type { InviteQuery, InviteView, NewInvite } from './invites.contract.ts';
import { InviteSettled } from './invites.errors.ts';
import { inviteRevoked, staffInvited } from './invites.events.ts';
import { inviteRoles, invites } from './invites.schema.ts';

type InviteId = Id<'inv'>;
export type InviteRow = typeof invites.$inferSelect & { isOver: boolean };

const INVITE_DAYS = 7;
const expiry = sql`now() + make_interval(days => ${INVITE_DAYS})`;
/** What tells whether an invite is still open. Whether its time is over is the database's to say. */
export const settledColumns = {
  acceptedAt: invites.acceptedAt,
  revokedAt: invites.revokedAt,
  isOver: sql<boolean>`${invites.expiresAt} <= now()`,
};
const columns = { ...getTableColumns(invites), ...settledColumns };

/**
 * Offers a place to an address; invites it had before are taken back. The token goes out with the event, sealed, for the
 * mail. Throws `EmailTaken`, `InvalidInput` (unknown role), `PermissionMissing` when the caller lacks what a role gives.
 */
export async function createInvite(ctx: Ctx, input: NewInvite): Promise<InviteView> {
  await refuseBeyondCaller(ctx, await permissionsOfRoles(ctx, input.roleIds));
  if (await staffByEmail(ctx, input.email)) throw new EmailTaken();
  await revokeAll(ctx, openFor(emailKey(input.email)));
  const { token, hash } = makeToken('inv', ctx.companyId);
  const id = newId('inv');
  const [row] = await ctx.tx
    .insert(invites)
    .values({
      companyId: ctx.companyId,
      id,
      email: input.email,
      emailKey: emailKey(input.email),
      tokenHash: hash,
      invitedBy: ctx.actor.id,
      expiresAt: expiry,
      eventSequence: 1,
    })
    .returning(columns);
  await ctx.tx
    .insert(inviteRoles)
    .values(input.roleIds.map((roleId) => ({ companyId: ctx.companyId, inviteId: id, roleId })));
  return announceSent(ctx, row, token, 'invite.created');
}

/**
 * Sends an invite again: with a new token, so that the old mail is worthless, and for seven more days. Throws `NotFound`,
 * `InviteSettled`, `PermissionMissing` when the caller could not make this invite themselves.
 */
export async function resendInvite(ctx: Ctx, id: InviteId): Promise<InviteView> {
  await refuseSettled(ctx, id);
  await refuseBeyondCaller(ctx, await permissionsOfRoles(ctx, await roleIdsOf(ctx, id)));
  const { token, hash } = makeToken('inv', ctx.companyId);
  const [row] = await ctx.tx
    .update(invites)
    .set({
      tokenHash: hash,
      expiresAt: expiry,
      invitedBy: ctx.actor.id,
      sentCount: sql`sent_count + 1`,
      eventSequence: sql`event_sequence + 1`,
    })
    .where(mine(ctx, invites, eq(invites.id, id)))
    .returning(columns);
  return announceSent(ctx, row, token, 'invite.sent_again');
}

/** Takes an invite back; doing it again changes nothing. Throws `NotFound`, `InviteSettled` if it was accepted. */
export async function revokeInvite(ctx: Ctx, id: InviteId): Promise<InviteView> {
  const before = await lockInvite(ctx, eq(invites.id, id));
  if (!before) throw new NotFound('invite');
  if (before.acceptedAt) throw new InviteSettled('accepted');
  if (before.revokedAt) return viewOf(ctx, before);
  await revokeAll(ctx, eq(invites.id, id));
  return getInvite(ctx, id);
}

/** One invite. Throws `NotFound`. */
export async function getInvite(ctx: Ctx, id: InviteId): Promise<InviteView> {
  const [row] = await ctx.tx
    .select(columns)
    .from(invites)
    .where(mine(ctx, invites, eq(invites.id, id)));
  if (!row) throw new NotFound('invite');
  return viewOf(ctx, row);
}

/** All invites, newest first. */
export async function listInvites(ctx: Ctx, query: InviteQuery): Promise<Page<InviteView>> {
  const { where, orderBy } = keyset({ columns: [invites.id], direction: 'desc' }, query.after);
  const rows = await ctx.tx
    .select(columns)
    .from(invites)
    .where(mine(ctx, invites, where, withStatus(query.status)))
    .orderBy(...orderBy)
    .limit(query.limit + 1);
  return pageFrom(
    await viewsOf(ctx, rows),
    query.limit,
    ({ id }) => [id],
    (view) => view,
  );
}

/** The roles an invite promises. */
export async function roleIdsOf(ctx: Ctx, id: InviteId): Promise<Id<'role'>[]> {
  const rows = await ctx.tx
    .select({ roleId: inviteRoles.roleId })
    .from(inviteRoles)
    .where(mine(ctx, inviteRoles, eq(inviteRoles.inviteId, id)));
  return rows.map(({ roleId }) => roleId);
}

/** An invite's row, locked: it is accepted, sent again or taken back by one at a time. */
export async function lockInvite(ctx: Ctx, which: SQL | undefined): Promise<InviteRow | undefined> {
  const [row] = await ctx.tx
    .select(columns)
    .from(invites)
    .where(mine(ctx, invites, which))
    .for('update');
  return row;
}

/** Takes back all unsettled invites that a staff member or key sent. */
export async function revokeInvitesOf(ctx: Ctx, sender: Id<'stf'> | Id<'key'>): Promise<void> {
  await revokeAll(ctx, eq(invites.invitedBy, sender));
}

/** Takes back all unsettled invites this matches. What they promised stays in the audit log and the event. */
export async function revokeAll(ctx: Ctx, which: SQL | undefined): Promise<void> {
  const revoked = await ctx.tx
    .update(invites)
    .set({ revokedAt: sql`now()`, eventSequence: sql`event_sequence + 1` })
    .where(mine(ctx, invites, which, unsettled()))
    .returning(columns);
  const views = await viewsOf(ctx, revoked);
  for (const [at, invite] of views.entries()) {
    ctx.audit({ action: 'invite.revoked', entity: { type: 'invite', id: invite.id }, after: invite });
    await announce(ctx, inviteRevoked, revoked[at], invite);
  }
  await releaseRoles(
    ctx,
    revoked.map(({ id }) => id),
  );
}

/** Lets go of the roles of settled invites: what is promised no more must not keep a role from being deleted. */
export async function releaseRoles(ctx: Ctx, ids: readonly InviteId[]): Promise<void> {
  if (ids.length > 0)
    await ctx.tx.delete(inviteRoles).where(mine(ctx, inviteRoles, inArray(inviteRoles.inviteId, [...ids])));
}

/** Not accepted and not taken back, whether in time or not. */
export const unsettled = (): SQL | undefined => and(isNull(invites.acceptedAt), isNull(invites.revokedAt));

/** The unsettled invites of an address. */
export const openFor = (key: string): SQL | undefined => and(eq(invites.emailKey, key), unsettled());

/** What an invite looks like from outside. */
export async function viewOf(ctx: Ctx, row: InviteRow): Promise<InviteView> {
  const [view] = await viewsOf(ctx, [row]);
  if (!view) throw new Error('a row gave no view');
  return view;
}

/** Announces a fact about an invite with the number its row was just given. */
export async function announce(
  ctx: Ctx,
  event: EventDefinition<typeof inviteRevoked.data>,
  row: InviteRow | undefined,
  invite: InviteView,
): Promise<void> {
  await emit(ctx, event, { aggregate: { id: invite.id, sequence: row?.eventSequence ?? 0 }, data: { invite } });
}

async function announceSent(ctx: Ctx, row: InviteRow | undefined, token: string, action: string): Promise<InviteView> {
  if (!row) throw new NotFound('invite');
  const invite = await viewOf(ctx, row);
  ctx.audit({ action, entity: { type: 'invite', id: invite.id }, after: invite });
  await emit(ctx, staffInvited, {
    aggregate: { id: invite.id, sequence: row.eventSequence },
    data: { invite },
    privately: { token, expiresAt: row.expiresAt },
  });
  return invite;
}

async function refuseSettled(ctx: Ctx, id: InviteId): Promise<void> {
  const row = await lockInvite(ctx, eq(invites.id, id));
  if (!row) throw new NotFound('invite');
  if (row.acceptedAt) throw new InviteSettled('accepted');
  if (row.revokedAt) throw new InviteSettled('revoked');
}

function withStatus(status: InviteQuery['status']): SQL | undefined {
  if (status === undefined) return undefined;
  if (status === 'accepted') return isNotNull(invites.acceptedAt);
  if (status === 'revoked') return isNotNull(invites.revokedAt);
  return and(
    unsettled(),
    status === 'pending' ? gt(invites.expiresAt, sql`now()`) : lte(invites.expiresAt, sql`now()`),
  );
}

async function viewsOf(ctx: Ctx, rows: readonly InviteRow[]): Promise<InviteView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const promised = await ctx.tx
    .select({ inviteId: inviteRoles.inviteId, id: roles.id, name: roles.name })
    .from(inviteRoles)
    .innerJoin(roles, and(mine(ctx, roles), eq(roles.id, inviteRoles.roleId)))
    .where(mine(ctx, inviteRoles, inArray(inviteRoles.inviteId, ids)))
    .orderBy(roles.id);
  return rows.map((row) => ({
    id: row.id,
    email: row.email,
    roles: promised.filter(({ inviteId }) => inviteId === row.id).map(({ id, name }) => ({ id, name })),
    status: statusOf(row),
    invitedBy: row.invitedBy,
    sentCount: row.sentCount,
    expiresAt: row.expiresAt,
    acceptedAt: row.acceptedAt,
    acceptedBy: row.acceptedBy,
    revokedAt: row.revokedAt,
    createdAt: row.createdAt,
  }));
}

function statusOf(row: InviteRow): InviteView['status'] {
  if (row.acceptedAt) return 'accepted';
  if (row.revokedAt) return 'revoked';
  return row.isOver ? 'expired' : 'pending';
}
