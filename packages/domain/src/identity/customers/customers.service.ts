import { and, desc, eq, gte, inArray, lt, or, type SQL, sql } from 'drizzle-orm';
import type { AnyPgColumn, PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { emailKey, foldKey } from '../../kernel/text.ts';
import { customerGroupMembers, customerGroups } from './customer-groups.schema.ts';
import type {
  AboutCustomer,
  CustomerPatch,
  CustomerProfile,
  CustomersQuery,
  CustomerView,
  NewCustomer,
  ProfilePatch,
} from './customers.contract.ts';
import { CustomerEmailTaken, CustomerErased } from './customers.errors.ts';
import { type CustomerEvent, customerUpdated } from './customers.events.ts';
import { customers, customerTags, type MarketingSource } from './customers.schema.ts';

/** Sorts behind every text that begins like another one. */
const LAST_CHARACTER = '\u{10ffff}';

type CustomerId = Id<'cus'>;
export type CustomerRow = typeof customers.$inferSelect;
type Columns = PgUpdateSetSource<typeof customers>;

/**
 * Puts an account into the table, and nothing else. Undefined if the address has one already: at the storefront that must
 * not show.
 */
export async function insertCustomer(
  ctx: Ctx,
  about: AboutCustomer & Partial<Pick<NewCustomer, 'note' | 'isTaxExempt'>>,
  { passwordHash, source }: { passwordHash: string; source: MarketingSource },
): Promise<CustomerRow | undefined> {
  const { email, note, isTaxExempt, ...personal } = about;
  const [made] = await ctx.tx
    .insert(customers)
    .values({
      companyId: ctx.companyId,
      id: newId('cus'),
      email,
      emailKey: emailKey(email),
      passwordHash,
      note,
      isTaxExempt,
      eventSequence: 1,
      firstName: personal.firstName ?? null,
      lastName: personal.lastName ?? null,
      ...nameKeys(personal.firstName, personal.lastName),
      phone: personal.phone ?? null,
      locale: personal.locale ?? null,
      acceptsMarketing: personal.acceptsMarketing ?? false,
      ...(personal.acceptsMarketing !== undefined && {
        marketingChangedAt: ctx.now.toISOString(),
        marketingSource: source,
      }),
    })
    .onConflictDoNothing({ target: [customers.companyId, customers.emailKey] })
    .returning();
  return made;
}

/** As `insertCustomer`, for staff, with what only staff say. Throws `CustomerEmailTaken`. The caller audits and announces. */
export async function addCustomer(ctx: Ctx, input: NewCustomer, passwordHash: string): Promise<CustomerRow> {
  const { tags, ...about } = input;
  const row = await insertCustomer(ctx, about, { passwordHash, source: 'staff' });
  if (!row) throw new CustomerEmailTaken();
  await replaceTags(ctx, row.id, tags);
  return row;
}

/** One customer. Throws `NotFound`. */
export async function getCustomer(ctx: Ctx, id: CustomerId): Promise<CustomerView> {
  return viewOf(ctx, await customerRow(ctx, id));
}

/** A customer's own profile. Throws `NotFound`. */
export async function getProfile(ctx: Ctx, id: CustomerId): Promise<CustomerProfile> {
  return profileOf(await customerRow(ctx, id));
}

/** Customers, newest first. Throws `InvalidInput` on a bad cursor. */
export async function listCustomers(ctx: Ctx, query: CustomersQuery): Promise<Page<CustomerView>> {
  const { where, orderBy } = keyset({ columns: [customers.id], direction: 'desc' }, query.after);
  const rows = await ctx.tx
    .select()
    .from(customers)
    .where(mine(ctx, customers, where, ...filtersOf(ctx, query)))
    .orderBy(...orderBy)
    .limit(query.limit + 1);
  const views = await viewsOf(ctx, rows);
  return pageFrom(
    views,
    query.limit,
    ({ id }) => [id],
    (view) => view,
  );
}

/**
 * Changes a customer as staff may, or as they may themselves. Throws `NotFound`, `CustomerErased`, and `VersionStale` if
 * `expected` is not the present version.
 */
export async function updateCustomer(
  ctx: Ctx,
  id: CustomerId,
  { tags, ...patch }: CustomerPatch,
  { expected, source = 'staff' }: { expected?: number | undefined; source?: MarketingSource } = {},
): Promise<CustomerView> {
  const before = await lockCustomer(ctx, id);
  if (before.status === 'erased') throw new CustomerErased();
  if (expected !== undefined && expected !== before.version) throw new VersionStale('customer', before.version);
  if (tags) await replaceTags(ctx, id, tags);
  const after = await changeCustomer(ctx, id, columnsOf(before, patch, source), {
    event: customerUpdated,
    action: 'customer.updated',
    // Field names only: the audit log outlives an erasure.
    noted: { changed: Object.keys({ ...patch, ...(tags && { tags }) }) },
  });
  return after;
}

/** Changes what a customer may change about themselves. */
export async function updateProfile(ctx: Ctx, id: CustomerId, patch: ProfilePatch): Promise<CustomerProfile> {
  await updateCustomer(ctx, id, patch, { source: 'account' });
  return getProfile(ctx, id);
}

/** Writes a change of a customer's row with its version, its note and its event. */
export async function changeCustomer(
  ctx: Ctx,
  id: CustomerId,
  set: Columns,
  { event, action, noted }: { event: CustomerEvent; action: string; noted?: object },
): Promise<CustomerView> {
  const row = await writeCustomer(ctx, id, { ...set, version: sql`version + 1`, updatedAt: sql`now()` });
  const customer = await viewOf(ctx, row);
  noteCustomer(ctx, id, action, noted);
  await emit(ctx, event, { aggregate: { id, sequence: row.eventSequence }, data: { customer } });
  return customer;
}

/**
 * Leaves an audit note about a customer. Nothing personal goes into it, for it stays when they are erased. What they do
 * themselves is not noted: the entry would hold their address and browser.
 */
export function noteCustomer(ctx: Ctx, id: CustomerId, action: string, after?: object): void {
  if (ctx.isShopper || ctx.actor.type === 'nobody') return;
  ctx.audit({ action, entity: { type: 'customer', id }, ...(after && { after }) });
}

/** A customer with the number of their next event, taken under their row lock. `set` changes columns on the way. */
export async function nextCustomerEvent(
  ctx: Ctx,
  id: CustomerId,
  set: Columns = {},
): Promise<{ aggregate: { id: CustomerId; sequence: number }; customer: CustomerView }> {
  const row = await writeCustomer(ctx, id, set);
  return { aggregate: { id, sequence: row.eventSequence }, customer: await viewOf(ctx, row) };
}

/** A customer's row, locked until the end of the unit of work. Throws `NotFound`. */
export async function lockCustomer(ctx: Ctx, id: CustomerId): Promise<CustomerRow> {
  const [row] = await ctx.tx
    .select()
    .from(customers)
    .where(mine(ctx, customers, eq(customers.id, id)))
    .for('no key update');
  if (!row) throw new NotFound('customer');
  return row;
}

/** A customer's row by their address, if there is one. Not for answers to visitors. */
export async function customerByEmail(ctx: Ctx, email: string): Promise<CustomerRow | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(customers)
    .where(mine(ctx, customers, eq(customers.emailKey, emailKey(email))));
  return row;
}

