import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { shareOf } from '../orders/order-status.ts';
import type { RefundParts } from './payments.schema.ts';
import type { RefundWish } from './refunds.contract.ts';
import { RefundTooLarge, TooManyUnits } from './refunds.errors.ts';

/** A line of an order as far as money goes: its whole total with tax and discount in it, and what of it went back. */
export interface RefundableLine {
  readonly id: Id<'oli'>;
  readonly title: string;
  readonly quantity: number;
  /** Units that were called off, paid or not. */
  readonly cancelled: number;
  /** Units that were sent and came back. */
  readonly returned: number;
  readonly total: bigint;
}

/** What a refund is reckoned from. Amounts in minor units. */
export interface RefundBasis {
  readonly currency: Currency;
  readonly lines: readonly RefundableLine[];
  /** What shipping cost in all, with its tax. */
  readonly shippingTotal: bigint;
  /** What came in for the order: without money that came twice. */
  readonly paid: bigint;
  /** Parts of refunds that are begun or done. */
  readonly given: readonly RefundParts[];
}

export interface ReckonedRefund {
  readonly amount: bigint;
  readonly parts: RefundParts;
}

/** The wish names a line that is not of this order; the index of the wish. */
export interface UnknownLine {
  readonly unknownLineAt: number;
}

/**
 * What a wish comes to, from the shares that were stored with the order: units of a line take their part of its total,
 * and the last of them whatever is left, so that all of a line's refunds close to the minor unit. What was called off
 * before it was paid is not given back: the rest of the order stays paid for. Free amounts are
 * not asked what they are for. Throws `TooManyUnits`, `RefundTooLarge`.
 */
export function reckonRefund(basis: RefundBasis, wish: RefundWish): ReckonedRefund | UnknownLine {
  const lines: RefundParts['lines'][number][] = [];
  for (const [at, { orderLineId, quantity }] of (wish.lines ?? []).entries()) {
    const line = basis.lines.find(({ id }) => id === orderLineId);
    if (!line) return { unknownLineAt: at };
    lines.push({ orderLineId, quantity, amount: lineShare(basis, line, quantity, at).toString() });
  }
  const shipping = shippingShare(basis, wish.shipping);
  const other = BigInt(wish.amount ?? 0);
  const parts = { lines, shipping: shipping.toString(), other: other.toString() };
  refuseUnpaid(basis, parts);
  return { amount: sharesOf(parts) + other, parts };
}

/** What of lines and shipping is in it, without free amounts. */
const sharesOf = ({ lines, shipping }: RefundParts): bigint =>
  lines.reduce((sum, line) => sum + BigInt(line.amount), BigInt(shipping));

/** Lines and shipping give back what came in for them: never what is needed for units that are neither off nor back. */
function refuseUnpaid(basis: RefundBasis, wished: RefundParts): void {
  const shares = sharesOf(wished);
  if (shares === 0n) return;
  const back = [...basis.given, wished];
  const kept = basis.lines.map((line) => {
    const gone = Math.min(line.quantity, line.cancelled + unitsOf(back, line.id));
    return shareOf(line.total, line.quantity, gone, line.quantity - gone);
  });
  const isOff = basis.lines.every(({ cancelled, quantity }) => cancelled === quantity);
  const shipping = isOff ? 0n : basis.shippingTotal - shippingOf(back);
  const needed = kept.reduce((sum, amount) => sum + amount, shipping);
  const left = basis.paid - basis.given.reduce((sum, parts) => sum + sharesOf(parts), 0n) - needed;
  if (shares <= left) return;
  const money = (amountMinor: bigint) => ({ amountMinor, currency: basis.currency });
  throw new RefundTooLarge('', money(shares), money(left > 0n ? left : 0n));
}

const unitsOf = (given: readonly RefundParts[], id: Id<'oli'>): number =>
  given
    .flatMap((parts) => parts.lines)
    .filter(({ orderLineId }) => orderLineId === id)
    .reduce((sum, { quantity }) => sum + quantity, 0);

const shippingOf = (given: readonly RefundParts[]): bigint =>
  given.reduce((sum, parts) => sum + BigInt(parts.shipping), 0n);

function lineShare(basis: RefundBasis, line: RefundableLine, quantity: number, at: number): bigint {
  const before = unitsOf(basis.given, line.id);
  const left = line.quantity - before;
  if (quantity > left) throw new TooManyUnits(`/lines/${at}/quantity`, line.title, quantity, left);
  return shareOf(line.total, line.quantity, before, quantity);
}

