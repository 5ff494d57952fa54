import { and, asc, eq, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { violates } from '../../kernel/postgres-error.ts';
import { mine } from '../../kernel/tables.ts';
import { refreshAvailabilityAt } from './availability.service.ts';
import { LastActiveLocation, LocationHandleTaken, TooManyLocations } from './inventory.errors.ts';
import { stockLocations } from './inventory.schema.ts';
import type { LocationPatch, LocationView, NewLocation } from './locations.contract.ts';
import { locationCreated, locationUpdated } from './locations.events.ts';
import { refreshStockSoon } from './refreshes.service.ts';

type LocationRow = typeof stockLocations.$inferSelect;

/** Every order looks at all of them, and they are never deleted. */
export const LOCATIONS_MAX = 100;

/** What every company begins with. */
const FIRST_LOCATION: NewLocation = {
  name: 'Main location',
  handle: 'main',
  address: null,
  priority: 0,
  isActive: true,
};

/** The place a company is born with; registration calls this. Throws `LocationHandleTaken` when it has been there before. */
export const createDefaultLocation = (ctx: Ctx): Promise<LocationView> => createLocation(ctx, FIRST_LOCATION);

/** Where goods go when nobody says where: the first active location by priority. Made if the company has none at all. */
export async function defaultLocationId(ctx: Ctx): Promise<Id<'loc'>> {
  const [first] = await ctx.tx
    .select({ id: stockLocations.id })
    .from(stockLocations)
    .where(mine(ctx, stockLocations, eq(stockLocations.isActive, true)))
    .orderBy(asc(stockLocations.priority), asc(stockLocations.id))
    .limit(1);
  if (first) return first.id;
  // Two at once: they wait for each other here, and the second one finds what the first one made.
  await lockLocations(ctx);
  const [any] = await ctx.tx
    .select({ id: stockLocations.id })
    .from(stockLocations)
    .where(mine(ctx, stockLocations, eq(stockLocations.isActive, true)))
    .limit(1);
  return any?.id ?? (await createDefaultLocation(ctx)).id;
}

/** Locations in the order in which orders are taken from them. */
export async function listLocations(ctx: Ctx, { limit, after }: ListQuery): Promise<Page<LocationView>> {
  const order = { columns: [stockLocations.priority, stockLocations.id], direction: 'asc' } as const;
  const { where, orderBy } = keyset(order, after);
  const rows = await ctx.tx
    .select()
    .from(stockLocations)
    .where(mine(ctx, stockLocations, where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(rows, limit, (row) => [row.priority, row.id], viewOf);
}

/** One location. Throws `NotFound`. */
export async function getLocation(ctx: Ctx, id: Id<'loc'>): Promise<LocationView> {
  const [row] = await ctx.tx
    .select()
    .from(stockLocations)
    .where(mine(ctx, stockLocations, eq(stockLocations.id, id)));
  if (!row) throw new NotFound('stock location');
  return viewOf(row);
}

/** Throws `NotFound` where one of these is no location of the company. */
export async function refuseUnknownLocations(ctx: Ctx, ids: Iterable<Id<'loc'>>): Promise<void> {
  const wanted = new Set(ids);
  if (wanted.size === 0) return;
  const known = await ctx.tx.$count(stockLocations, mine(ctx, stockLocations, isAnyOf(stockLocations.id, wanted)));
  if (known < wanted.size) throw new NotFound('stock location');
}

/** Makes a location. Throws `LocationHandleTaken`, `TooManyLocations`. */
export async function createLocation(ctx: Ctx, input: NewLocation): Promise<LocationView> {
  await lockLocations(ctx); // so that two at once cannot both be the last one that fits
  if ((await ctx.tx.$count(stockLocations, mine(ctx, stockLocations))) >= LOCATIONS_MAX)
    throw new TooManyLocations(LOCATIONS_MAX);
  const values = { companyId: ctx.companyId, id: newId('loc'), ...input };
  const [row] = await refusingTakenHandle(input.handle, ctx.tx.insert(stockLocations).values(values).returning());
  if (!row) throw new Error('The insert gave no row back');
  const stockLocation = viewOf(row);
  ctx.audit({
    action: 'stock_location.created',
    entity: { type: 'stock_location', id: row.id },
    after: stockLocation,
  });
  await emit(ctx, locationCreated, {
    aggregate: { id: row.id, sequence: row.eventSequence },
    data: { stockLocation },
  });
  return stockLocation;
}

/**
 * Changes a location; it is never deleted, for movements know it. What is reserved at one that is switched off stays
 * reserved and can be sent from there; only nothing new is sold from it.
 * Throws `NotFound`, `VersionStale`, `LocationHandleTaken`, `LastActiveLocation`.
 */
export async function updateLocation(
  ctx: Ctx,
  id: Id<'loc'>,
  patch: LocationPatch,
  expectedVersion?: number,
): Promise<LocationView> {
  // Of two that each switch off the other's last fellow, the second one has to see what the first one did.
  await lockLocations(ctx);
  const before = await getLocation(ctx, id);
  if (expectedVersion !== undefined && expectedVersion !== before.version)
    throw new VersionStale('stock location', before.version);
  if (before.isActive && patch.isActive === false) await refuseLastActive(ctx, id);
  const [row] = await refusingTakenHandle(
    patch.handle ?? before.handle,
    ctx.tx
      .update(stockLocations)
      .set({
        ...patch,
        version: sql`${stockLocations.version} + 1`,
        eventSequence: sql`${stockLocations.eventSequence} + 1`,
        updatedAt: sql`now()`,
      })
      .where(mine(ctx, stockLocations, eq(stockLocations.id, id)))
      .returning(),
  );
  if (!row) throw new NotFound('stock location');
  const stockLocation = viewOf(row);
  ctx.audit({
    action: 'stock_location.updated',
    entity: { type: 'stock_location', id },
    before,
    after: stockLocation,
  });
  await emit(ctx, locationUpdated, { aggregate: { id, sequence: row.eventSequence }, data: { stockLocation } });
  if (before.isActive !== row.isActive) {
    await refreshAvailabilityAt(ctx, id);
    await refreshStockSoon(ctx);
    ctx.catalogueChanged();
  }
  return stockLocation;
}

async function refuseLastActive(ctx: Ctx, id: Id<'loc'>): Promise<void> {
  const [other] = await ctx.tx
    .select({ id: stockLocations.id })
    .from(stockLocations)
    .where(mine(ctx, stockLocations, and(eq(stockLocations.isActive, true), sql`${stockLocations.id} <> ${id}`)))
    .limit(1);
  if (!other) throw new LastActiveLocation();
}

const lockLocations = (ctx: Ctx) =>
  ctx.tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`stock_locations|${ctx.companyId}`}, 0))`);

async function refusingTakenHandle<T>(handle: string, write: PromiseLike<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw violates(error, 'stock_locations_handle') ? new LocationHandleTaken(handle) : error;
  }
}

const viewOf = ({ companyId: _, eventSequence: __, ...row }: LocationRow): LocationView => row;