/** Gives a customer exactly these tags. */
export async function replaceTags(ctx: Ctx, id: CustomerId, tags: readonly string[]): Promise<void> {
  await ctx.tx.delete(customerTags).where(mine(ctx, customerTags, eq(customerTags.customerId, id)));
  const once = new Map(tags.map((tag) => [foldKey(tag), tag]));
  const rows = [...once].map(([tagKey, tag]) => ({ companyId: ctx.companyId, customerId: id, tag, tagKey }));
  if (rows.length > 0) await ctx.tx.insert(customerTags).values(rows);
}

/** What staff see, of a row in hand. */
export async function viewOf(ctx: Ctx, row: CustomerRow): Promise<CustomerView> {
  const [view] = await viewsOf(ctx, [row]);
  return view ?? presented(row, [], []);
}

/** What a customer sees of themselves, of a row in hand. */
export const profileOf = (row: CustomerRow): CustomerProfile => ({ ...shownOf(row), createdAt: row.createdAt });

async function customerRow(ctx: Ctx, id: CustomerId): Promise<CustomerRow> {
  const [row] = await ctx.tx
    .select()
    .from(customers)
    .where(mine(ctx, customers, eq(customers.id, id)));
  if (!row) throw new NotFound('customer');
  return row;
}

async function writeCustomer(ctx: Ctx, id: CustomerId, set: Columns): Promise<CustomerRow> {
  const [row] = await ctx.tx
    .update(customers)
    .set({ ...set, eventSequence: sql`event_sequence + 1` })
    .where(mine(ctx, customers, eq(customers.id, id)))
    .returning();
  if (!row) throw new NotFound('customer');
  return row;
}

