import { asc, eq, sql } from 'drizzle-orm';
import { insertAll, isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { ShippingLimitReached, ZoneHasOptions } from './shipping.errors.ts';
import { shippingZoneCreated, shippingZoneDeleted, shippingZoneUpdated } from './shipping.events.ts';
import { shippingOptions, shippingZoneAreas, shippingZones } from './shipping.schema.ts';
import { type AreaRow, areaRowsOf } from './zone-areas.ts';
import { type NewShippingZone, type ShippingZonePatch, type ShippingZoneView, ZONES_MAX } from './zones.contract.ts';

type ZoneId = Id<'shz'>;
type ZoneRow = typeof shippingZones.$inferSelect & { areas: ShippingZoneView['areas'] };

/** Zones of the company, newest first. */
export async function listShippingZones(ctx: Ctx, { limit, after }: ListQuery): Promise<Page<ShippingZoneView>> {
  const { where, orderBy } = keyset({ columns: [shippingZones.id], direction: 'desc' }, after);
  const rows = await ctx.tx
    .select()
    .from(shippingZones)
    .where(mine(ctx, shippingZones, where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(await withAreas(ctx, rows), limit, (row) => [row.id], viewOf);
}

/** One zone. Throws `NotFound`. */
export async function getShippingZone(ctx: Ctx, id: ZoneId): Promise<ShippingZoneView> {
  const rows = await ctx.tx
    .select()
    .from(shippingZones)
    .where(mine(ctx, shippingZones, eq(shippingZones.id, id)));
  const [row] = await withAreas(ctx, rows);
  if (!row) throw new NotFound('shipping zone');
  return viewOf(row);
}

/** Makes a zone. Throws `InvalidInput`, `ShippingLimitReached`. */
export async function createShippingZone(ctx: Ctx, { name, areas }: NewShippingZone): Promise<ShippingZoneView> {
  const areaRows = areaRowsOf(areas);
  await lockZones(ctx);
  if ((await ctx.tx.$count(shippingZones, mine(ctx, shippingZones))) >= ZONES_MAX)
    throw new ShippingLimitReached(ZONES_MAX, 'shipping zones');
  const values = { companyId: ctx.companyId, id: newId('shz'), name };
  const [row] = await ctx.tx.insert(shippingZones).values(values).returning();
  if (!row) throw new Error('The insert gave no row back');
  await insertAreas(ctx, row.id, areaRows);
  const shippingZone = viewOf({ ...row, areas: areaRows });
  ctx.audit({ action: 'shipping_zone.created', entity: { type: 'shipping_zone', id: row.id }, after: shippingZone });
  await emit(ctx, shippingZoneCreated, {
    aggregate: { id: row.id, sequence: row.eventSequence },
    data: { shippingZone },
  });
  return shippingZone;
}

/** Changes a zone; `areas` takes the place of all there were. Throws `NotFound`, `VersionStale`, `InvalidInput`. */
export async function updateShippingZone(
  ctx: Ctx,
  id: ZoneId,
  { areas, ...patch }: ShippingZonePatch,
  expectedVersion?: number,
): Promise<ShippingZoneView> {
  const before = await lockZone(ctx, id, expectedVersion);
  const areaRows = areas && areaRowsOf(areas);
  if (areaRows) await replaceAreas(ctx, id, areaRows);
  const [row] = await ctx.tx
    .update(shippingZones)
    .set({
      ...patch,
      version: sql`${shippingZones.version} + 1`,
      eventSequence: sql`${shippingZones.eventSequence} + 1`,
      updatedAt: sql`now()`,
    })
    .where(mine(ctx, shippingZones, eq(shippingZones.id, id)))
    .returning();
  if (!row) throw new NotFound('shipping zone');
  const shippingZone = viewOf({ ...row, areas: areaRows ?? before.areas });
  ctx.audit({
    action: 'shipping_zone.updated',
    entity: { type: 'shipping_zone', id },
    before: viewOf(before),
    after: shippingZone,
  });
  await emit(ctx, shippingZoneUpdated, { aggregate: { id, sequence: row.eventSequence }, data: { shippingZone } });
  return shippingZone;
}

/** Deletes a zone without options. Throws `NotFound`, `VersionStale`, `ZoneHasOptions`. */
export async function deleteShippingZone(ctx: Ctx, id: ZoneId, expectedVersion?: number): Promise<void> {
  const row = await lockZone(ctx, id, expectedVersion);
  const options = await ctx.tx.$count(shippingOptions, mine(ctx, shippingOptions, eq(shippingOptions.zoneId, id)));
  if (options > 0) throw new ZoneHasOptions(options);
  await replaceAreas(ctx, id, []);
  await ctx.tx.delete(shippingZones).where(mine(ctx, shippingZones, eq(shippingZones.id, id)));
  const shippingZone = viewOf(row);
  ctx.audit({ action: 'shipping_zone.deleted', entity: { type: 'shipping_zone', id }, before: shippingZone });
  await emit(ctx, shippingZoneDeleted, { aggregate: { id, sequence: row.eventSequence + 1 }, data: { shippingZone } });
}

async function lockZone(ctx: Ctx, id: ZoneId, expectedVersion: number | undefined): Promise<ZoneRow> {
  const rows = await ctx.tx
    .select()
    .from(shippingZones)
    .where(mine(ctx, shippingZones, eq(shippingZones.id, id)))
    .for('update');
  const [row] = await withAreas(ctx, rows);
  if (!row) throw new NotFound('shipping zone');
  if (expectedVersion !== undefined && expectedVersion !== row.version)
    throw new VersionStale('shipping zone', row.version);
  return row;
}

/** Whoever makes one counts them first: two at once take turns. */
const lockZones = (ctx: Ctx) =>
  ctx.tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`shipping_zones|${ctx.companyId}`}, 0))`);

/** Rows with their areas, in one statement for all of them. */
async function withAreas(ctx: Ctx, rows: readonly (typeof shippingZones.$inferSelect)[]): Promise<ZoneRow[]> {
  const areasOf = new Map<ZoneId, ZoneRow['areas']>(rows.map(({ id }) => [id, []]));
  if (rows.length > 0) {
    const found = await ctx.tx
      .select()
      .from(shippingZoneAreas)
      .where(mine(ctx, shippingZoneAreas, isAnyOf(shippingZoneAreas.zoneId, areasOf.keys())))
      .orderBy(asc(shippingZoneAreas.zoneId), asc(shippingZoneAreas.position));
    for (const area of found) areasOf.get(area.zoneId)?.push(area);
  }
  return rows.map((row) => ({ ...row, areas: areasOf.get(row.id) ?? [] }));
}

async function replaceAreas(ctx: Ctx, zoneId: ZoneId, areas: readonly AreaRow[]): Promise<void> {
  await ctx.tx.delete(shippingZoneAreas).where(mine(ctx, shippingZoneAreas, eq(shippingZoneAreas.zoneId, zoneId)));
  await insertAreas(ctx, zoneId, areas);
}

const insertAreas = (ctx: Ctx, zoneId: ZoneId, areas: readonly AreaRow[]) =>
  insertAll(
    ctx,
    shippingZoneAreas,
    areas.map((area, position) => ({ zoneId, position, ...area })),
  );

const viewOf = ({ companyId: _, eventSequence: __, areas, ...row }: ZoneRow): ShippingZoneView => ({
  ...row,
  areas: areas.map(({ country, region, postcodePattern }) => ({ country, region, postcodePattern })),
});
