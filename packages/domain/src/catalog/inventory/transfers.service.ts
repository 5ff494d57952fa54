import { and, asc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import { insertAll, isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import type { EventDefinition } from '../../kernel/events.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { productVariants } from '../products/variants.schema.ts';
import { StockBelowZero, TransferNotAllowed } from './inventory.errors.ts';
import {
  ensureLevels,
  type Level,
  listed,
  lockLevels,
  type Move,
  type MovedLevel,
  moveStock,
  refuseTooMuch,
} from './levels.service.ts';
import { getLocation } from './locations.service.ts';
import { expireHoldsOf } from './reservation-ends.service.ts';
import { settle } from './settlement.service.ts';
import type { NewReceipt, NewTransfer, TransfersQuery, TransferView } from './transfers.contract.ts';
import { transferCancelled, transferCreated, transferReceived, transferSent } from './transfers.events.ts';
import { stockTransferLines, stockTransfers, type TransferStatus } from './transfers.schema.ts';

type TransferId = Id<'trf'>;
type Line = TransferView['lines'][number];

const NOTHING_CAME = 'Expected units received or lost; leave out what has not come.';
const NOT_IN_IT = 'This variant is not in this transfer. Name only those that are, or adjust the stock of the others.';

/** The moves a transfer may make. */
const MOVES: Record<string, readonly TransferStatus[]> = {
  sent: ['draft'],
  received: ['in_transit'],
  cancelled: ['draft', 'in_transit'],
};

/** Plans a transfer; nothing moves yet. Throws `NotFound` for a location or variant that is not here. */
export async function createTransfer(ctx: Ctx, { lines, ...input }: NewTransfer): Promise<TransferView> {
  await getLocation(ctx, input.fromLocationId);
  await getLocation(ctx, input.toLocationId);
  await refuseUnknownVariants(ctx, lines);
  const id = newId('trf');
  await ctx.tx.insert(stockTransfers).values({ companyId: ctx.companyId, id, ...input });
  await insertAll(
    ctx,
    stockTransferLines,
    lines.map((line) => ({ transferId: id, ...line })),
  );
  const stockTransfer = await getTransfer(ctx, id);
  ctx.audit({ action: 'stock_transfer.created', entity: { type: 'stock_transfer', id }, after: stockTransfer });
  await emit(ctx, transferCreated, { aggregate: { id, sequence: stockTransfer.version }, data: { stockTransfer } });
  return stockTransfer;
}

/** One transfer. Throws `NotFound`. */
export async function getTransfer(ctx: Ctx, id: TransferId): Promise<TransferView> {
  const [row] = await ctx.tx
    .select()
    .from(stockTransfers)
    .where(mine(ctx, stockTransfers, eq(stockTransfers.id, id)));
  if (!row) throw new NotFound('stock transfer');
  return viewOf(row, await linesOf(ctx, [id]));
}

/** Transfers, newest first. */
export async function listTransfers(ctx: Ctx, { limit, after, status }: TransfersQuery): Promise<Page<TransferView>> {
  const { where, orderBy } = keyset({ columns: [stockTransfers.id], direction: 'desc' }, after);
  const rows = await ctx.tx
    .select()
    .from(stockTransfers)
    .where(mine(ctx, stockTransfers, where, status && eq(stockTransfers.status, status)))
    .orderBy(...orderBy)
    .limit(limit + 1);
  const lines = await linesOf(
    ctx,
    rows.map((row) => row.id),
  );
  return pageFrom(
    rows,
    limit,
    (row) => [row.id],
    (row) => viewOf(row, lines),
  );
}

/**
 * The goods leave: off the shelf where they come from, expected where they go. What is promised to somebody stays.
 * Throws `NotFound`, `TransferNotAllowed`, `StockBelowZero` naming a variant of which there is too little.
 */
export async function sendTransfer(ctx: Ctx, id: TransferId): Promise<TransferView> {
  const before = await lockTransfer(ctx, id, 'sent');
  const levels = await lockBoth(ctx, before);
  const freed = await expireHoldsOf(
    ctx,
    before.lines.map(({ variantId }) => variantId),
  );
  const there = [...levels, ...freed].filter(({ locationId }) => locationId === before.fromLocationId);
  const source = new Map(there.map((level) => [level.variantId, level])); // what was freed is told last
  for (const { variantId, quantity } of before.lines) {
    const there = source.get(variantId) ?? { onHand: 0, reserved: 0 };
    if (there.onHand - there.reserved < quantity) throw StockBelowZero.byTransfer(variantId, there, quantity);
  }
  const moves = before.lines.flatMap(({ variantId, quantity }): Move[] => [
    { variantId, locationId: before.fromLocationId, kind: 'transfer_out', onHand: -quantity },
    { variantId, locationId: before.toLocationId, kind: 'transfer_plan', incoming: quantity },
  ]);
  refuseTooMuch(levels, moves);
  return conclude(ctx, before, { status: 'in_transit', sentAt: sql`now()` }, moves, transferSent, freed);
}

/**
 * Takes down what arrived, all of it or a part, as often as it takes; what is lost is on no shelf any more. The transfer
 * is done when nothing is on its way. Throws `NotFound`, `TransferNotAllowed`, `TooMuchStock`, `InvalidInput` for more than is
 * on its way.
 */
export async function receiveTransfer(ctx: Ctx, id: TransferId, receipt: NewReceipt): Promise<TransferView> {
  const before = await lockTransfer(ctx, id, 'received');
  const lines = new Map(before.lines.map((line) => [line.variantId, line]));
  receipt.lines.forEach(({ variantId, received, lost }, at) => {
    const line = lines.get(variantId);
    if (!line)
      throw new InvalidInput({ pointer: `/lines/${at}/variantId`, code: 'not_in_transfer', message: NOT_IN_IT });
    if (received + lost === 0)
      throw new InvalidInput({ pointer: `/lines/${at}/received`, code: 'nothing_came', message: NOTHING_CAME });
    const open = openOf(line);
    if (received + lost <= open) return;
    const message = `${open} of this variant are on their way in this transfer, not ${received + lost}.`;
    throw new InvalidInput({ pointer: `/lines/${at}`, code: 'more_than_sent', message });
  });
  const levels = await lockBoth(ctx, before);
  const rows = receipt.lines.map(({ variantId, received, lost }) => ({ v: variantId, r: received, x: lost }));
  await ctx.tx.execute(sql`update stock_transfer_lines t set received = t.received + g.r, lost = t.lost + g.x
    from ${listed(rows, 'g(v text collate "C", r int, x int)')}
    where t.company_id = ${ctx.companyId} and t.transfer_id = ${id} and t.variant_id = g.v`);
  const arrived = receipt.lines.reduce((sum, { received, lost }) => sum + received + lost, 0);
  const isDone = arrived === before.lines.reduce((sum, line) => sum + openOf(line), 0);
  const moves = receipt.lines.map(({ variantId, received, lost }): Move => {
    return {
      variantId,
      locationId: before.toLocationId,
      kind: 'transfer_in',
      onHand: received,
      incoming: -received - lost,
    };
  });
  refuseTooMuch(levels, moves);
  return conclude(ctx, before, isDone ? { status: 'received', closedAt: sql`now()` } : {}, moves, transferReceived);
}

/** Calls a transfer off; what is on its way goes back to where it came from. Throws `NotFound`, `TransferNotAllowed`. */
export async function cancelTransfer(ctx: Ctx, id: TransferId): Promise<TransferView> {
  const before = await lockTransfer(ctx, id, 'cancelled');
  const levels = before.status === 'in_transit' ? await lockBoth(ctx, before) : [];
  const open = before.status === 'in_transit' ? before.lines.filter((line) => openOf(line) > 0) : [];
  const moves = open.flatMap((line): Move[] => [
    { variantId: line.variantId, locationId: before.fromLocationId, kind: 'transfer_in', onHand: openOf(line) },
    { variantId: line.variantId, locationId: before.toLocationId, kind: 'transfer_plan', incoming: -openOf(line) },
  ]);
  refuseTooMuch(levels, moves);
  return conclude(ctx, before, { status: 'cancelled', closedAt: sql`now()` }, moves, transferCancelled);
}

const openOf = ({ quantity, received, lost }: Line) => quantity - received - lost;

/** Moves the stock, stores the new state, tells it. The levels are locked. */
async function conclude(
  ctx: Ctx,
  before: TransferView,
  set: { status?: TransferStatus; sentAt?: SQL; closedAt?: SQL },
  moves: readonly Move[],
  event: EventDefinition<(typeof transferSent)['data']>,
  freed: readonly MovedLevel[] = [],
): Promise<TransferView> {
  const { id } = before;
  await ctx.tx
    .update(stockTransfers)
    .set({
      ...set,
      version: sql`${stockTransfers.version} + 1`,
      eventSequence: sql`${stockTransfers.eventSequence} + 1`,
    })
    .where(mine(ctx, stockTransfers, eq(stockTransfers.id, id)));
  await settle(ctx, [...freed, ...(await moveStock(ctx, moves, { type: 'stock_transfer', id }))]);
  const stockTransfer = await getTransfer(ctx, id);
  ctx.audit({ action: event.type, entity: { type: 'stock_transfer', id }, before, after: stockTransfer });
  await emit(ctx, event, { aggregate: { id, sequence: stockTransfer.version }, data: { stockTransfer } });
  if (moves.length > 0) ctx.catalogueChanged();
  return stockTransfer;
}

async function lockTransfer(ctx: Ctx, id: TransferId, move: keyof typeof MOVES): Promise<TransferView> {
  const [row] = await ctx.tx
    .select()
    .from(stockTransfers)
    .where(mine(ctx, stockTransfers, eq(stockTransfers.id, id)))
    .for('update');
  if (!row) throw new NotFound('stock transfer');
  if (!MOVES[move]?.includes(row.status)) throw new TransferNotAllowed(row.status, String(move));
  return viewOf(row, await linesOf(ctx, [id]));
}

/** Locks all levels of the goods. */
async function lockBoth(ctx: Ctx, { lines, fromLocationId, toLocationId }: TransferView): Promise<Level[]> {
  const variantIds = lines.map(({ variantId }) => variantId);
  const both = variantIds.flatMap((variantId) => [
    { variantId, locationId: fromLocationId },
    { variantId, locationId: toLocationId },
  ]);
  await ensureLevels(ctx, both);
  return lockLevels(ctx, variantIds);
}

async function refuseUnknownVariants(ctx: Ctx, lines: readonly { variantId: Id<'var'> }[]): Promise<void> {
  const wanted = lines.map(({ variantId }) => variantId);
  const rows = await ctx.tx
    .select({ id: productVariants.id })
    .from(productVariants)
    .where(mine(ctx, productVariants, isAnyOf(productVariants.id, wanted)));
  if (rows.length < wanted.length) throw new NotFound('variant');
}

async function linesOf(ctx: Ctx, ids: readonly TransferId[]) {
  if (ids.length === 0) return [];
  return ctx.tx
    .select()
    .from(stockTransferLines)
    .where(and(mine(ctx, stockTransferLines), inArray(stockTransferLines.transferId, [...ids])))
    .orderBy(asc(stockTransferLines.transferId), asc(stockTransferLines.variantId));
}

const viewOf = (
  { companyId: _, eventSequence: __, ...row }: typeof stockTransfers.$inferSelect,
  lines: Awaited<ReturnType<typeof linesOf>>,
): TransferView => ({
  ...row,
  lines: lines
    .filter(({ transferId }) => transferId === row.id)
    .map(({ variantId, quantity, received, lost }) => ({ variantId, quantity, received, lost })),
});