function columnsOf(before: CustomerRow, patch: Omit<CustomerPatch, 'tags'>, source: MarketingSource): Columns {
  const { firstName = before.firstName, lastName = before.lastName, acceptsMarketing } = patch;
  const isOtherwise = acceptsMarketing !== undefined && acceptsMarketing !== before.acceptsMarketing;
  return {
    ...patch,
    ...nameKeys(firstName, lastName),
    ...(isOtherwise && { marketingChangedAt: sql`now()`, marketingSource: source }),
  };
}

function nameKeys(firstName: string | null | undefined, lastName: string | null | undefined) {
  const whole = [firstName, lastName].filter((part) => part != null).join(' ');
  return { nameKey: foldKey(whole), lastNameKey: foldKey(lastName ?? '') };
}

function filtersOf(ctx: Ctx, { email, q, tag, group, status }: CustomersQuery): (SQL | undefined)[] {
  return [
    email === undefined ? undefined : eq(customers.emailKey, emailKey(email)),
    q === undefined
      ? undefined
      : or(
          begins(customers.emailKey, emailKey(q)),
          begins(customers.nameKey, foldKey(q)),
          begins(customers.lastNameKey, foldKey(q)),
        ),
    tag === undefined ? undefined : inArray(customers.id, taggedWith(ctx, tag)),
    group && inArray(customers.id, membersOf(ctx, group)),
    status && eq(customers.status, status),
  ];
}

// LIKE is not leakproof and could not use the index behind row security; a range by byte can.
const begins = (column: AnyPgColumn, key: string) => and(gte(column, key), lt(column, key + LAST_CHARACTER));

const taggedWith = (ctx: Ctx, tag: string) =>
  ctx.tx
    .select({ id: customerTags.customerId })
    .from(customerTags)
    .where(mine(ctx, customerTags, eq(customerTags.tagKey, foldKey(tag))));

const membersOf = (ctx: Ctx, group: Id<'cgr'>) =>
  ctx.tx
    .select({ id: customerGroupMembers.customerId })
    .from(customerGroupMembers)
    .where(mine(ctx, customerGroupMembers, eq(customerGroupMembers.groupId, group)));

type TagOf = Pick<typeof customerTags.$inferSelect, 'customerId' | 'tag'>;
interface GroupOf {
  customerId: CustomerId;
  id: Id<'cgr'>;
  name: string;
}

async function viewsOf(ctx: Ctx, rows: readonly CustomerRow[]): Promise<CustomerView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const [tags, groups] = await Promise.all([
    ctx.tx
      .select({ customerId: customerTags.customerId, tag: customerTags.tag })
      .from(customerTags)
      .where(mine(ctx, customerTags, inArray(customerTags.customerId, ids)))
      .orderBy(customerTags.tagKey),
    ctx.tx
      .select({ customerId: customerGroupMembers.customerId, id: customerGroups.id, name: customerGroups.name })
      .from(customerGroupMembers)
      .innerJoin(customerGroups, and(mine(ctx, customerGroups), eq(customerGroups.id, customerGroupMembers.groupId)))
      .where(mine(ctx, customerGroupMembers, inArray(customerGroupMembers.customerId, ids)))
      .orderBy(desc(customerGroups.id)),
  ]);
  return rows.map((row) => presented(row, tags, groups));
}

// Field by field: whatever is added to the table later stays inside until someone decides otherwise.
const shownOf = (row: CustomerRow) => ({
  id: row.id,
  email: row.email,
  isEmailVerified: row.emailVerifiedAt !== null,
  firstName: row.firstName,
  lastName: row.lastName,
  phone: row.phone,
  locale: row.locale,
  acceptsMarketing: row.acceptsMarketing,
  isTaxExempt: row.isTaxExempt,
});

const presented = (row: CustomerRow, tags: readonly TagOf[], groups: readonly GroupOf[]): CustomerView => ({
  ...shownOf(row),
  status: row.status,
  emailVerifiedAt: row.emailVerifiedAt,
  marketingChangedAt: row.marketingChangedAt,
  marketingSource: row.marketingSource,
  note: row.note,
  tags: tags.filter(({ customerId }) => customerId === row.id).map(({ tag }) => tag),
  groups: groups.filter(({ customerId }) => customerId === row.id).map(({ id, name }) => ({ id, name })),
  lastLoginAt: row.lastLoginAt,
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});
