import { and, eq, ne } from 'drizzle-orm';
import { roles } from '../../company/iam/iam.schema.ts';
import { grantable } from '../../company/iam/roles.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import type { StaffView } from './staff.contract.ts';
import { LastOwner, NotYourself } from './staff.errors.ts';
import { staffDisabled, staffEnabled, staffRolesChanged } from './staff.events.ts';
import { staff, staffRoles } from './staff.schema.ts';
import { changeStaff, getStaff, permissionsOf, permissionsOfRoles } from './staff.service.ts';

/**
 * Gives a person exactly these roles. Throws `NotFound`, `InvalidInput` (unknown role), `LastOwner`, and
 * `PermissionMissing` when the caller lacks anything the person holds now or would hold then.
 */
export async function setStaffRoles(ctx: Ctx, id: Id<'stf'>, roleIds: readonly Id<'role'>[]): Promise<StaffView> {
  const ownerRole = await takeTurns(ctx);
  const before = await getStaff(ctx, id);
  await refuseBeyondCaller(ctx, [...(await permissionsOf(ctx, id)), ...(await permissionsOfRoles(ctx, roleIds))]);
  if (isSame(before, roleIds)) return before;
  if (!roleIds.includes(ownerRole)) await refuseLastOwner(ctx, before, ownerRole);
  await ctx.tx.delete(staffRoles).where(mine(ctx, staffRoles, eq(staffRoles.staffId, id)));
  await ctx.tx.insert(staffRoles).values(roleIds.map((roleId) => ({ companyId: ctx.companyId, staffId: id, roleId })));
  ctx.touch();
  return changeStaff(ctx, before, {}, { event: staffRolesChanged, action: 'staff.roles_changed' });
}

/**
 * Marks a person disabled: their standing is gone with the commit. Ending their sessions is `sessions/disablement`.
 * Throws `NotFound`, `NotYourself`, `LastOwner`, and `PermissionMissing` when the person holds what the caller lacks.
 */
export async function markDisabled(ctx: Ctx, id: Id<'stf'>): Promise<StaffView> {
  const ownerRole = await takeTurns(ctx);
  const before = await getStaff(ctx, id);
  if (ctx.actor.id === id) throw new NotYourself();
  await refuseBeyondCaller(ctx, await permissionsOf(ctx, id));
  if (before.status === 'disabled') return before;
  await refuseLastOwner(ctx, before, ownerRole);
  ctx.touch();
  return changeStaff(ctx, before, { status: 'disabled' }, { event: staffDisabled, action: 'staff.disabled' });
}

/** Lets a disabled person log in again. Throws `NotFound`, and `PermissionMissing` as `markDisabled` does. */
export async function enableStaff(ctx: Ctx, id: Id<'stf'>): Promise<StaffView> {
  await takeTurns(ctx);
  const before = await getStaff(ctx, id);
  await refuseBeyondCaller(ctx, await permissionsOf(ctx, id));
  if (before.status === 'active') return before;
  ctx.touch();
  return changeStaff(ctx, before, { status: 'active' }, { event: staffEnabled, action: 'staff.enabled' });
}

/**
 * Throws `PermissionMissing` if the caller lacks one of these. Asks the rows, not the session: what a session says may be
 * some seconds old, and a right that was taken away must not be handed on in its last moments.
 */
export async function refuseBeyondCaller(ctx: Ctx, permissions: Iterable<string>): Promise<void> {
  const held = ctx.actor.type === 'staff' ? new Set(await permissionsOf(ctx, ctx.actor.id)) : ctx.permissions;
  grantable({ actor: ctx.actor, permissions: held }, permissions);
}

/**
 * Changes of who may do what take turns in a company, at the row of its Owner role: two owners who demote each other at
 * the same moment would otherwise both see the other one still there. Returns the id of that role.
 */
async function takeTurns(ctx: Ctx): Promise<Id<'role'>> {
  const [owner] = await ctx.tx
    .select({ id: roles.id })
    .from(roles)
    .where(mine(ctx, roles, eq(roles.systemKey, 'owner')))
    .for('no key update'); // new staff may point at the role meanwhile
  if (!owner) throw new Error(`${ctx.companyId} has no Owner role; run seedAccess first`);
  return owner.id;
}

async function refuseLastOwner(ctx: Ctx, person: StaffView, ownerRole: Id<'role'>): Promise<void> {
  if (person.status !== 'active' || !person.roles.some(({ id }) => id === ownerRole)) return;
  const [other] = await ctx.tx
    .select({ id: staff.id })
    .from(staff)
    .innerJoin(staffRoles, and(mine(ctx, staffRoles), eq(staffRoles.staffId, staff.id)))
    .where(mine(ctx, staff, eq(staffRoles.roleId, ownerRole), eq(staff.status, 'active'), ne(staff.id, person.id)))
    .limit(1);
  if (!other) throw new LastOwner();
}

const isSame = (person: StaffView, roleIds: readonly Id<'role'>[]) =>
  person.roles.length === roleIds.length && person.roles.every(({ id }) => roleIds.includes(id));
