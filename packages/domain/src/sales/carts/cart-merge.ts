import type { Id } from '../../kernel/ids.ts';
import { unitsByVariant } from './cart-quantities.ts';

/** A line of one of two carts that become one. */
export interface MergingLine {
  readonly id: Id<'cli'>;
  readonly variantId: Id<'var'>;
  readonly propertiesKey: string;
  readonly quantity: number;
  /** Whether it has a price in the currency of the cart that stays. */
  readonly isSoldThere: boolean;
}

/** Something that did not come along, or not all of it. */
export interface DroppedLine {
  readonly variantId: Id<'var'>;
  /** Units that were left behind. */
  readonly quantity: number;
  readonly reason: 'not_in_currency' | 'too_many_lines' | 'quantity_too_large';
}

export interface MergePlan {
  /** Lines that move over as they are, but for their quantity. */
  readonly moved: readonly { readonly id: Id<'cli'>; readonly quantity: number }[];
  /** Lines of the cart that stays, with their new quantity. */
  readonly raised: readonly { readonly id: Id<'cli'>; readonly quantity: number }[];
  readonly dropped: readonly DroppedLine[];
}

/**
 * What becomes of the lines of a cart that goes into another: the same variant with the same properties adds up, others
 * move over. Never more of one thing than the shop sells, in all its lines together, never more lines than a cart holds.
 */
export function planMerge(
  staying: readonly MergingLine[],
  coming: readonly MergingLine[],
  { quantityMax, linesMax }: { quantityMax: number; linesMax: number },
): MergePlan {
  const keyOf = (line: MergingLine) => `${line.variantId}|${line.propertiesKey}`;
  const lineOf = new Map(staying.map((line) => [keyOf(line), line]));
  const units = unitsByVariant(staying);
  const moved: { id: Id<'cli'>; quantity: number }[] = [];
  const raised: { id: Id<'cli'>; quantity: number }[] = [];
  const dropped: DroppedLine[] = [];
  for (const line of coming) {
    const { variantId, quantity } = line;
    const drop = (units: number, reason: DroppedLine['reason']) => dropped.push({ variantId, quantity: units, reason });
    const same = lineOf.get(keyOf(line));
    if (!line.isSoldThere) drop(quantity, 'not_in_currency');
    else if (!same && staying.length + moved.length >= linesMax) drop(quantity, 'too_many_lines');
    else {
      const known = units.get(variantId) ?? 0;
      // What was more than the limit before it was lowered stays as it is.
      const taken = Math.min(quantity, Math.max(0, quantityMax - known));
      units.set(variantId, known + taken);
      if (taken < quantity) drop(quantity - taken, 'quantity_too_large');
      if (taken === 0) continue;
      if (same) raised.push({ id: same.id, quantity: same.quantity + taken });
      else moved.push({ id: line.id, quantity: taken });
    }
  }
  return { moved, raised, dropped };
}
