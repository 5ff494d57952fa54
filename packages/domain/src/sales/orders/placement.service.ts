import type { SupplyRow } from '../../catalog/inventory/demand.service.ts';
import { reserve, reserveAtOnce } from '../../catalog/inventory/reservations.service.ts';
import type { PostalAddress } from '../../company/companies/postal-address.contract.ts';
import type { Settings } from '../../company/settings/setting-groups.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { eventRow } from '../../kernel/outbox.ts';
import { redeemDiscounts } from '../../pricing/discounts/redemptions.service.ts';
import type { Basket } from '../../pricing/totals/basket.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import { heldUntil } from './hold-times.ts';
import { orderInsertion } from './order-insertion.service.ts';
import { keptDiscounts, keptLines, keptShipping } from './order-parts.ts';
import { ownerOf } from './order-stock.service.ts';
import { makeOrderToken } from './order-token.ts';
import { type OrderRecord, orderViewOf } from './order-views.ts';
import { orderPlaced } from './orders.events.ts';

/** A cart that is locked, with what its totals are reckoned from and what they came to. */
export interface Placement {
  readonly id: Id<'ord'>;
  readonly cart: {
    readonly id: Id<'cart'>;
    readonly version: number;
    readonly customerId: Id<'cus'> | null;
    readonly phone: string | null;
    readonly locale: string | null;
    readonly note: string | null;
    readonly shippingAddress: PostalAddress | null;
    readonly billingAddress: PostalAddress | null;
  };
  readonly email: string;
  readonly emailKey: string;
  /** What the shopper said of each line, by the line's id in the basket. */
  readonly propertiesOf: (lineId: string) => Readonly<Record<string, string>>;
  readonly basket: Basket;
  readonly totals: Totals;
  readonly paymentProvider: string | null;
  /** Confirmed at once: nothing is to be paid, or it is paid at the door. */
  readonly isOpen: boolean;
  /** Until when it waits for its payment; its goods are held a little longer (`heldUntil`). null: for good. */
  readonly expiresAt: Instant | null;
  /** The unpaid order it takes the place of, which is cancelled already but still holds its goods. */
  readonly instead: Id<'ord'> | undefined;
  readonly numbering: Settings<'orders'>;
  /** Who of the company hears of it by mail. */
  readonly mailsTo: readonly string[];
  /** What a shopper is told who pays without a provider. */
  readonly instructions: string | null;
  /** What is written right behind the order, in the same round trip: the number's row is held for less long. */
  readonly behind?: () => Promise<unknown>;
  /** What there is of the goods, read after the cart was locked. */
  readonly supply: SupplyRow;
  /**
   * Goods are reserved before the order is written. Otherwise they are in the same round trip where that can be done, and
   * `GoodsTaken` is thrown if somebody was faster.
   */
  readonly isCareful: boolean;
}

/**
 * Makes an order of a cart: takes its discounts, holds its goods, and writes order, lines, history and event by one
 * statement, which also draws the number. That statement comes last but for the payment's rows: all orders of a company
 * take turns at their number. The caller holds the cart's lock, has looked that nothing is missing and that the total is
 * the one agreed to. Throws `DiscountUsedUp`, `InsufficientStock`, `GoodsTaken`, and what `reserve` throws else.
 */
export async function placeOrder(ctx: Ctx, placement: Placement): Promise<{ order: OrderRecord; token: string }> {
  const { id, cart, emailKey, basket, totals } = placement;
  const { token, hash } = makeOrderToken();
  const unnumbered = recordOf(ctx, placement, hash);
  // The number is drawn by the statement, and put into the event there.
  const event = eventRow(ctx, orderPlaced, {
    aggregate: { id, sequence: unnumbered.eventSequence },
    data: { order: orderViewOf(unnumbered) },
    privately: { mailsTo: [...placement.mailsTo], instructions: placement.instructions },
  });
  const insert = orderInsertion(ctx, unnumbered, { event, numbering: placement.numbering, totals });
  // From here on others wait for the counters of discounts and goods: nothing is left to do but to write.
  const discounts = keptDiscounts(totals);
  if (discounts.length > 0) {
    const taken = discounts.map(({ discountId, code, amount }) => ({ discountId, code, amount }));
    const { currency } = totals;
    await redeemDiscounts(ctx, {
      orderId: id,
      cartId: cart.id,
      customerId: cart.customerId,
      emailKey,
      currency,
      taken,
    });
  }
  const goods = {
    owner: ownerOf(id),
    lines: basket.lines.map(({ variantId, quantity }) => ({ variantId, quantity })),
    expiresAt: heldUntil(placement.expiresAt, placement.paymentProvider),
    instead: placement.instead && ownerOf(placement.instead),
    supply: placement.supply,
  };
  const atOnce = placement.isCareful ? undefined : reserveAtOnce(goods);
  if (!atOnce) await reserve(ctx, goods);
  // Worked on one after the other: levels are locked before the number is.
  const [, number] = await Promise.all([atOnce?.(ctx), insert(), placement.behind?.()]);
  ctx.nudge();
  return { order: { ...unnumbered, number }, token };
}

function recordOf(ctx: Ctx, placement: Placement, tokenHash: string): OrderRecord {
  const { id, cart, totals, basket } = placement;
  const at = ctx.now.toISOString();
  const { subtotal, discount, shipping, tax, total, currency, pricesIncludeTax } = totals;
  return {
    id,
    number: '',
    cartId: cart.id,
    cartVersion: cart.version,
    tokenHash,
    customerId: cart.customerId,
    email: placement.email,
    emailKey: placement.emailKey,
    phone: cart.phone,
    locale: cart.locale,
    currency,
    lifecycle: placement.isOpen ? 'open' : 'pending',
    paymentStatus: total === 0n ? 'not_required' : 'unpaid',
    fulfilmentStatus: 'none',
    returnStatus: 'none',
    paymentProvider: placement.paymentProvider,
    shippingAddress: cart.shippingAddress,
    billingAddress: cart.billingAddress ?? cart.shippingAddress,
    pricesIncludeTax,
    subtotal,
    discount,
    shipping,
    tax,
    total,
    cancelledTotal: 0n,
    paidTotal: 0n,
    refundedTotal: 0n,
    needsReview: false,
    customerNote: cart.note,
    note: null,
    cancelReason: null,
    supersededById: null,
    expiresAt: placement.expiresAt,
    cancelledAt: null,
    completedAt: null,
    version: 1,
    eventSequence: 1,
    createdAt: at,
    updatedAt: at,
    lines: keptLines(basket, totals, placement.propertiesOf).map((line) => ({ id: newId('oli'), ...line })),
    shippingLines: keptShipping(totals).map((line) => ({ id: newId('osl'), ...line })),
    discounts: keptDiscounts(totals),
    tags: [],
  };
}
