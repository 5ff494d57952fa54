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
import {
  announce,
  type InviteRow,
  lockInvite,
  openFor,
  releaseRoles,
  revokeAll,
  roleIdsOf,
  settledColumns,
  viewOf,
} from './invites.service.ts';

const staffId = idOf('stf');
const keyId = idOf('key');

/** What a secret key may do now; undefined if it is not good any more. `keyPermissions` of the API keys, which come later. */
export type KeyPermissions = (ctx: Ctx, id: Id<'key'>) => Promise<string[] | undefined>;

/**
 * Whom a token invites, and into which shop: what a password is held against. Looked up before it is hashed, so that a
 * token that is worth nothing costs no hash. Throws `InviteRefused` (also in a suspended company), `InviteExpired`.
 */
export async function invitedAddress(ctx: Ctx, tokenHash: string): Promise<{ email: string; companyHandle: string }> {
  const [row] = await ctx.tx
    .select({ email: invites.email, ...settledColumns })
    .from(invites)
    .where(mine(ctx, invites, eq(invites.tokenHash, tokenHash)));
  refuseSpent(row);
  const { handle, status } = await getCompany(ctx);
  if (status !== 'active') throw new InviteRefused();
  return { email: row.email, companyHandle: handle };
}

/**
 * Takes up an invite: makes the person with the invited address and the promised roles, and opens their first session. Good
 * once; of two at once one gets through. An invite is worth no more than its sender is at this moment. Throws
 * `InviteRefused`, `InviteExpired`, `EmailTaken`.
 */
export async function acceptInvite(
  ctx: Ctx,
  tokenHash: string,
  person: { name: string; passwordHash: string },
  keyPermissions: KeyPermissions,
): Promise<{ staff: StaffView; opened: OpenedSession }> {
  const row = await lockInvite(ctx, eq(invites.tokenHash, tokenHash));
  refuseSpent(row);
  const roleIds = await roleIdsOf(ctx, row.id);
  await refuseUnbacked(ctx, await permissionsOfSender(ctx, row.invitedBy, keyPermissions), roleIds);
  const staff = await createStaff(ctx, { ...person, email: row.email, roleIds });
  await markAccepted(ctx, row, staff.id);
  await revokeAll(ctx, openFor(row.emailKey));
  return { staff, opened: await openSession(ctx, staff.id) };
}

/** An invite promises what its sender may give. If they may not any more, or are gone, so is the promise. */
async function refuseUnbacked(ctx: Ctx, sender: string[] | 'anything', roleIds: readonly Id<'role'>[]): Promise<void> {
  if (sender === 'anything') return;
  const held = new Set(sender);
  const needed = [can.write, ...(await permissionsOfRoles(ctx, roleIds))];
  if (needed.some((permission) => !held.has(permission))) throw new InviteRefused();
}

/** What the sender of an invite may do now. Nothing, for whoever is disabled or revoked; anything, for our own work. */
async function permissionsOfSender(
  ctx: Ctx,
  invitedBy: string,
  keyPermissions: KeyPermissions,
): Promise<string[] | 'anything'> {
  const [person, key] = [staffId.safeParse(invitedBy), keyId.safeParse(invitedBy)];
  if (key.success) return (await keyPermissions(ctx, key.data)) ?? [];
  if (!person.success) return 'anything';
  const { status } = await getStaff(ctx, person.data);
  return status === 'active' ? permissionsOf(ctx, person.data) : [];
}

function refuseSpent<Row extends Pick<InviteRow, 'acceptedAt' | 'revokedAt' | 'isOver'>>(
  row: Row | undefined,
): asserts row is Row {
  if (!row || row.acceptedAt || row.revokedAt) throw new InviteRefused();
  if (row.isOver) throw new InviteExpired();
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
  await releaseRoles(ctx, [id]);
}
