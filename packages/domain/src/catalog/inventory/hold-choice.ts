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
  /** When it was made: holds made together follow one recipe. */
  madeAt: string;
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
function wantedOf(lines: readonly Line[]): Map<Id<'var'>, number> {
  const wanted = new Map<Id<'var'>, number>();
  for (const { variantId, quantity } of lines) wanted.set(variantId, (wanted.get(variantId) ?? 0) + quantity);
  return wanted;
}

/** What was asked for and is not held: of a part, or of all of it. In units of `variantId`. */
export interface Missing {
  wantedId: Id<'var'>;
  variantId: Id<'var'>;
  quantity: number;
  short: number;
}

/**
 * Which holds, or which parts of them, make up what lines ask for, each by what it was made for; and of what they have too
 * few. Holds are taken recipe by recipe, in the order in which they are given: what a bundle is made of may have changed
 * between two of them.
 */
export function chosen(held: readonly Held[], lines: readonly Line[]): { endings: Ending[]; missing: Missing[] } {
  const byWanted = grouped(held, ({ wantedId }) => wantedId);
  const endings: Ending[] = [];
  const missing: Missing[] = [];
  for (const [wantedId, asked] of wantedOf(lines)) {
    let left = asked;
    for (const batch of grouped(byWanted.get(wantedId) ?? [], ({ madeAt }) => madeAt).values()) {
      const parts = [...grouped(batch, ({ variantId }) => variantId).values()];
      const units = Math.min(left, Math.ceil(rounded(Math.max(...parts.map(unitsIn)))));
      for (const part of parts) {
        const taken = takenOf(part, units);
        endings.push(...taken.endings);
        if (taken.short > 0) missing.push({ wantedId, ...taken, quantity: asked * taken.piecesEach });
      }
      left -= units;
    }
    if (left > 0) missing.push({ wantedId, variantId: wantedId, quantity: asked, short: left });
  }
  return { endings, missing };
}

/** Holds in the order in which they are taken when goods leave from a place: first those made together that all lie there. */
export function nearestFirst(held: readonly Held[], from: Id<'loc'>): Held[] {
  const batchOf = ({ wantedId, madeAt }: Held) => `${wantedId}|${madeAt}`;
  const spread = new Set(held.filter(({ locationId }) => locationId !== from).map(batchOf));
  const rank = (one: Held) => (spread.has(batchOf(one)) ? 2 : 0) + (one.locationId === from ? 0 : 1);
  return [...held].sort((a, b) => rank(a) - rank(b));
}

/** So many units of what was wanted, from the holds of one of its parts. */
function takenOf(part: readonly Held[], units: number) {
  let left = units;
  const endings = part.flatMap((held) => {
    const quantity = Math.min(held.quantity, Math.round(left * held.piecesEach));
    left -= quantity / held.piecesEach;
    return quantity > 0 ? [{ held, quantity }] : [];
  });
  const [{ variantId, piecesEach }] = part as [Held]; // a group has at least one
  return { endings, variantId, piecesEach, short: Math.round(left * piecesEach) };
}

/** Holds of an owner on one variant at one place, added up; zero where they have all ended. */
export interface HeldSum extends Pick<Held, 'wantedId' | 'variantId' | 'locationId' | 'piecesEach' | 'madeAt'> {
  quantity: number;
}

/** Whole units of what was asked for that are held. */
export interface HeldUnits {
  variantId: Id<'var'>;
  /** Where all of each lies; null: a bundle whose parts, or a part whose pieces, lie at several places. */
  locationId: Id<'loc'> | null;
  quantity: number;
  /** Where something of it lies, the place with most of it first. */
  partsAt: Id<'loc'>[];
}

/**
 * Whole units by what was asked for and where. Of a bundle as many as its scarcest part allows over all places together;
 * a place counts only for those of which it has every part.
 */
export function heldUnitsOf(sums: readonly HeldSum[]): HeldUnits[] {
  return [...grouped(sums, ({ wantedId }) => wantedId).values()].flatMap((own) =>
    [...grouped(own, ({ madeAt }) => madeAt).values()].flatMap(unitsOfBatch),
  );
}

function unitsOfBatch(batch: readonly HeldSum[]): HeldUnits[] {
  const [{ wantedId: variantId }] = batch as [HeldSum]; // a group has at least one
  const parts = [...grouped(batch, (one) => one.variantId).values()];
  const total = wholeOf(parts);
  const whole = [...new Set(batch.map(({ locationId }) => locationId))].map((locationId) => {
    const here = parts.map((part) => part.filter((one) => one.locationId === locationId));
    const units = wholeOf(here);
    const pieces = here.flat().reduce((sum, { quantity, piecesEach }) => sum + quantity - units * piecesEach, 0);
    return { locationId, units, pieces };
  });
  const scattered = total - whole.reduce((sum, { units }) => sum + units, 0);
  const partsAt = whole.filter(({ pieces }) => pieces > 0).sort((a, b) => b.pieces - a.pieces);
  return [
    ...whole.map(({ locationId, units }) => ({ variantId, locationId, quantity: units, partsAt: [locationId] })),
    { variantId, locationId: null, quantity: scattered, partsAt: partsAt.map(({ locationId }) => locationId) },
  ].filter(({ quantity }) => quantity > 0);
}

const wholeOf = (parts: readonly (readonly HeldSum[])[]): number =>
  Math.min(...parts.map((part) => Math.floor(rounded(unitsIn(part)))));

const unitsIn = (part: readonly Pick<Held, 'quantity' | 'piecesEach'>[]): number =>
  part.reduce((sum, { quantity, piecesEach }) => sum + quantity / piecesEach, 0);

/** Thirds added up are not quite a whole. */
const rounded = (units: number): number => Math.round(units * 1e6) / 1e6;

/** In the order in which keys are met. */
export function grouped<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
