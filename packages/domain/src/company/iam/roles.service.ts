import { and, eq, inArray, sql } from 'drizzle-orm';
import { allPermissions, allScopes } from '../../kernel/access.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, PermissionMissing, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { postgresErrorOf, violates } from '../../kernel/postgres-error.ts';
import { mine } from '../../kernel/tables.ts';
import type { NewRole, RoleCopy, RolePatch, RoleView } from './iam.contract.ts';
import { RoleInUse, RoleNameTaken, SystemRoleImmutable } from './iam.errors.ts';
import { roleCreated, roleDeleted, roleUpdated } from './iam.events.ts';
import { permissions, rolePermissions, roles } from './iam.schema.ts';
import type { SystemRoleKey } from './system-roles.ts';

type RoleId = Id<'role'>;
type RoleRow = typeof roles.$inferSelect;

/** Foreign keys that say somebody still has a role; they belong to staff and invites, which come after this module. */
const STILL_ASSIGNED = new Set(['staff_roles_role', 'invite_roles_role']);

/**
 * Nobody grants what they do not hold: throws `PermissionMissing` for the first of `words` the caller lacks. Our own
 * work (actor `system`) may grant everything.
 */
export function grantable(ctx: Pick<Ctx, 'actor' | 'permissions'>, words: Iterable<string>): void {
  if (ctx.actor.type === 'system') return;
  for (const word of words) if (!ctx.permissions.has(word)) throw new PermissionMissing(word);
}

/** The id of a system role. Throws if `seedAccess` was never run in this company: a fault of ours. */
export async function roleIdOf(ctx: Ctx, systemKey: SystemRoleKey): Promise<RoleId> {
  const [row] = await ctx.tx
    .select({ id: roles.id })
    .from(roles)
    .where(mine(ctx, roles, eq(roles.systemKey, systemKey)));
  if (!row) throw new Error(`${ctx.companyId} has no system role ${systemKey}; run seedAccess first`);
  return row.id;
}

/** The permissions this deployment knows, with a sentence each: what a role editor shows. */
export function listPermissions(): Page<{ name: string; sentence: string }> {
  const scopes = new Map(allScopes().map((scope) => [scope.name, scope.sentence]));
  const data = allPermissions().map(({ name, sentence }) => {
    const there = scopes.get(name);
    const also = `In a secret key it is a scope of the storefront API as well: ${there}`;
    return { name, sentence: there === undefined ? sentence : `${sentence}. ${also}` };
  });
  return { data, page: { hasMore: false, next: null } };
}

