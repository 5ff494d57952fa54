import { and, count, eq, ne, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { insertCodes } from './codes.service.ts';
import { codeKeyOf } from './discount-codes.ts';
import { classOf, combinesByDefault, type DiscountForm, formFaults } from './discount-form.ts';
import { insertParts, refuseUnknown, replaceParts } from './discount-parts.service.ts';
import { type DiscountRow, viewOfOne, viewsOf } from './discount-views.service.ts';
import { windowOf } from './discount-window.service.ts';
import {
  AUTOMATIC_MAX,
  type DiscountPatch,
  type DiscountsQuery,
  type DiscountView,
  type NewDiscount,
  type RedemptionsQuery,
  type RedemptionView,
} from './discounts.contract.ts';
import { DiscountArchived, DiscountLimitReached } from './discounts.errors.ts';
import { discountCreated, discountUpdated } from './discounts.events.ts';
import { discountCodes, discountRedemptions, discounts } from './discounts.schema.ts';

type DiscountId = Id<'dis'>;

/** Discounts of this company, newest first; archived ones only when asked for. */
export async function listDiscounts(ctx: Ctx, query: DiscountsQuery): Promise<Page<DiscountView>> {
  const { where, orderBy } = keyset({ columns: [discounts.id], direction: 'desc' }, query.after);
  const wishes = and(
    query.status ? eq(discounts.status, query.status) : ne(discounts.status, 'archived'),
    query.method && eq(discounts.method, query.method),
    query.code === undefined
      ? undefined
      : sql`${discounts.id} = (select c.discount_id from ${discountCodes} c
          where c.company_id = ${ctx.companyId} and c.code_key = ${codeKeyOf(query.code)})`,
  );
  const rows = await ctx.tx
    .select()
    .from(discounts)
    .where(mine(ctx, discounts, where, wishes))
    .orderBy(...orderBy)
    .limit(query.limit + 1);
  const page = pageFrom(
    rows,
    query.limit,
    (row) => [row.id],
    (row) => row,
  );
  return { ...page, data: await viewsOf(ctx, page.data) };
}

/** One discount. Throws `NotFound`. */
export async function getDiscount(ctx: Ctx, id: DiscountId): Promise<DiscountView> {
  const [row] = await ctx.tx
    .select()
    .from(discounts)
    .where(mine(ctx, discounts, eq(discounts.id, id)));
  if (!row) throw new NotFound('discount');
  return viewOfOne(ctx, row);
}

/** Makes a discount. Throws `InvalidInput`, `DiscountCodesTaken`, `DiscountLimitReached`. */
export async function createDiscount(ctx: Ctx, input: NewDiscount): Promise<DiscountView> {
  const own = classOf(input);
  const { codes, startsOn: _on, endsOn: _until, startsAt: _at, endsAt: _end, ...about } = input;
  const window = { startsAt: null, endsAt: null, ...(await windowOf(ctx, input)) };
  const combinesWith = input.combinesWith ?? combinesByDefault(own);
  const form = { ...about, ...window, class: own, combinesWith, used: 0 };
  refuseOdd(form);
  if (input.method === 'automatic' && codes.length > 0) {
    const message = 'An automatic discount has no codes. Leave them out, or make one of the method "code".';
    throw new InvalidInput({ pointer: '/codes', code: 'not_for_method', message });
  }
  await refuseUnknown(ctx, form);
  if (input.method === 'automatic' && isRunning(ctx, form)) await refuseTooMany(ctx);
  const id = newId('dis');
  const [made] = await ctx.tx
    .insert(discounts)
    .values({ companyId: ctx.companyId, id, method: input.method, kind: input.kind, class: own, ...columnsOf(form) })
    .returning();
  if (!made) throw new Error('The discount gave no row back');
  await insertParts(ctx, id, form);
  const codeCount = await insertCodes(ctx, id, codes, null);
  const row = { ...made, codeCount };
  if (codeCount > 0)
    await ctx.tx
      .update(discounts)
      .set({ codeCount })
      .where(mine(ctx, discounts, eq(discounts.id, id)));
  const discount = await viewOfOne(ctx, row);
  ctx.audit({ action: 'discount.created', entity: { type: 'discount', id }, after: discount });
  await announce(ctx, discountCreated, row, discount);
  return discount;
}

/** Changes a discount. Throws `NotFound`, `VersionStale`, `DiscountArchived`, `InvalidInput`, `DiscountLimitReached`. */
export async function updateDiscount(
  ctx: Ctx,
  id: DiscountId,
  patch: DiscountPatch,
  expectedVersion?: number,
): Promise<DiscountView> {
  const row = await lockDiscount(ctx, id, expectedVersion);
  const before = await viewOfOne(ctx, row);
  const { startsOn: _on, endsOn: _until, startsAt: _at, endsAt: _end, ...about } = patch;
  const form = { ...before, ...about, ...(await windowOf(ctx, patch)) };
  refuseOdd(form);
  await refuseUnknown(ctx, named(patch));
  if (row.method === 'automatic' && isRunning(ctx, form) && !isRunning(ctx, before)) await refuseTooMany(ctx);
  const parts = [patch.amounts, patch.targets, patch.buy, patch.customerGroupIds];
  if (parts.some((part) => part !== undefined)) await replaceParts(ctx, id, form);
  return changeRow(ctx, row, before, columnsOf(form));
}

/** Takes a discount away for good: its codes are free again. Archiving it twice is fine. Throws `NotFound`, `VersionStale`. */
export async function archiveDiscount(ctx: Ctx, id: DiscountId, expectedVersion?: number): Promise<DiscountView> {
  const row = await lockDiscount(ctx, id, expectedVersion, 'even archived');
  const before = await viewOfOne(ctx, row);
  if (row.status === 'archived') return before;
  await ctx.tx.delete(discountCodes).where(mine(ctx, discountCodes, eq(discountCodes.discountId, id)));
  return changeRow(ctx, row, before, { status: 'archived', codeCount: 0 });
}

/** Who used it, newest first. Throws `NotFound`. */
export async function listRedemptions(
  ctx: Ctx,
  id: DiscountId,
  { limit, after }: RedemptionsQuery,
): Promise<Page<RedemptionView>> {
  const { where, orderBy } = keyset({ columns: [discountRedemptions.id], direction: 'desc' }, after);
  const rows = await ctx.tx
    .select()
    .from(discountRedemptions)
    .where(mine(ctx, discountRedemptions, eq(discountRedemptions.discountId, id), where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  if (rows.length === 0) await getDiscount(ctx, id);
  return pageFrom(rows, limit, (row) => [row.id], redemptionOf);
}

function redemptionOf(row: typeof discountRedemptions.$inferSelect): RedemptionView {
  const { id, orderId, code, customerId, amount, currency, status, createdAt, releasedAt } = row;
  return { id, orderId, code, customerId, amount: { amount: Number(amount), currency }, status, createdAt, releasedAt };
}

/** The row as it is now; changes of it and uses of it take turns. Throws `NotFound`, `VersionStale`, `DiscountArchived`. */
export async function lockDiscount(
  ctx: Ctx,
  id: DiscountId,
  expectedVersion?: number,
  archivedToo?: 'even archived',
): Promise<DiscountRow> {
  const [row] = await ctx.tx
    .select()
    .from(discounts)
    .where(mine(ctx, discounts, eq(discounts.id, id)))
    .for('no key update');
  if (!row) throw new NotFound('discount');
  if (expectedVersion !== undefined && expectedVersion !== row.version) throw new VersionStale('discount', row.version);
  if (row.status === 'archived' && !archivedToo) throw new DiscountArchived();
  return row;
}

/** Writes the row under its lock, notes and announces it. */
export async function changeRow(
  ctx: Ctx,
  { id }: DiscountRow,
  before: DiscountView,
  set: Partial<typeof discounts.$inferInsert>,
): Promise<DiscountView> {
  const raised = {
    version: sql`${discounts.version} + 1`,
    eventSequence: sql`${discounts.eventSequence} + 1`,
    updatedAt: sql`now()`,
  };
  const [row] = await ctx.tx
    .update(discounts)
    .set({ ...set, ...raised })
    .where(mine(ctx, discounts, eq(discounts.id, id)))
    .returning();
  if (!row) throw new NotFound('discount');
  const discount = await viewOfOne(ctx, row);
  ctx.audit({ action: 'discount.updated', entity: { type: 'discount', id }, before, after: discount });
  await announce(ctx, discountUpdated, row, discount);
  return discount;
}

const announce = (
  ctx: Ctx,
  event: typeof discountCreated,
  { id, eventSequence }: DiscountRow,
  discount: DiscountView,
) => emit(ctx, event, { aggregate: { id, sequence: eventSequence }, data: { discount } });

/** What of a form are columns of the row; method, kind and class stay. */
function columnsOf(form: Omit<DiscountForm, 'used'> & ColumnsOfForm) {
  const { combinesWith } = form;
  return {
    title: form.title,
    status: form.status,
    priority: form.priority,
    percentPpm: form.percentPpm,
    allocation: form.allocation,
    buyQuantity: form.buy?.quantity ?? null,
    getQuantity: form.getQuantity,
    repeatMax: form.repeatMax,
    quantityMin: form.quantityMin,
    firstOrderOnly: form.firstOrderOnly,
    combinesWithProduct: combinesWith.includes('product'),
    combinesWithOrder: combinesWith.includes('order'),
    combinesWithShipping: combinesWith.includes('shipping'),
    startsAt: form.startsAt,
    endsAt: form.endsAt,
    usageLimit: form.usageLimit,
    perCustomerLimit: form.perCustomerLimit,
  };
}
type ColumnsOfForm = Pick<
  DiscountView,
  'title' | 'status' | 'priority' | 'quantityMin' | 'firstOrderOnly' | 'perCustomerLimit'
>;

/** Only what was named now has to be there: a collection that was deleted does not stop other changes. */
const named = ({ targets, buy, customerGroupIds }: DiscountPatch) => ({
  amounts: [],
  targets: targets ?? [],
  buy: buy ?? null,
  customerGroupIds: customerGroupIds ?? [],
});

/** Will totals look at it, now or when its window begins? */
const isRunning = (ctx: Ctx, { status, endsAt }: { status: string; endsAt: string | null }) =>
  status === 'active' && (endsAt === null || Date.parse(endsAt) > ctx.now.getTime());

function refuseOdd(form: DiscountForm): void {
  const [first, ...others] = formFaults(form);
  if (first) throw new InvalidInput(first, ...others);
}

/** Whoever starts one counts them first: two at once take turns. */
async function refuseTooMany(ctx: Ctx): Promise<void> {
  await ctx.tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`discounts|${ctx.companyId}`}, 0))`);
  const isNotOver = sql`(${discounts.endsAt} is null or ${discounts.endsAt} > now())`;
  const [found] = await ctx.tx
    .select({ all: count() })
    .from(discounts)
    .where(mine(ctx, discounts, eq(discounts.method, 'automatic'), eq(discounts.status, 'active'), isNotOver));
  if ((found?.all ?? 0) < AUTOMATIC_MAX) return;
  throw new DiscountLimitReached(
    `At most ${AUTOMATIC_MAX} automatic discounts are active at once. Pause or archive one (PATCH with status "paused", POST …/archival), or make this one of the method "code".`,
  );
}
