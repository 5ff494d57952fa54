import type { Id } from '../../kernel/ids.ts';

/** What is wanted of one variant, over all lines. */
export interface Demand {
  variantId: Id<'var'>;
  quantity: number;
  /** May more be promised than is there? */
  backorder: boolean;
}

/** What one location has of a variant; below zero where more is promised than lies there. */
export interface Shelf {
  locationId: Id<'loc'>;
  free: number;
}

/** Units of a variant to take from one location. */
export interface Piece {
  variantId: Id<'var'>;
  locationId: Id<'loc'>;
  quantity: number;
  /** Takes more than is there. */
  isBeyond: boolean;
}

/**
 * Where a demand is taken from. `shelves` stand in the order of priority: the first that holds the whole demand gives
 * it; otherwise each gives what it has, in order. What is sold beyond stock is promised by `fallback`, the first location
 * of the company. Undefined if it is not there.
 */
export function allocate(
  demand: Demand,
  shelves: readonly Shelf[],
  fallback: Id<'loc'> | undefined,
): Piece[] | undefined {
  const { variantId, quantity } = demand;
  const whole = shelves.find(({ free }) => free >= quantity);
  if (whole) return [{ variantId, locationId: whole.locationId, quantity, isBeyond: false }];

  const pieces: Piece[] = [];
  let missing = quantity;
  for (const { locationId, free } of shelves) {
    const taken = Math.min(Math.max(free, 0), missing);
    if (taken > 0) pieces.push({ variantId, locationId, quantity: taken, isBeyond: false });
    missing -= taken;
  }
  if (missing === 0) return pieces;
  if (!demand.backorder || fallback === undefined) return undefined;

  const first = pieces.find(({ locationId }) => locationId === fallback);
  if (!first) return [...pieces, { variantId, locationId: fallback, quantity: missing, isBeyond: true }];
  return pieces.map((piece) =>
    piece === first ? { ...piece, quantity: piece.quantity + missing, isBeyond: true } : piece,
  );
}

/** Units of a variant that all its shelves can give together. */
export const freeTogether = (shelves: readonly Shelf[]): number =>
  shelves.reduce((sum, { free }) => sum + Math.max(free, 0), 0);
