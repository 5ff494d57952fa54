import { and, eq, exists, inArray, sql } from 'drizzle-orm';
import { rolePermissions, roles } from '../../company/iam/iam.schema.ts';
import { allPermissions } from '../../kernel/access.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { violates } from '../../kernel/postgres-error.ts';
import { mine } from '../../kernel/tables.ts';
import { emailKey } from '../../kernel/text.ts';
import type { ProfilePatch, StaffQuery, StaffView } from './staff.contract.ts';
import { EmailTaken } from './staff.errors.ts';
import { type StaffEvent, staffCreated, staffUpdated } from './staff.events.ts';
import { staff, staffRoles } from './staff.schema.ts';

type StaffRow = typeof staff.$inferSelect;

export interface NewStaff {
  name: string;
  email: string;
  /** Made by `hashPassword` before the unit of work. */
  passwordHash: string;
  roleIds: readonly Id<'role'>[];
}

/**
 * Adds a person with these roles. Who may give the roles is the caller's question (`invites`, registration).
 * Throws `EmailTaken`, and `InvalidInput` for a role that is not here.
 */
export async function createStaff(ctx: Ctx, input: NewStaff): Promise<StaffView> {
  await refuseUnknownRoles(ctx, input.roleIds);
  const { name, email, passwordHash } = input;
  const row = {
    companyId: ctx.companyId,
    id: newId('stf'),
    name,
    email,
    emailKey: emailKey(email),
    passwordHash,
    eventSequence: 1,
  };
  const [made] = await ctx.tx
    .insert(staff)
    .values(row)
    .returning()
    .catch((error: unknown) => {
      throw violates(error, 'staff_email') ? new EmailTaken() : error;
    });
  if (!made) throw new Error('an insert of staff returned no row');
  await ctx.tx
    .insert(staffRoles)
    .values(input.roleIds.map((roleId) => ({ companyId: ctx.companyId, staffId: made.id, roleId })));
  const view = await viewOf(ctx, made);
  ctx.audit({ action: 'staff.created', entity: { type: 'staff', id: made.id }, after: view });
  await emit(ctx, staffCreated, { aggregate: { id: made.id, sequence: 1 }, data: { staff: view } });
  return view;
}

/** One person. Throws `NotFound`. */
export async function getStaff(ctx: Ctx, id: Id<'stf'>): Promise<StaffView> {
  const [row] = await ctx.tx
    .select()
    .from(staff)
    .where(mine(ctx, staff, eq(staff.id, id)));
  if (!row) throw new NotFound('staff member');
  return viewOf(ctx, row);
}

/** The person with this address, if there is one. */
export async function staffByEmail(ctx: Ctx, email: string): Promise<StaffView | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(staff)
    .where(mine(ctx, staff, eq(staff.emailKey, emailKey(email))));
  return row ? viewOf(ctx, row) : undefined;
}

/** The people who work here, in the order they came; with `permission`, the active ones who hold it. */
export async function listStaff(ctx: Ctx, query: StaffQuery): Promise<Page<StaffView>> {
  const { where, orderBy } = keyset({ columns: [staff.id], direction: 'asc' }, query.after);
  const rows = await ctx.tx
    .select()
    .from(staff)
    .where(
      mine(
        ctx,
        staff,
        where,
        holding(ctx, query.permission),
        query.status ? eq(staff.status, query.status) : undefined,
      ),
    )
    .orderBy(...orderBy)
    .limit(query.limit + 1);
  return pageFrom(
    await viewsOf(ctx, rows),
    query.limit,
    ({ id }) => [id],
    (view) => view,
  );
}

/** Changes what a person may change about themselves. Throws `NotFound`. */
export async function updateProfile(ctx: Ctx, id: Id<'stf'>, patch: ProfilePatch): Promise<StaffView> {
  const before = await getStaff(ctx, id);
  return changeStaff(ctx, before, patch, { event: staffUpdated, action: 'staff.updated' });
}

/** The permissions a person holds through their roles, in alphabetical order. */
export async function permissionsOf(ctx: Ctx, staffId: Id<'stf'>): Promise<string[]> {
  const rows = await ctx.tx
    .selectDistinct({ permission: rolePermissions.permission })
    .from(staffRoles)
    .innerJoin(rolePermissions, and(mine(ctx, rolePermissions), eq(rolePermissions.roleId, staffRoles.roleId)))
    .where(mine(ctx, staffRoles, eq(staffRoles.staffId, staffId)))
    .orderBy(rolePermissions.permission);
  return rows.map(({ permission }) => permission);
}

