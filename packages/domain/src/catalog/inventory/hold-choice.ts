import type { Id } from '../../kernel/ids.ts';
import type { Line } from './demand.service.ts';

/** Goods of one variant at one place, promised to an owner. */
export interface Held {
  id: Id<'rsv'>;
  variantId: Id<'var'>;
  locationId: Id<'loc'>;
  quantity: number;
  /** What was asked for, and units of this variant that one of it takes: as it was then, whatever the recipe is now. */
  wantedId: Id<'var'>;
  piecesEach: number;
  hasLapsed: boolean;
  owner: { type: string; id: string };
}

/** A part of a hold, or all of it. */
export interface Ending {
  held: Held;
  quantity: number;
}

export const unitsOf = (endings: readonly Ending[]) => endings.reduce((sum, { quantity }) => sum + quantity, 0);

/** What is asked for of each variant, over all lines. */
export function wantedOf(lines: readonly Line[]): Map<Id<'var'>, number> {
  const wanted = new Map<Id<'var'>, number>();
  for (const { variantId, quantity } of lines) wanted.set(variantId, (wanted.get(variantId) ?? 0) + quantity);
  return wanted;
}

/** A part of what was asked for, of which holds have too few: in its own units. */
interface Missing {
  variantId: Id<'var'>;
  quantity: number;
  short: number;
}

/**
 * Which holds, or which parts of them, make up what lines ask for, each by what it was made for; and the first part of
 * which they have too few. What is still asked for is counted in units of what was wanted: a recipe may have changed
 * between two holds.
 */
export function chosen(
  held: readonly Held[],
  lines: readonly Line[],
): { endings: Ending[]; missing: Missing | undefined } {
  const wanted = wantedOf(lines);
  const open = new Map<string, { asked: number; left: number; last: Held }>();
  const endings = held.flatMap((one) => {
    const key = `${one.wantedId}|${one.variantId}`;
    const asked = wanted.get(one.wantedId) ?? 0;
    const left = open.get(key)?.left ?? asked;
    const quantity = Math.min(one.quantity, Math.round(left * one.piecesEach));
    open.set(key, { asked, left: left - quantity / one.piecesEach, last: one });
    return quantity > 0 ? [{ held: one, quantity }] : [];
  });
  const [missing] = [...open.values()].flatMap(({ asked, left, last: { variantId, piecesEach } }) => {
    const short = Math.round(left * piecesEach);
    return short > 0 ? [{ variantId, quantity: asked * piecesEach, short }] : [];
  });
  return { endings, missing };
}
