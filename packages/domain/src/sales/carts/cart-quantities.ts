import type { Id } from '../../kernel/ids.ts';

interface Counted {
  readonly variantId: Id<'var'>;
  readonly quantity: number;
}

/** Units of each variant in all lines together: a shopper's words make other lines of one thing, not other things. */
export function unitsByVariant(lines: readonly Counted[]): Map<Id<'var'>, number> {
  const units = new Map<Id<'var'>, number>();
  for (const { variantId, quantity } of lines) units.set(variantId, (units.get(variantId) ?? 0) + quantity);
  return units;
}

/** What is said when there is more of one thing than the shop sells at once. */
export const quantityWords = (max: number): string => `This shop sells at most ${max} of one thing in an order.`;
