import { sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { checkLines, type Line, readParts } from './demand.service.ts';
import { ofOwner } from './held-goods.service.ts';
import { grouped } from './hold-choice.ts';
import { keep, type Owner, type Share } from './holding.service.ts';
import { TooMuchStock } from './inventory.errors.ts';
import { type Cause, ensureLevels, lockLevels, type Move, moveStock, refuseTooMuch } from './levels.service.ts';
import { defaultLocationId, refuseUnknownLocations } from './locations.service.ts';
import { settle } from './settlement.service.ts';
import { UNITS_MAX } from './stock.contract.ts';

/** Units that came back, and where they lie now; without a place at the default one. */
type ReturnedLine = Line & { locationId?: Id<'loc'> | undefined };

/** Pieces that came back of what was wanted. */
interface Piece extends Omit<Share, 'isBeyond'> {
  /** False: nothing was taken off a shelf for it, it was sold without counting. */
  wasCounted: boolean;
}

/**
 * Goods that came back are on the shelf again; of a bundle its parts. What they are made of is what left the shelf for
 * `sentTo`, whatever the recipe is now; where that is not known, today's recipe, and of what nobody counts nothing. Throws
 * `InvalidInput`, `NotFound` for a variant or location that is not here, `TooMuchStock`.
 */
export async function restock(
  ctx: Ctx,
  lines: readonly ReturnedLine[],
  cause: Cause,
  sentTo?: Owner | undefined,
): Promise<void> {
  const pieces = await piecesOf(ctx, lines, sentTo);
  await settle(ctx, await shelve(ctx, pieces, cause));
}

/**
 * As `restock`, and what left the shelf for the owner is promised to it again at once, where it lies: it was the owner's
 * all along, so nobody else has a claim on it, and nothing changes in what can be sold. Throws as `restock`.
 */
export async function takeBack(ctx: Ctx, owner: Owner, lines: readonly ReturnedLine[], cause: Cause): Promise<void> {
  const pieces = await piecesOf(ctx, lines, owner);
  const moved = await shelve(ctx, pieces, cause);
  const again = pieces.filter(({ wasCounted }) => wasCounted).map((piece) => ({ ...piece, isBeyond: true }));
  const { full } = await keep(ctx, { owner, expiresAt: null }, again, new Map(), 'held only');
  if (full) throw new TooMuchStock(full, UNITS_MAX);
  await settle(ctx, moved);
}

async function shelve(ctx: Ctx, pieces: readonly Piece[], cause: Cause) {
  const moves = pieces.map(({ variantId, locationId, quantity }): Move => {
    return { variantId, locationId, kind: 'return', onHand: quantity };
  });
  await ensureLevels(ctx, moves);
  const levels = await lockLevels(ctx, new Set(moves.map(({ variantId }) => variantId)));
  refuseTooMuch(levels, moves);
  return moveStock(ctx, moves, cause);
}

async function piecesOf(ctx: Ctx, lines: readonly ReturnedLine[], sentTo: Owner | undefined): Promise<Piece[]> {
  checkLines(lines);
  await refuseUnknownLocations(
    ctx,
    lines.flatMap(({ locationId }) => locationId ?? []),
  );
  const wantedIds = new Set(lines.map(({ variantId }) => variantId));
  const parts = await readParts(ctx, wantedIds);
  const sent = sentTo ? await sentBatches(ctx, sentTo, wantedIds) : new Map<Id<'var'>, SentBatch[]>();
  const fallback = await defaultLocationId(ctx);
  return lines.flatMap(({ variantId: wantedId, locationId = fallback, quantity }) => {
    let left = quantity;
    const known = (sent.get(wantedId) ?? []).flatMap((batch): Piece[] => {
      const units = Math.min(left, batch.units);
      left -= units;
      batch.units -= units;
      return batch.recipe.map(({ variantId, piecesEach }) => {
        return { wantedId, variantId, locationId, piecesEach, quantity: units * piecesEach, wasCounted: true };
      });
    });
    const unknown = (parts.get(wantedId) ?? [])
      .filter(({ isCounted }) => isCounted)
      .map(({ variantId, pieces: piecesEach }): Piece => {
        return { wantedId, variantId, locationId, piecesEach, quantity: left * piecesEach, wasCounted: false };
      });
    return [...known, ...unknown].filter((piece) => piece.quantity > 0);
  });
}

/** Units that left the shelf, and what one was made of. */
interface SentBatch {
  units: number;
  recipe: { variantId: Id<'var'>; piecesEach: number }[];
}

interface SentRow extends Record<string, unknown> {
  wantedId: Id<'var'>;
  variantId: Id<'var'>;
  piecesEach: number;
  /** When it was promised (holds made together follow one recipe), and when it left. */
  batch: string;
  units: number;
}

/** What left the shelf for an owner, what left last first. */
async function sentBatches(
  ctx: Ctx,
  owner: Owner,
  wantedIds: Iterable<Id<'var'>>,
): Promise<Map<Id<'var'>, SentBatch[]>> {
  const rows = await ctx.tx.execute<SentRow>(sql`select r.wanted_variant_id as "wantedId", r.variant_id as "variantId",
      r.pieces_each as "piecesEach", concat_ws('|', r.created_at, r.ended_at) as batch, (sum(r.quantity) / r.pieces_each)::int as units
    from stock_reservations r
    where r.company_id = ${ctx.companyId} and r.status = 'consumed' and ${ofOwner(owner)}
      and ${isAnyOf(sql`r.wanted_variant_id`, wantedIds)}
    group by r.wanted_variant_id, r.variant_id, r.pieces_each, r.created_at, r.ended_at
    order by r.ended_at desc, r.created_at, r.variant_id`);
  return new Map(
    [...grouped(rows, ({ wantedId }) => wantedId)].map(([wantedId, own]) => [
      wantedId,
      [...grouped(own, ({ batch }) => batch).values()].map((recipe) => ({
        recipe,
        units: Math.max(...recipe.map(({ units }) => units)),
      })),
    ]),
  );
}
