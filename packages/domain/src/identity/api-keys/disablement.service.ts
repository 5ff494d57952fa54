import { asc, eq, gt, isNull, or, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { disableStaff } from '../sessions/disablement.service.ts';
import { refuseBeyondCaller } from '../staff/staff-roles.service.ts';
import { can } from './api-keys.access.ts';
import { apiKeys } from './api-keys.schema.ts';
import { revokeKey } from './api-keys.service.ts';
import type { DisabledStaff, StaffDisablement } from './disablement.contract.ts';

/**
 * Disables a person and says which keys they made still work: a key belongs to the company, so it goes on working unless
 * `revokeKeys` ends it here. Also for somebody disabled before. Throws as `disableStaff`, and `PermissionMissing` when
 * keys are to be revoked by somebody who may not.
 */
export async function disableWithKeys(
  ctx: Ctx,
  id: Id<'stf'>,
  { revokeKeys }: StaffDisablement,
): Promise<DisabledStaff> {
  if (revokeKeys) await refuseBeyondCaller(ctx, [can.write]);
  const view = await disableStaff(ctx, id);
  const keys = await activeKeysOf(ctx, id);
  if (!revokeKeys) return { ...view, activeKeys: keys, revokedKeys: [] };
  for (const key of keys) await revokeKey(ctx, key.id);
  return { ...view, activeKeys: [], revokedKeys: keys };
}

/** In the order of their ids: two who revoke the same keys at once then wait for each other instead of dead-locking. */
function activeKeysOf(ctx: Ctx, maker: Id<'stf'>): Promise<{ id: Id<'key'>; name: string }[]> {
  const isActive = or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql`now()`));
  return ctx.tx
    .select({ id: apiKeys.id, name: apiKeys.name })
    .from(apiKeys)
    .where(mine(ctx, apiKeys, eq(apiKeys.createdById, maker), isNull(apiKeys.revokedAt), isActive))
    .orderBy(asc(apiKeys.id));
}
