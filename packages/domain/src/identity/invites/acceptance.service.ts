import { eq, sql } from 'drizzle-orm';
import { getCompany } from '../../company/companies/companies.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, idOf } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { type OpenedSession, openSession } from '../sessions/sessions.service.ts';
import { can } from '../staff/staff.access.ts';
import type { StaffView } from '../staff/staff.contract.ts';
import { createStaff, getStaff, permissionsOf, permissionsOfRoles } from '../staff/staff.service.ts';
import { InviteExpired, InviteRefused } from './invites.errors.ts';
import { inviteAccepted } from './invites.events.ts';
import { invites } from './invites.schema.ts';
import { announce, type InviteRow, lockInvite, openFor, revokeAll, roleIdsOf, viewOf } from './invites.service.ts';

const staffId = idOf('stf');

/** What a token invites to, before anything is hashed. Throws `InviteRefused`, `InviteExpired`. */
export async function invitedAddress(ctx: Ctx, tokenHash: string): Promise<{ email: string; companyHandle: string }> {
  const [row] = await ctx.tx
    .select({ email: invites.email })
    .from(invites)
    .where(mine(ctx, invites, eq(invites.tokenHash, tokenHash)));
  if (!row) throw new InviteRefused();
  const { handle, status } = await getCompany(ctx);
  if (status !== 'active') throw new InviteRefused();
  return { email: row.email, companyHandle: handle };
}

/**
 * Takes up an invite: makes the person with the invited address and the promised roles, and opens their first session. Good
 * once; of two at once one gets through. Throws `InviteRefused`, `InviteExpired`, `EmailTaken`.
 */
export async function acceptInvite(
  ctx: Ctx,
  tokenHash: string,
  person: { name: string; passwordHash: string },
): Promise<{ staff: StaffView; opened: OpenedSession }> {
  const row = await lockInvite(ctx, eq(invites.tokenHash, tokenHash));
  if (!row || row.acceptedAt || row.revokedAt) throw new InviteRefused();
  if (row.isOver) throw new InviteExpired();
  const roleIds = await roleIdsOf(ctx, row.id);
  await refuseUnbacked(ctx, row.invitedBy, roleIds);
  const staff = await createStaff(ctx, { ...person, email: row.email, roleIds });
  await markAccepted(ctx, row, staff.id);
  await revokeAll(ctx, openFor(row.emailKey));
  return { staff, opened: await openSession(ctx, staff.id) };
}

/** An invite promises what its sender may give. If they may not any more, or are gone, so is the promise. */
async function refuseUnbacked(ctx: Ctx, invitedBy: string, roleIds: readonly Id<'role'>[]): Promise<void> {
  const sender = staffId.safeParse(invitedBy);
  if (!sender.success) return; // a key or our own work: checked when it was sent
  const { status } = await getStaff(ctx, sender.data);
  const held = new Set(await permissionsOf(ctx, sender.data));
  const needed = [can.write, ...(await permissionsOfRoles(ctx, roleIds))];
  if (status !== 'active' || needed.some((permission) => !held.has(permission))) throw new InviteRefused();
}

async function markAccepted(ctx: Ctx, { id }: InviteRow, acceptedBy: Id<'stf'>): Promise<void> {
  const [row] = await ctx.tx
    .update(invites)
    .set({ acceptedAt: sql`now()`, acceptedBy, eventSequence: sql`event_sequence + 1` })
    .where(mine(ctx, invites, eq(invites.id, id)))
    .returning();
  if (!row) throw new InviteRefused();
  const accepted = { ...row, isOver: false };
  const invite = await viewOf(ctx, accepted);
  ctx.audit({ action: 'invite.accepted', entity: { type: 'invite', id }, after: invite });
  await announce(ctx, inviteAccepted, accepted, invite);
}
