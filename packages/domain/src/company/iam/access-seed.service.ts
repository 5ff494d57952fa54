import { and, eq, inArray, or, sql } from 'drizzle-orm';
import { allPermissions } from '../../kernel/access.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { permissions, rolePermissions, roles } from './iam.schema.ts';
import { SYSTEM_ROLES, type SystemRole, wordsHeldBy } from './system-roles.ts';

interface Holding {
  roleId: Id<'role'>;
  permission: string;
}

/**
 * Puts the declared permissions and the system roles into this company. Adds what is missing, changes what was worded
 * anew, takes nothing away: any number of times, at registration and at every migration; writes nothing when nothing is
 * missing. A process that seeds must have imported every module that declares words.
 */
export async function seedAccess(ctx: Ctx): Promise<void> {
  const words = await missingWords(ctx);
  const wanting = await missingRoles(ctx);
  if (words.length > 0) {
    await ctx.tx
      .insert(permissions)
      .values(words)
      .onConflictDoUpdate({
        target: [permissions.companyId, permissions.name],
        set: { sentence: sql`excluded.sentence` },
      });
  }
  for (const role of wanting) await putRole(ctx, role);
  const holdings = await missingHoldings(ctx);
  if (holdings.length > 0) await ctx.tx.insert(rolePermissions).values(holdings).onConflictDoNothing();
  if (words.length + wanting.length + holdings.length === 0) return;
  const after = { permissions: words.map(({ name }) => name), roles: wanting.map(({ key }) => key) };
  note(ctx, 'access.seeded', { after });
}

/**
 * Takes away what the code no longer declares: words nobody checks any more leave the custom roles that hold them, and
 * system roles lose what their pattern no longer gives. For the migration of a whole deployment only: a process that
 * has not imported every module would take away words that others still use.
 */
export async function pruneAccess(ctx: Ctx): Promise<void> {
  const declared = new Set<string>(allPermissions().map(({ name }) => name));
  if (declared.size === 0) throw new Error('No permission is declared: refusing to take all of them away');
  const kept = await ctx.tx.select({ name: permissions.name }).from(permissions).where(mine(ctx, permissions));
  const gone = kept.map(({ name }) => name).filter((name) => !declared.has(name));
  const surplus = await surplusHoldings(ctx, declared);
  if (surplus.length > 0) {
    const each = surplus.map(({ roleId, permission }) =>
      and(eq(rolePermissions.roleId, roleId), eq(rolePermissions.permission, permission)),
    );
    await ctx.tx.delete(rolePermissions).where(mine(ctx, rolePermissions, or(...each)));
  }
  if (gone.length > 0) {
    await ctx.tx.delete(rolePermissions).where(mine(ctx, rolePermissions, inArray(rolePermissions.permission, gone)));
    await ctx.tx.delete(permissions).where(mine(ctx, permissions, inArray(permissions.name, gone)));
  }
  if (gone.length + surplus.length > 0)
    note(ctx, 'access.pruned', { before: { permissions: gone, holdings: surplus } });
}

async function missingWords(ctx: Ctx) {
  const rows = await ctx.tx.select().from(permissions).where(mine(ctx, permissions));
  const present = new Map(rows.map(({ name, sentence }) => [name, sentence]));
  return allPermissions()
    .filter(({ name, sentence }) => present.get(name) !== sentence)
    .map(({ name, sentence }) => ({ companyId: ctx.companyId, name, sentence }));
}

async function missingRoles(ctx: Ctx): Promise<SystemRole[]> {
  const present = new Map((await systemRoles(ctx)).map(({ key, description }) => [key, description]));
  return SYSTEM_ROLES.filter(({ key, description }) => present.get(key) !== description);
}

/** What the system roles should hold and do not. */
async function missingHoldings(ctx: Ctx) {
  const words = allPermissions().map(({ name }) => name);
  const present = new Set((await systemHoldings(ctx)).map(textOf));
  return (await systemRoles(ctx))
    .flatMap(({ id, key }) => wordsOf(key, words).map((permission) => ({ roleId: id, permission })))
    .filter((holding) => !present.has(textOf(holding)))
    .map((holding) => ({ companyId: ctx.companyId, ...holding }));
}

/** What the system roles hold and their pattern no longer gives. */
async function surplusHoldings(ctx: Ctx, declared: ReadonlySet<string>): Promise<Holding[]> {
  const due = new Set(
    (await systemRoles(ctx)).flatMap(({ id, key }) =>
      wordsOf(key, [...declared]).map((permission) => textOf({ roleId: id, permission })),
    ),
  );
  return (await systemHoldings(ctx)).filter((holding) => !due.has(textOf(holding)));
}

const textOf = ({ roleId, permission }: Holding) => `${roleId} ${permission}`;

function wordsOf(key: string | null, words: readonly string[]): string[] {
  const role = SYSTEM_ROLES.find((one) => one.key === key);
  return role ? wordsHeldBy(role, words) : [];
}

/** Makes a system role, or words its description anew. A custom role that has the name already keeps it. */
async function putRole(ctx: Ctx, { key, name, description }: SystemRole): Promise<void> {
  const shown = await freeName(ctx, name);
  await ctx.tx
    .insert(roles)
    .values({
      companyId: ctx.companyId,
      id: newId('role'),
      name: shown,
      nameKey: shown.toLowerCase(),
      description,
      isSystem: true,
      systemKey: key,
    })
    .onConflictDoUpdate({ target: [roles.companyId, roles.systemKey], set: { description } });
}

/** `Support`, or `Support (system)`, or `Support (system 2)` and so on: the first that no custom role has. */
async function freeName(ctx: Ctx, name: string): Promise<string> {
  const rows = await ctx.tx
    .select({ nameKey: roles.nameKey })
    .from(roles)
    .where(mine(ctx, roles, eq(roles.isSystem, false)));
  const taken = new Set(rows.map(({ nameKey }) => nameKey));
  let shown = name;
  for (let tried = 1; taken.has(shown.toLowerCase()); tried++) {
    shown = `${name} (system${tried === 1 ? '' : ` ${tried}`})`;
  }
  return shown;
}

const systemRoles = (ctx: Ctx) =>
  ctx.tx
    .select({ id: roles.id, key: roles.systemKey, description: roles.description })
    .from(roles)
    .where(mine(ctx, roles, eq(roles.isSystem, true)));

const systemHoldings = (ctx: Ctx): Promise<Holding[]> =>
  ctx.tx
    .select({ roleId: rolePermissions.roleId, permission: rolePermissions.permission })
    .from(rolePermissions)
    .innerJoin(roles, and(eq(roles.companyId, rolePermissions.companyId), eq(roles.id, rolePermissions.roleId)))
    .where(mine(ctx, rolePermissions, eq(roles.isSystem, true)));

function note(ctx: Ctx, action: string, changed: { before?: unknown; after?: unknown }) {
  ctx.audit({ action, entity: { type: 'company', id: ctx.companyId }, ...changed });
  ctx.touch();
}
