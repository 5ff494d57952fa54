import { and, eq, inArray, notInArray, sql } from 'drizzle-orm';
import { allPermissions } from '../../kernel/access.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { newId } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { permissions, rolePermissions, roles } from './iam.schema.ts';
import { SYSTEM_ROLES, wordsHeldBy } from './system-roles.ts';

/**
 * Puts the declared permissions and the system roles into this company. Adds what is missing, changes what was worded
 * anew, takes nothing away: any number of times, at registration and at every migration. A process that seeds must
 * have imported every module that declares words.
 */
export async function seedAccess(ctx: Ctx): Promise<void> {
  const words = allPermissions();
  await ctx.tx
    .insert(permissions)
    .values(words.map((word) => ({ companyId: ctx.companyId, name: word.name, sentence: word.sentence })))
    .onConflictDoUpdate({
      target: [permissions.companyId, permissions.name],
      set: { sentence: sql`excluded.sentence` },
      setWhere: sql`${permissions.sentence} <> excluded.sentence`,
    });
  const ids = await seedSystemRoles(ctx);
  const held = SYSTEM_ROLES.flatMap((role) => {
    const id = ids.get(role.key);
    if (!id) throw new Error(`The system role ${role.key} was not seeded`);
    return wordsHeldBy(
      role,
      words.map((word) => word.name),
    ).map((permission) => ({ companyId: ctx.companyId, roleId: id, permission }));
  });
  await ctx.tx.insert(rolePermissions).values(held).onConflictDoNothing();
  note(ctx, 'access.seeded');
}

/**
 * Takes away what the code no longer declares: words nobody checks any more leave the custom roles that hold them, and
 * system roles lose what their pattern no longer gives. For the migration of a whole deployment only: a process that
 * has not imported every module would take away words that others still use.
 */
export async function pruneAccess(ctx: Ctx): Promise<void> {
  const words: string[] = allPermissions().map((word) => word.name);
  if (words.length === 0) throw new Error('No permission is declared: refusing to take all of them away');
  await ctx.tx.delete(rolePermissions).where(mine(ctx, rolePermissions, notInArray(rolePermissions.permission, words)));
  await ctx.tx.delete(permissions).where(mine(ctx, permissions, notInArray(permissions.name, words)));
  const ids = await systemRoleIds(ctx);
  for (const role of SYSTEM_ROLES) {
    const id = ids.get(role.key);
    if (!id) continue;
    const surplus = and(
      eq(rolePermissions.roleId, id),
      notInArray(rolePermissions.permission, wordsHeldBy(role, words)),
    );
    await ctx.tx.delete(rolePermissions).where(mine(ctx, rolePermissions, surplus));
  }
  note(ctx, 'access.pruned');
}

async function seedSystemRoles(ctx: Ctx) {
  // A custom role may have taken the name of a system role that came later: the custom one keeps it.
  const names = SYSTEM_ROLES.map((role) => role.name.toLowerCase());
  const taken = await ctx.tx
    .select({ nameKey: roles.nameKey })
    .from(roles)
    .where(mine(ctx, roles, and(eq(roles.isSystem, false), inArray(roles.nameKey, names))));
  const busy = new Set(taken.map((row) => row.nameKey));
  const rows = SYSTEM_ROLES.map(({ key, name, description }) => {
    const shown = busy.has(name.toLowerCase()) ? `${name} (system)` : name;
    return {
      companyId: ctx.companyId,
      id: newId('role'),
      name: shown,
      nameKey: shown.toLowerCase(),
      description,
      isSystem: true,
      systemKey: key,
    };
  });
  await ctx.tx
    .insert(roles)
    .values(rows)
    .onConflictDoUpdate({
      target: [roles.companyId, roles.systemKey],
      set: { description: sql`excluded.description` },
      setWhere: sql`${roles.description} <> excluded.description`,
    });
  return systemRoleIds(ctx);
}

async function systemRoleIds(ctx: Ctx) {
  const rows = await ctx.tx
    .select({ id: roles.id, key: roles.systemKey })
    .from(roles)
    .where(mine(ctx, roles, eq(roles.isSystem, true)));
  return new Map(rows.map((row) => [row.key, row.id]));
}

function note(ctx: Ctx, action: string) {
  ctx.audit({ action, entity: { type: 'company', id: ctx.companyId } });
  ctx.touch();
}