/** Roles in the order they were made, system roles first. */
export async function listRoles(ctx: Ctx, { limit, after }: ListQuery): Promise<Page<RoleView>> {
  const { where, orderBy } = keyset({ columns: [roles.id], direction: 'asc' }, after);
  const rows = await ctx.tx
    .select()
    .from(roles)
    .where(mine(ctx, roles, where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  const held = await permissionsOf(
    ctx,
    rows.map((row) => row.id),
  );
  return pageFrom(
    rows,
    limit,
    (row) => [row.id],
    (row) => viewOf(row, held.get(row.id)),
  );
}

/** One role. Throws `NotFound`. */
export async function getRole(ctx: Ctx, id: RoleId): Promise<RoleView> {
  const [row] = await ctx.tx
    .select()
    .from(roles)
    .where(mine(ctx, roles, eq(roles.id, id)));
  if (!row) throw new NotFound('role');
  return viewOf(row, (await permissionsOf(ctx, [id])).get(id));
}

/** Makes a role. Throws `PermissionMissing` for a word the caller lacks, `InvalidInput` for an unknown one, `RoleNameTaken`. */
export async function createRole(ctx: Ctx, input: NewRole): Promise<RoleView> {
  const words = known(input.permissions);
  grantable(ctx, words);
  const values = {
    companyId: ctx.companyId,
    id: newId('role'),
    name: input.name,
    nameKey: nameKey(input.name),
    description: input.description,
  };
  const [row] = await refusingTakenName(ctx.tx.insert(roles).values(values).returning());
  if (!row) throw new Error('The insert gave no row back');
  await hold(ctx, row.id, words);
  const role = viewOf(row, words);
  ctx.audit({ action: 'role.created', entity: { type: 'role', id: role.id }, after: role });
  await emit(ctx, roleCreated, { aggregate: { id: role.id, sequence: role.version }, data: { role } });
  return role;
}

/** Makes a role of one's own out of any role. The words of the copy must be the caller's to give. */
export async function copyRole(ctx: Ctx, id: RoleId, { name }: RoleCopy): Promise<RoleView> {
  const original = await getRole(ctx, id);
  return createRole(ctx, { name, description: original.description, permissions: original.permissions });
}

/**
 * Changes a role. The caller must hold what the role has and what it gets: a role one could not give is not one's to
 * empty either. Throws `NotFound`, `SystemRoleImmutable`, `VersionStale`, `PermissionMissing`, `RoleNameTaken`.
 */
export async function updateRole(ctx: Ctx, id: RoleId, patch: RolePatch, expectedVersion?: number): Promise<RoleView> {
  const before = await lockRole(ctx, id, expectedVersion);
  const words = patch.permissions ? known(patch.permissions) : before.permissions;
  grantable(ctx, words);
  const [row] = await refusingTakenName(
    ctx.tx
      .update(roles)
      .set({
        ...(patch.name === undefined ? {} : { name: patch.name, nameKey: nameKey(patch.name) }),
        ...(patch.description === undefined ? {} : { description: patch.description }),
        version: sql`${roles.version} + 1`,
        updatedAt: sql`now()`,
      })
      .where(mine(ctx, roles, eq(roles.id, id)))
      .returning(),
  );
  if (!row) throw new NotFound('role');
  await replaceWords(ctx, id, before.permissions, words);
  const role = viewOf(row, words);
  ctx.audit({ action: 'role.updated', entity: { type: 'role', id }, before, after: role });
  await emit(ctx, roleUpdated, { aggregate: { id, sequence: role.version }, data: { role } });
  ctx.touch();
  return role;
}

/** Deletes a role nobody has and no invite promises (`invites/role-removal` sees to old ones). Throws `NotFound`, `SystemRoleImmutable`, `RoleInUse`. */
export async function deleteRole(ctx: Ctx, id: RoleId): Promise<void> {
  const role = await lockRole(ctx, id);
  await ctx.tx.delete(rolePermissions).where(mine(ctx, rolePermissions, eq(rolePermissions.roleId, id)));
  try {
    await ctx.tx.delete(roles).where(mine(ctx, roles, eq(roles.id, id)));
  } catch (error) {
    throw STILL_ASSIGNED.has(postgresErrorOf(error)?.constraint_name ?? '') ? new RoleInUse() : error;
  }
  ctx.audit({ action: 'role.deleted', entity: { type: 'role', id }, before: role });
  await emit(ctx, roleDeleted, { aggregate: { id, sequence: role.version + 1 }, data: { role } });
  ctx.touch();
}

/** The role as it is now, locked against a second change, if it may be changed by this caller. */
async function lockRole(ctx: Ctx, id: RoleId, expectedVersion?: number): Promise<RoleView> {
  const [row] = await ctx.tx
    .select()
    .from(roles)
    .where(mine(ctx, roles, eq(roles.id, id)))
    .for('update');
  if (!row) throw new NotFound('role');
  if (row.isSystem) throw new SystemRoleImmutable();
  if (expectedVersion !== undefined && expectedVersion !== row.version) throw new VersionStale('role', row.version);
  const role = viewOf(row, (await permissionsOf(ctx, [id])).get(id));
  grantable(ctx, role.permissions);
  return role;
}

async function permissionsOf(ctx: Ctx, ids: readonly RoleId[]): Promise<Map<RoleId, string[]>> {
  const held = new Map<RoleId, string[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return held;
  const rows = await ctx.tx
    .select({ roleId: rolePermissions.roleId, permission: rolePermissions.permission })
    .from(rolePermissions)
    .where(mine(ctx, rolePermissions, inArray(rolePermissions.roleId, [...ids])));
  for (const row of rows) held.get(row.roleId)?.push(row.permission);
  return held;
}

async function replaceWords(
  ctx: Ctx,
  roleId: RoleId,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  const gone = before.filter((word) => !after.includes(word));
  const lost = and(eq(rolePermissions.roleId, roleId), inArray(rolePermissions.permission, gone));
  if (gone.length > 0) await ctx.tx.delete(rolePermissions).where(mine(ctx, rolePermissions, lost));
  await hold(
    ctx,
    roleId,
    after.filter((word) => !before.includes(word)),
  );
}

async function hold(ctx: Ctx, roleId: RoleId, words: readonly string[]): Promise<void> {
  if (words.length === 0) return;
  // A word declared since the last migration is not in this company yet.
  const sentences = new Map<string, string>(allPermissions().map((word) => [word.name, word.sentence]));
  const rows = words.map((name) => ({ companyId: ctx.companyId, name, sentence: sentences.get(name) ?? '' }));
  await ctx.tx.insert(permissions).values(rows).onConflictDoNothing();
  await ctx.tx
    .insert(rolePermissions)
    .values(words.map((permission) => ({ companyId: ctx.companyId, roleId, permission })));
}

/** The words sorted and each once. Throws `InvalidInput` naming the place of every one that is not declared. */
function known(words: readonly string[]): string[] {
  const declared = new Set<string>(allPermissions().map((word) => word.name));
  const [first, ...others] = words.flatMap((word, at) =>
    declared.has(word)
      ? []
      : [
          {
            pointer: `/permissions/${at}`,
            code: 'unknown_permission',
            message: `There is no permission ${word}. GET /v1/permissions lists them.`,
          },
        ],
  );
  if (first) throw new InvalidInput(first, ...others);
  return [...new Set(words)].sort();
}

const nameKey = (name: string) => name.normalize('NFKC').toLowerCase();

async function refusingTakenName<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw violates(error, 'roles_name') ? new RoleNameTaken() : error;
  }
}

function viewOf(row: RoleRow, words: readonly string[] = []): RoleView {
  const { companyId: _company, nameKey: _key, ...shown } = row;
  return { ...shown, permissions: [...words].sort() };
}
