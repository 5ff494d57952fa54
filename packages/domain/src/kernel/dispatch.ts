import { and, asc, eq, getTableColumns, gt, inArray, isNotNull, isNull, lt, notInArray, sql } from 'drizzle-orm';
import { isAnyOf } from './bulk-write.ts';
import type { Ctx, Tx } from './ctx.ts';
import { eventOf } from './events.ts';
import { firstIdAt } from './id-time.ts';
import type { CompanyId, Id } from './ids.ts';
import { events } from './outbox.schema.ts';
import { unseal } from './sealing.ts';
import { mine } from './tables.ts';

/** Dispatched events stay this long for `GET /v1/events`. */
export const EVENTS_KEPT_DAYS = 30;
const DAY_MS = 86_400_000;

/** A stored event on its way to those who want to know. */
export interface WaitingEvent {
  readonly id: Id<'evt'>;
  readonly type: string;
  readonly aggregateId: string;
  readonly sequence: number;
  /** Null where `dataOf` did not ask for it. */
  readonly data: unknown;
  readonly createdAt: string;
  /** Made up, to try receivers with: nothing has happened, and nobody is written to. */
  readonly isTest: boolean;
  /** The one webhook endpoint it is meant for; null: all that want its type. */
  readonly endpointId: Id<'wep'> | null;
  /** Opens what only our own workers may read. Throws if the seal is broken or the contents do not fit the event. */
  privately(): unknown;
}

/** Does what events call for, inside the transaction that stamps them. Never touches the network. */
export type Consumer = (ctx: Ctx, waiting: readonly WaitingEvent[]) => Promise<void>;

/** Which of the waiting events are dispatched. */
export interface WhichEvents {
  readonly max: number;
  readonly except?: readonly Id<'evt'>[];
  readonly only?: Id<'evt'>;
  /** They are handed over and not stamped, so they come again: a part of what they call for cannot be done yet. */
  readonly isLeftWaiting?: boolean;
  /** The types whose data the consumer reads; that of others, megabytes of products perhaps, stays in the table. All, if left out. */
  readonly dataOf?: ReadonlySet<string>;
}

/**
 * Hands the oldest waiting events of this company, up to `max`, to the consumer and stamps them dispatched, all in this
 * one transaction: there is no "processing" state, so a crash leaves nothing half-claimed. Other workers' events and those
 * in `except` are passed over. Returns the ids it dispatched.
 */
export async function dispatchEvents(
  ctx: Ctx,
  consume: Consumer,
  { max, except = [], only, isLeftWaiting = false, dataOf }: WhichEvents,
): Promise<Id<'evt'>[]> {
  const waiting = await ctx.tx
    .select(dataOf ? { ...getTableColumns(events), data: dataOfTypes(dataOf) } : getTableColumns(events))
    .from(events)
    .where(mine(ctx, events, isNull(events.dispatchedAt), without(except), only && eq(events.id, only)))
    .orderBy(asc(events.id))
    .limit(max)
    // Not the key: who writes rows that refer to these events meanwhile would wait, and we for him.
    .for('no key update', { skipLocked: true });
  if (waiting.length === 0) return [];
  await consume(ctx, waiting.map(opened));
  const ids = waiting.map(({ id }) => id);
  if (isLeftWaiting) return ids;
  await ctx.tx
    .update(events)
    .set({ dispatchedAt: sql`now()`, privately: null })
    .where(mine(ctx, events, inArray(events.id, ids)));
  return ids;
}

const dataOfTypes = (types: ReadonlySet<string>) =>
  sql<unknown>`case when ${isAnyOf(events.type, types)} then ${events.data} end`.mapWith(events.data);

/** The ids of waiting events, oldest first; to try them one by one when a batch of them fails. */
export async function waitingEvents(ctx: Ctx, max: number, except: readonly Id<'evt'>[]): Promise<Id<'evt'>[]> {
  const rows = await ctx.tx
    .select({ id: events.id })
    .from(events)
    .where(mine(ctx, events, isNull(events.dispatchedAt), without(except)))
    .orderBy(asc(events.id))
    .limit(max);
  return rows.map(({ id }) => id);
}

const without = (ids: readonly Id<'evt'>[]) => (ids.length > 0 ? notInArray(events.id, [...ids]) : undefined);

/** As the relay role, in no company: which companies have events waiting; by id, from the one behind `after` on. */
export async function companiesWithEvents(tx: Tx, limit: number, after?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: events.companyId })
    .from(events)
    .where(and(isNull(events.dispatchedAt), after && gt(events.companyId, after)))
    .groupBy(events.companyId)
    .orderBy(asc(events.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}

/**
 * Deletes up to `max` of this company's events that are past their time; returns how many. `forget` deletes first what
 * other tables keep about them.
 */
export async function sweepEvents(
  ctx: Ctx,
  max: number,
  forget: (ctx: Ctx, ids: readonly Id<'evt'>[]) => Promise<void>,
): Promise<number> {
  const oldest = firstIdAt('evt', ctx.now.getTime() - EVENTS_KEPT_DAYS * DAY_MS);
  const old = await ctx.tx
    .select({ id: events.id })
    .from(events)
    .where(mine(ctx, events, and(lt(events.id, oldest), isNotNull(events.dispatchedAt))))
    .orderBy(asc(events.id))
    .limit(max);
  if (old.length === 0) return 0;
  const ids = old.map(({ id }) => id);
  await forget(ctx, ids);
  await ctx.tx.delete(events).where(mine(ctx, events, inArray(events.id, ids)));
  return ids.length;
}

const opened = (row: typeof events.$inferSelect): WaitingEvent => ({
  id: row.id,
  type: row.type,
  aggregateId: row.aggregateId,
  sequence: row.sequence,
  data: row.data,
  createdAt: row.createdAt,
  isTest: row.isTest,
  endpointId: row.endpointId,
  privately() {
    if (row.privately === null) return undefined;
    const contents: unknown = JSON.parse(unseal(row.privately, `${row.companyId}|events|${row.id}`));
    return eventOf(row.type)?.privately?.parse(contents) ?? contents;
  },
});