/** The permissions these roles give together. Throws `InvalidInput` for a role that is not here. */
export async function permissionsOfRoles(ctx: Ctx, roleIds: readonly Id<'role'>[]): Promise<string[]> {
  await refuseUnknownRoles(ctx, roleIds);
  const rows = await ctx.tx
    .selectDistinct({ permission: rolePermissions.permission })
    .from(rolePermissions)
    .where(mine(ctx, rolePermissions, inArray(rolePermissions.roleId, [...roleIds])));
  return rows.map(({ permission }) => permission);
}

/** Writes a change of a person's row, with its version, its note and its event. Throws `NotFound`. */
export async function changeStaff(
  ctx: Ctx,
  before: StaffView,
  set: Partial<Pick<StaffRow, 'name' | 'status'>>,
  news: { event: StaffEvent; action: string },
): Promise<StaffView> {
  const [row] = await ctx.tx
    .update(staff)
    .set({ ...set, version: sql`version + 1`, eventSequence: sql`event_sequence + 1`, updatedAt: sql`now()` })
    .where(mine(ctx, staff, eq(staff.id, before.id)))
    .returning();
  if (!row) throw new NotFound('staff member');
  const after = await viewOf(ctx, row);
  ctx.audit({ action: news.action, entity: { type: 'staff', id: row.id }, before, after });
  await emit(ctx, news.event, { aggregate: { id: row.id, sequence: row.eventSequence }, data: { staff: after } });
  return after;
}

/** A person with the number of their next event, taken under their row lock: for events other modules announce of them. */
export async function nextEventOf(ctx: Ctx, id: Id<'stf'>): Promise<{ sequence: number; view: StaffView }> {
  const [row] = await ctx.tx
    .update(staff)
    .set({ eventSequence: sql`event_sequence + 1` })
    .where(mine(ctx, staff, eq(staff.id, id)))
    .returning();
  if (!row) throw new NotFound('staff member');
  return { sequence: row.eventSequence, view: await viewOf(ctx, row) };
}

function holding(ctx: Ctx, permission: string | undefined) {
  if (permission === undefined) return undefined;
  if (!allPermissions().some(({ name }) => name === permission)) {
    throw new InvalidInput({
      pointer: '?permission',
      code: 'unknown_permission',
      message: 'There is no such permission. GET /v1/permissions lists them.',
    });
  }
  const held = ctx.tx
    .select({ one: sql`1` })
    .from(staffRoles)
    .innerJoin(rolePermissions, and(mine(ctx, rolePermissions), eq(rolePermissions.roleId, staffRoles.roleId)))
    .where(mine(ctx, staffRoles, eq(staffRoles.staffId, staff.id), eq(rolePermissions.permission, permission)));
  return and(eq(staff.status, 'active'), exists(held));
}

async function refuseUnknownRoles(ctx: Ctx, roleIds: readonly Id<'role'>[]): Promise<void> {
  const known = await ctx.tx
    .select({ id: roles.id })
    .from(roles)
    .where(mine(ctx, roles, inArray(roles.id, [...roleIds])));
  const here = new Set(known.map(({ id }) => id));
  const at = roleIds.findIndex((id) => !here.has(id));
  if (at < 0) return;
  throw new InvalidInput({ pointer: `/roleIds/${at}`, code: 'unknown_role', message: 'There is no such role here.' });
}

async function viewOf(ctx: Ctx, row: StaffRow): Promise<StaffView> {
  const [view] = await viewsOf(ctx, [row]);
  return view ?? presented(row, []);
}

async function viewsOf(ctx: Ctx, rows: readonly StaffRow[]): Promise<StaffView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const held = await ctx.tx
    .select({ staffId: staffRoles.staffId, id: roles.id, name: roles.name })
    .from(staffRoles)
    .innerJoin(roles, and(mine(ctx, roles), eq(roles.id, staffRoles.roleId)))
    .where(mine(ctx, staffRoles, inArray(staffRoles.staffId, ids)))
    .orderBy(roles.id);
  return rows.map((row) => presented(row, held));
}

// Field by field: whatever is added to the table later stays inside until someone decides otherwise.
function presented(row: StaffRow, held: readonly { staffId: Id<'stf'>; id: Id<'role'>; name: string }[]): StaffView {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    status: row.status,
    roles: held.filter(({ staffId }) => staffId === row.id).map(({ id, name }) => ({ id, name })),
    hasTwoFactor: row.totpSecret !== null,
    lastLoginAt: row.lastLoginAt,
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}
