import type { Basket, BasketLine, LineObstacle } from './basket.ts';

/** A line and what it comes to before discounts, in minor units. Nothing for a line with an obstacle. */
export interface PricedLine {
  readonly line: BasketLine;
  readonly obstacle: LineObstacle | null;
  readonly subtotal: bigint;
}

/**
 * The most all lines may come to. With as much tax again and shipping on top it still fits the 2^53 - 1 that JSON numbers
 * carry exactly.
 */
export const SUBTOTAL_MAX = 2n ** 51n;

/** Unit times quantity for each line, in their order; the lines that can be bought together stay below `SUBTOTAL_MAX`. */
export function priceLines({ lines }: Basket): PricedLine[] {
  let sum = 0n;
  return lines.map((line) => {
    const whole = (line.unitAmount ?? 0n) * BigInt(line.quantity);
    const obstacle = obstacleOf(line) ?? (sum + whole > SUBTOTAL_MAX ? 'too_much' : null);
    const subtotal = obstacle === null ? whole : 0n;
    sum += subtotal;
    return { line, obstacle, subtotal };
  });
}

function obstacleOf({ isGift, isForSale, unitAmount }: BasketLine): LineObstacle | null {
  if (isGift) return 'gift_only';
  if (!isForSale) return 'not_for_sale';
  return unitAmount === null ? 'not_in_currency' : null;
}
