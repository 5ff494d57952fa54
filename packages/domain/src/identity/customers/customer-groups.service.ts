import { and, eq, inArray, ne, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { type FieldFault, InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { violates } from '../../kernel/postgres-error.ts';
import { mine } from '../../kernel/tables.ts';
import { foldKey } from '../../kernel/text.ts';
import {
  CUSTOMER_GROUPS_MAX,
  type CustomerGroupPatch,
  type CustomerGroupView,
  type NewCustomerGroup,
} from './customer-groups.contract.ts';
import { CustomerGroupNameTaken, TooManyCustomerGroups } from './customer-groups.errors.ts';
import {
  customerGroupCreated,
  customerGroupDeleted,
  customerGroupJoined,
  customerGroupLeft,
  customerGroupUpdated,
} from './customer-groups.events.ts';
import { customerGroupMembers, customerGroups } from './customer-groups.schema.ts';
import { customers } from './customers.schema.ts';

type GroupId = Id<'cgr'>;
type Row = typeof customerGroups.$inferSelect;

/** Makes a group. Throws `CustomerGroupNameTaken`, `TooManyCustomerGroups`. */
export async function createGroup(ctx: Ctx, input: NewCustomerGroup): Promise<CustomerGroupView> {
  const [known] = await ctx.tx
    .select({ count: sql<number>`count(*)::int` })
    .from(customerGroups)
    .where(mine(ctx, customerGroups));
  if ((known?.count ?? 0) >= CUSTOMER_GROUPS_MAX) throw new TooManyCustomerGroups();
  const [row] = await ctx.tx
    .insert(customerGroups)
    .values({ companyId: ctx.companyId, id: newId('cgr'), ...input, nameKey: foldKey(input.name) })
    .returning()
    .catch(nameTaken);
  if (!row) throw new Error('an insert of a customer group returned no row');
  const customerGroup = viewOf(row);
  note(ctx, 'customer_group.created', row.id, { after: customerGroup });
  await emit(ctx, customerGroupCreated, { aggregate: { id: row.id, sequence: 1 }, data: { customerGroup } });
  return customerGroup;
}

/** One group. Throws `NotFound`. */
export async function getGroup(ctx: Ctx, id: GroupId): Promise<CustomerGroupView> {
  const [row] = await ctx.tx
    .select()
    .from(customerGroups)
    .where(mine(ctx, customerGroups, eq(customerGroups.id, id)));
  if (!row) throw new NotFound('customer group');
  return viewOf(row);
}

/** The groups, in the order of their names. */
export async function listGroups(ctx: Ctx, query: ListQuery): Promise<Page<CustomerGroupView>> {
  const order = { columns: [customerGroups.nameKey, customerGroups.id], direction: 'asc' } as const;
  const { where, orderBy } = keyset(order, query.after);
  const rows = await ctx.tx
    .select()
    .from(customerGroups)
    .where(mine(ctx, customerGroups, where))
    .orderBy(...orderBy)
    .limit(query.limit + 1);
  return pageFrom(rows, query.limit, ({ nameKey, id }) => [nameKey, id], viewOf);
}

/** Changes a group. Throws `NotFound`, `VersionStale`, `CustomerGroupNameTaken`. */
export async function updateGroup(
  ctx: Ctx,
  id: GroupId,
  patch: CustomerGroupPatch,
  expected?: number,
): Promise<CustomerGroupView> {
  const before = await lockGroup(ctx, id);
  if (expected !== undefined && expected !== before.version) throw new VersionStale('customer group', before.version);
  const row = await change(ctx, id, {
    ...patch,
    ...(patch.name !== undefined && { nameKey: foldKey(patch.name) }),
    version: before.version + 1,
    updatedAt: ctx.now.toISOString(),
  });
  const customerGroup = viewOf(row);
  note(ctx, 'customer_group.updated', id, { before: viewOf(before), after: customerGroup });
  await emit(ctx, customerGroupUpdated, { aggregate: { id, sequence: row.eventSequence }, data: { customerGroup } });
  return customerGroup;
}

/** Deletes a group; its members stay customers. Throws `NotFound`, and a conflict while a discount or price is for it. */
export async function deleteGroup(ctx: Ctx, id: GroupId): Promise<void> {
  const row = await lockGroup(ctx, id);
  await ctx.tx
    .delete(customerGroupMembers)
    .where(mine(ctx, customerGroupMembers, eq(customerGroupMembers.groupId, id)));
  await ctx.tx.delete(customerGroups).where(mine(ctx, customerGroups, eq(customerGroups.id, id)));
  const customerGroup = viewOf(row);
  note(ctx, 'customer_group.deleted', id, { before: customerGroup });
  const aggregate = { id, sequence: row.eventSequence + 1 };
  await emit(ctx, customerGroupDeleted, { aggregate, data: { customerGroup } });
}

/** Puts customers into a group; those who are in it stay. Throws `NotFound`, `InvalidInput` for customers there are not. */
export async function addMembers(ctx: Ctx, id: GroupId, customerIds: readonly Id<'cus'>[]): Promise<CustomerGroupView> {
  await lockGroup(ctx, id);
  await refuseUnknown(ctx, customerIds);
  const inIt = new Set(await membersAmong(ctx, id, customerIds));
  const joining = [...new Set(customerIds)].filter((customerId) => !inIt.has(customerId));
  if (joining.length === 0) return getGroup(ctx, id);
  await ctx.tx
    .insert(customerGroupMembers)
    .values(joining.map((customerId) => ({ companyId: ctx.companyId, groupId: id, customerId })))
    .onConflictDoNothing();
  return announceMembers(ctx, id, { event: customerGroupJoined, action: 'customer_group.members_added' }, joining);
}

/** Takes one customer out of a group; who is not in it stays out. Throws `NotFound` for a group there is not. */
export async function removeMember(ctx: Ctx, id: GroupId, customerId: Id<'cus'>): Promise<void> {
  await lockGroup(ctx, id);
  const leaving = await membersAmong(ctx, id, [customerId]);
  if (leaving.length === 0) return;
  await ctx.tx.delete(customerGroupMembers).where(mine(ctx, customerGroupMembers, among(id, leaving)));
  await announceMembers(ctx, id, { event: customerGroupLeft, action: 'customer_group.members_removed' }, leaving);
}

/** Takes somebody who is erased out of all groups. */
export async function leaveGroups(ctx: Ctx, customerId: Id<'cus'>): Promise<void> {
  const theirs = eq(customerGroupMembers.customerId, customerId);
  await ctx.tx.delete(customerGroupMembers).where(mine(ctx, customerGroupMembers, theirs));
}

async function announceMembers(
  ctx: Ctx,
  id: GroupId,
  { event, action }: { event: typeof customerGroupJoined; action: string },
  customerIds: Id<'cus'>[],
): Promise<CustomerGroupView> {
  const row = await change(ctx, id, {});
  const customerGroup = viewOf(row);
  note(ctx, action, id, { after: { customerIds } });
  await emit(ctx, event, { aggregate: { id, sequence: row.eventSequence }, data: { customerGroup, customerIds } });
  return customerGroup;
}

async function membersAmong(ctx: Ctx, id: GroupId, customerIds: readonly Id<'cus'>[]): Promise<Id<'cus'>[]> {
  const rows = await ctx.tx
    .select({ customerId: customerGroupMembers.customerId })
    .from(customerGroupMembers)
    .where(mine(ctx, customerGroupMembers, among(id, customerIds)));
  return rows.map(({ customerId }) => customerId);
}

const among = (id: GroupId, customerIds: readonly Id<'cus'>[]) =>
  and(eq(customerGroupMembers.groupId, id), inArray(customerGroupMembers.customerId, [...customerIds]));

async function refuseUnknown(ctx: Ctx, customerIds: readonly Id<'cus'>[]): Promise<void> {
  const rows = await ctx.tx
    .select({ id: customers.id })
    .from(customers)
    .where(mine(ctx, customers, inArray(customers.id, [...customerIds]), ne(customers.status, 'erased')));
  const known = new Set(rows.map(({ id }) => id));
  const [first, ...others] = customerIds.flatMap((id, at): FieldFault[] =>
    known.has(id)
      ? []
      : [{ pointer: `/customerIds/${at}`, code: 'unknown_customer', message: 'There is no such customer here.' }],
  );
  if (first) throw new InvalidInput(first, ...others);
}

async function lockGroup(ctx: Ctx, id: GroupId): Promise<Row> {
  const [row] = await ctx.tx
    .select()
    .from(customerGroups)
    .where(mine(ctx, customerGroups, eq(customerGroups.id, id)))
    .for('update');
  if (!row) throw new NotFound('customer group');
  return row;
}

async function change(ctx: Ctx, id: GroupId, set: Partial<Row>): Promise<Row> {
  const [row] = await ctx.tx
    .update(customerGroups)
    .set({ ...set, eventSequence: sql`event_sequence + 1` })
    .where(mine(ctx, customerGroups, eq(customerGroups.id, id)))
    .returning()
    .catch(nameTaken);
  if (!row) throw new NotFound('customer group');
  return row;
}

function nameTaken(error: unknown): never {
  throw violates(error, 'customer_groups_name') ? new CustomerGroupNameTaken() : error;
}

const note = (ctx: Ctx, action: string, id: GroupId, about: { before?: object; after?: object }) =>
  ctx.audit({ action, entity: { type: 'customer_group', id }, ...about });

const viewOf = ({ id, name, description, version, createdAt, updatedAt }: Row): CustomerGroupView => ({
  id,
  name,
  description,
  version,
  createdAt,
  updatedAt,
});