function shippingShare({ shippingTotal, given, currency }: RefundBasis, wish: RefundWish['shipping']): bigint {
  if (wish === undefined) return 0n;
  const left = shippingTotal - shippingOf(given);
  const wanted = wish === true ? left : BigInt(wish);
  if (wanted > left || wanted === 0n) {
    const money = (amountMinor: bigint) => ({ amountMinor, currency });
    throw new RefundTooLarge('/shipping', money(wanted), money(left));
  }
  return wanted;
}

/** What was called off: units of lines, and of the shipping. */
export interface CalledOff {
  readonly lines: readonly { readonly orderLineId: Id<'oli'>; readonly quantity: number }[];
  readonly shipping: bigint;
}

/** What bounds a cancellation's refund. Minor units. */
export interface RefundBounds {
  /** What of the things called off was asked for and paid. */
  readonly most: bigint;
  readonly refundable: bigint;
  /** What the order comes to without what was called off. */
  readonly owed: bigint;
}

/**
 * What goes back for what was called off: never so much that less is kept than the order still owes. So a unit whose money
 * went back before it was called off goes back once; for units that came back and were refunded nothing is owed any more.
 * It is told as units that were not given back before, then as shipping, and what belongs to neither as a free amount.
 */
export function cancellationRefund(
  basis: RefundBasis,
  { lines, shipping }: CalledOff,
  bounds: RefundBounds,
): ReckonedRefund {
  const isBack = basis.lines.map(({ id, quantity, cancelled, returned, total }) => {
    const now = lines.find(({ orderLineId }) => orderLineId === id)?.quantity ?? 0;
    const refunded = Math.max(0, unitsOf(basis.given, id) - (cancelled - now));
    return shareOf(total, quantity, 0, Math.min(returned, refunded));
  });
  const owed = isBack.reduce((sum, amount) => sum - amount, bounds.owed);
  const spare = bounds.refundable - (owed > 0n ? owed : 0n);
  const most = spare < bounds.most ? spare : bounds.most;
  if (most <= 0n) return { amount: 0n, parts: { lines: [], shipping: '0', other: '0' } };
  const wanted = lines.flatMap(({ orderLineId, quantity }) => {
    const line = basis.lines.find(({ id }) => id === orderLineId);
    const left = line ? line.quantity - unitsOf(basis.given, orderLineId) : 0;
    const units = Math.min(quantity, left);
    if (!line || units === 0) return [];
    return [{ orderLineId, quantity: units, amount: shareOf(line.total, line.quantity, line.quantity - left, units) }];
  });
  const shippingLeft = basis.shippingTotal - shippingOf(basis.given);
  let room = most;
  const upTo = (amount: bigint) => {
    const taken = amount < room ? amount : room;
    room -= taken;
    return taken;
  };
  const kept = wanted.map((line) => ({ ...line, amount: upTo(line.amount).toString() }));
  const back = upTo(shipping < shippingLeft ? shipping : shippingLeft);
  return { amount: most, parts: { lines: kept, shipping: back.toString(), other: room.toString() } };
}

/**
 * Spreads a refund over what is left of several charges, in their order: lines first, then shipping, then the rest. A
 * line that is spread counts its units in the first of its parts. What does not fit is left out.
 */
export function spread({ parts }: ReckonedRefund, rooms: readonly bigint[]): ReckonedRefund[] {
  const lines = parts.lines.map((line) => ({ ...line, left: BigInt(line.amount), units: line.quantity }));
  let shipping = BigInt(parts.shipping);
  let other = BigInt(parts.other);
  return rooms.map((most) => {
    let room = most;
    const upTo = (amount: bigint) => {
      const taken = amount < room ? amount : room;
      room -= taken;
      return taken;
    };
    const taken: RefundParts['lines'][number][] = [];
    for (const line of lines) {
      if (room === 0n || (line.left === 0n && line.units === 0)) continue;
      const amount = upTo(line.left);
      taken.push({ orderLineId: line.orderLineId, quantity: line.units, amount: amount.toString() });
      line.left -= amount;
      line.units = 0;
    }
    const [ship, rest] = [upTo(shipping), upTo(other)];
    shipping -= ship;
    other -= rest;
    return { amount: most - room, parts: { lines: taken, shipping: ship.toString(), other: rest.toString() } };
  });
}
