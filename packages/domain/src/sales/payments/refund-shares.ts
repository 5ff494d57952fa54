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
  readonly total: bigint;
}

/** What a refund is reckoned from. Amounts in minor units. */
export interface RefundBasis {
  readonly currency: Currency;
  readonly lines: readonly RefundableLine[];
  /** What shipping cost in all, with its tax. */
  readonly shippingTotal: bigint;
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
 * and the last of them whatever is left, so that all of a line's refunds close to the minor unit. Throws `TooManyUnits`,
 * `RefundTooLarge`.
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
  const amount = lines.reduce((sum, line) => sum + BigInt(line.amount), 0n) + shipping + other;
  return { amount, parts: { lines, shipping: shipping.toString(), other: other.toString() } };
}

function lineShare(basis: RefundBasis, line: RefundableLine, quantity: number, at: number): bigint {
  const before = basis.given
    .flatMap((parts) => parts.lines)
    .filter(({ orderLineId }) => orderLineId === line.id)
    .reduce((sum, one) => sum + one.quantity, 0);
  const left = line.quantity - before;
  if (quantity > left) throw new TooManyUnits(`/lines/${at}/quantity`, line.title, quantity, left);
  return shareOf(line.total, line.quantity, before, quantity);
}

function shippingShare({ shippingTotal, given, currency }: RefundBasis, wish: RefundWish['shipping']): bigint {
  if (wish === undefined) return 0n;
  const left = shippingTotal - given.reduce((sum, parts) => sum + BigInt(parts.shipping), 0n);
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

/**
 * What goes back for what was called off: the units and the shipping that were not given back before, and never more than
 * `most`. What is too much comes off the shipping first, then off the last line.
 */
export function cancellationRefund(basis: RefundBasis, { lines, shipping }: CalledOff, most: bigint): ReckonedRefund {
  const given = (id: Id<'oli'>) =>
    basis.given
      .flatMap((parts) => parts.lines)
      .filter(({ orderLineId }) => orderLineId === id)
      .reduce((sum, { quantity }) => sum + quantity, 0);
  const wanted = lines.flatMap(({ orderLineId, quantity }) => {
    const line = basis.lines.find(({ id }) => id === orderLineId);
    const left = line ? line.quantity - given(orderLineId) : 0;
    const units = Math.min(quantity, left);
    if (!line || units === 0) return [];
    return [{ orderLineId, quantity: units, amount: shareOf(line.total, line.quantity, line.quantity - left, units) }];
  });
  const shippingLeft = basis.shippingTotal - basis.given.reduce((sum, parts) => sum + BigInt(parts.shipping), 0n);
  let room = most;
  const upTo = (amount: bigint) => {
    const taken = amount < room ? amount : room;
    room -= taken;
    return taken;
  };
  const kept = wanted.map((line) => ({ ...line, amount: upTo(line.amount).toString() }));
  const back = upTo(shipping < shippingLeft ? shipping : shippingLeft);
  const amount = most - room;
  return { amount, parts: { lines: kept, shipping: back.toString(), other: '0' } };
}
