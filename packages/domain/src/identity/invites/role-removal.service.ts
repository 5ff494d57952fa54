import { and, eq, inArray, lte, sql } from 'drizzle-orm';
import { deleteRole } from '../../company/iam/roles.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { inviteRoles, invites } from './invites.schema.ts';
import { revokeAll, unsettled } from './invites.service.ts';

/**
 * Deletes a role nobody has. Invites that promise it and whose time is over are taken back: sent again, they would promise
 * less than they say. Those still in time hold the role. Throws as `deleteRole`.
 */
export async function removeRole(ctx: Ctx, id: Id<'role'>): Promise<void> {
  await revokeExpired(ctx, id);
  await deleteRole(ctx, id);
}

async function revokeExpired(ctx: Ctx, roleId: Id<'role'>): Promise<void> {
  const promising = ctx.tx
    .select({ id: inviteRoles.inviteId })
    .from(inviteRoles)
    .where(mine(ctx, inviteRoles, eq(inviteRoles.roleId, roleId)));
  const isOver = and(unsettled(), lte(invites.expiresAt, sql`now()`), inArray(invites.id, promising));
  // One that is being sent again at this moment is waited for, and is in time then.
  await revokeAll(ctx, isOver);
}
