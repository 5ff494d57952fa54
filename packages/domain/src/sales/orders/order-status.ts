import type { OrderFulfilmentStatus, OrderLifecycle, OrderPaymentStatus, OrderReturnStatus } from './orders.schema.ts';

/** Units of a line by where they went. */
export interface LineCounts {
  readonly quantity: number;
  readonly fulfilled: number;
  readonly shipped: number;
  /** Their way has ended: the shopper has them, or they came back before that (and then count as returned, too). */
  readonly delivered: number;
  readonly cancelled: number;
  readonly returned: number;
}

/** What the axes of an order follow from. Amounts in minor units. */
export interface OrderFacts {
  readonly lifecycle: OrderLifecycle;
  readonly total: bigint;
  readonly cancelledTotal: bigint;
  readonly paidTotal: bigint;
  readonly refundedTotal: bigint;
  readonly lines: readonly LineCounts[];
}

export interface OrderAxes {
  readonly lifecycle: OrderLifecycle;
  readonly paymentStatus: OrderPaymentStatus;
  readonly fulfilmentStatus: OrderFulfilmentStatus;
  readonly returnStatus: OrderReturnStatus;
}

/**
 * The moves of a life. `expired` may open again: money that came late is honoured where the goods are still there. A
 * `completed` order is `open` again when a delivery turns out not to have been one.
 */
const MOVES: Readonly<Record<OrderLifecycle, readonly OrderLifecycle[]>> = {
  pending: ['open', 'cancelled', 'expired'],
  open: ['completed', 'cancelled'],
  completed: ['open'],
  cancelled: [],
  expired: ['open'],
};

/** Whether a life may go on so. Staying is always allowed. */
export const mayBecome = (from: OrderLifecycle, to: OrderLifecycle): boolean => from === to || MOVES[from].includes(to);

/** What is to be paid in all: the total less what was cancelled. */
export const owedOf = ({ total, cancelledTotal }: Pick<OrderFacts, 'total' | 'cancelledTotal'>): bigint =>
  total - cancelledTotal;

/** The four axes, from quantities and money alone; the life by itself moves only between `open` and `completed`. */
export function axesOf(facts: OrderFacts): OrderAxes {
  const paymentStatus = paymentStatusOf(facts);
  const fulfilmentStatus = fulfilmentStatusOf(facts.lines);
  return {
    lifecycle: lifecycleOf(facts, paymentStatus, fulfilmentStatus),
    paymentStatus,
    fulfilmentStatus,
    returnStatus: returnStatusOf(facts.lines),
  };
}

/** `authorized` waits for providers that hold money before they take it; none of ours does yet. */
function paymentStatusOf(facts: OrderFacts): OrderPaymentStatus {
  const { total, paidTotal, refundedTotal } = facts;
  if (total === 0n) return 'not_required';
  if (paidTotal === 0n) return 'unpaid';
  if (refundedTotal > 0n) return refundedTotal >= paidTotal ? 'refunded' : 'partially_refunded';
  return paidTotal >= owedOf(facts) ? 'paid' : 'partially_paid';
}

/** What left the house. Units that only stand in a fulfilment have not. */
function fulfilmentStatusOf(lines: readonly LineCounts[]): OrderFulfilmentStatus {
  const wanted = sumOf(lines, ({ quantity, cancelled }) => quantity - cancelled);
  const shipped = sumOf(lines, (line) => line.shipped);
  if (shipped === 0) return 'none';
  if (shipped < wanted) return 'partial';
  return sumOf(lines, (line) => line.delivered) < wanted ? 'fulfilled' : 'delivered';
}

/** `requested` comes with returns. */
function returnStatusOf(lines: readonly LineCounts[]): OrderReturnStatus {
  const returned = sumOf(lines, (line) => line.returned);
  if (returned === 0) return 'none';
  return returned < sumOf(lines, (line) => line.shipped) ? 'partial' : 'returned';
}

function lifecycleOf(
  { lifecycle }: OrderFacts,
  payment: OrderPaymentStatus,
  fulfilment: OrderFulfilmentStatus,
): OrderLifecycle {
  if (lifecycle !== 'open' && lifecycle !== 'completed') return lifecycle;
  const isSettled = payment !== 'unpaid' && payment !== 'partially_paid' && payment !== 'authorized';
  return isSettled && fulfilment === 'delivered' ? 'completed' : 'open';
}

const sumOf = (lines: readonly LineCounts[], of: (line: LineCounts) => number) =>
  lines.reduce((sum, line) => sum + of(line), 0);

/**
 * What `units` of a line stand for, of an amount of the whole line, after `before` units of it went the same way. The
 * shares of all its units together are the amount, to the last minor unit.
 */
export function shareOf(amount: bigint, quantity: number, before: number, units: number): bigint {
  const upTo = (count: number) => (amount * BigInt(count)) / BigInt(quantity);
  return upTo(before + units) - upTo(before);
}
