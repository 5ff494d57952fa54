import type { Instant } from '../../kernel/clock.ts';
import type { Id } from '../../kernel/ids.ts';
import type { DiscountClass, DiscountFacts, DiscountKind, DiscountObstacle, DiscountTarget } from './discount-facts.ts';

/** What the rules have to know of a basket's line; a `BasketLine` is one. */
export interface DiscountLine {
  readonly variantId: Id<'var'>;
  readonly productId: Id<'prod'>;
  readonly quantity: number;
  /** Minor units for one; null: it is not sold in the basket's currency. */
  readonly unitAmount: bigint | null;
  readonly isForSale: boolean;
  readonly isGift: boolean;
  readonly collectionIds: readonly Id<'col'>[];
  /** Its categories and everything above them. */
  readonly categoryIds: readonly Id<'cat'>[];
}

/** Everything discounts depend on; a `Basket` is one. Lines in the order in which the basket shows them. */
export interface DiscountScene {
  readonly at: Instant;
  readonly lines: readonly DiscountLine[];
  readonly customer: {
    readonly id: Id<'cus'> | null;
    readonly groupIds: readonly Id<'cgr'>[];
    /** Null: not known. */
    readonly hasOrdered: boolean | null;
  };
  /** Codes the shopper gave, in order, as they wrote them. */
  readonly codes: readonly string[];
  readonly discounts: readonly DiscountFacts[];
}

/** What one discount takes off one line or one shipment. Minor units, above zero. */
export interface DiscountShare {
  readonly discountId: Id<'dis'>;
  readonly class: DiscountClass;
  readonly amount: bigint;
}

/** A discount that was looked at: what it took off, or why nothing. */
export interface DiscountVerdict {
  /** Null: there is no discount of this code. */
  readonly discountId: Id<'dis'> | null;
  readonly title: string;
  readonly code: string | null;
  readonly kind: DiscountKind | null;
  readonly class: DiscountClass | null;
  /** Minor units. */
  readonly amount: bigint;
  readonly obstacle: DiscountObstacle | null;
  /** Of `below_subtotal`: the sum it asks for, minor units. */
  readonly subtotalMin?: bigint;
}

/** Can the line be bought as it stands? What cannot be bought neither counts nor gets anything. */
export const isBuyable = (line: DiscountLine): boolean => line.unitAmount !== null && line.isForSale && !line.isGift;

/** Are goods among the targets? No targets: all goods are. */
export const isAmong = (line: DiscountLine, targets: readonly DiscountTarget[]): boolean =>
  targets.length === 0 || targets.some((target) => isMeant(line, target));

function isMeant(line: DiscountLine, { type, id }: DiscountTarget): boolean {
  if (type === 'variant') return line.variantId === id;
  if (type === 'product') return line.productId === id;
  return (type === 'collection' ? line.collectionIds : line.categoryIds).some((one) => one === id);
}

export const sumOf = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, amount) => sum + amount, 0n);
