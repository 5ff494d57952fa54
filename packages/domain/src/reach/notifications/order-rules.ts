import { z } from 'zod';
import type { WaitingEvent } from '../../kernel/dispatch.ts';
import { idOf } from '../../kernel/ids.ts';
import { moneyView } from '../../kernel/money.ts';
import { fulfilmentDelivered, fulfilmentShipped } from '../../sales/fulfilment/fulfilments.events.ts';
import {
  orderCancelled,
  orderCancelledInPart,
  orderExpired,
  orderLinkRequested,
  orderPaid,
  orderPaymentChanged,
  orderPlaced,
} from '../../sales/orders/orders.events.ts';
import { refundSucceeded } from '../../sales/payments/refunds.events.ts';
import type { CompanyWishes } from './company-wishes.ts';
import { type LinkToken, withToken } from './link-token.ts';
import {
  type Goods,
  goodsOf,
  inWords,
  type OrderWords,
  type ToldOrder,
  toldOrder,
  toldParcel,
  wordsOf,
} from './order-words.ts';

/** Leads to an order. The token is made when the mail is sent: neither the event nor the stored message has one. */
export interface ToOrder {
  orderId: string;
  /** Null: there is no such order any more. */
  token?: string | null;
}

/** What of an order was called off. */
interface CalledOff {
  order: { number: string; name: string | null };
  goods: Goods[];
  moreGoods: number;
  /** What the shopper has paid for the order so far; null: nothing. */
  paid: string | null;
}

/** What a parcel is and how it can be followed. */
interface ParcelWords {
  order: { number: string };
  goods: Goods[];
  moreGoods: number;
  carrier: string | null;
  trackingNumbers: string[];
  trackingUrl: string | null;
}

interface AboutOrder {
  order: OrderWords;
}

/** What a shop writes about an order: to its shopper, and of new ones to its own people. */
export type OrderMessage =
  | { template: 'order-placed'; parameters: AboutOrder & ToOrder & { instructions: string | null; isPaid: boolean } }
  | { template: 'order-received'; parameters: AboutOrder & { email: string; isOpen: boolean } }
  | { template: 'order-paid'; parameters: AboutOrder & ToOrder }
  | { template: 'order-cancelled'; parameters: CalledOff & ToOrder }
  | { template: 'order-cancelled-in-part'; parameters: CalledOff & ToOrder & { left: OrderWords } }
  | { template: 'order-expired'; parameters: CalledOff & ToOrder }
  | { template: 'order-shipped'; parameters: ParcelWords & ToOrder }
  | { template: 'order-delivered'; parameters: ParcelWords & ToOrder }
  | { template: 'order-refunded'; parameters: ToOrder & { order: { number: string }; amount: string } }
  | { template: 'order-link'; parameters: LinkToken & { order: { number: string } } };

type Addressed = OrderMessage & { recipient: string };

const aboutOrder = z.object({ order: toldOrder });
const aboutParcel = z.object({ fulfilment: toldParcel });
const aboutRefund = z.object({
  refund: z.object({ amount: moneyView }),
  order: z.object({ id: idOf('ord'), number: z.string(), email: z.string() }),
});
const calledOffLines = z.object({ cancelledLines: z.array(z.object({ orderLineId: z.string(), quantity: z.int() })) });
const toCompany = z.object({ mailsTo: z.array(z.string()), instructions: z.string().nullable() });
const lookedUp = z.object({ lookup: z.object({ number: z.string(), email: z.string() }) });

/** What the shop's own software calls an order whose cart was changed before it was paid: the shopper has the new one. */
const SUPERSEDED = 'superseded';

const received = (order: ToldOrder, mailsTo: readonly string[]): Addressed[] =>
  mailsTo.map((recipient) => {
    const parameters = { order: wordsOf(order), email: order.email, isOpen: order.lifecycle === 'open' };
    return { template: 'order-received', recipient, parameters };
  });

/**
 * One line per event of an order that somebody is written to about. Shopper and shop hear of an order that waits for a
 * provider once it is paid: whoever turns back at the provider's page has ordered nothing.
 */
export const ORDER_RULES: Record<string, (event: WaitingEvent, wishes: CompanyWishes) => Addressed[]> = {
  [orderPlaced.type]: (event) => {
    const { order } = aboutOrder.parse(event.data);
    if (order.lifecycle !== 'open' && order.paymentProvider !== 'manual') return [];
    const { mailsTo, instructions } = toCompany.parse(event.privately());
    const parameters = {
      order: wordsOf(order),
      orderId: order.id,
      instructions,
      isPaid: order.paymentProvider === null,
    };
    return [{ template: 'order-placed', recipient: order.email, parameters }, ...received(order, mailsTo)];
  },
  // Whoever turns from a provider's page to a transfer or to cash has ordered now, and neither side has had a mail of it.
  [orderPaymentChanged.type]: (event) => {
    const { order } = aboutOrder.parse(event.data);
    if (order.paymentProvider !== 'manual') return [];
    const { mailsTo, instructions } = toCompany.parse(event.privately());
    const parameters = { order: wordsOf(order), orderId: order.id, instructions, isPaid: false };
    return [{ template: 'order-placed', recipient: order.email, parameters }, ...received(order, mailsTo)];
  },
  [orderPaid.type]: (event, { orderMailsTo }) => {
    const { order } = aboutOrder.parse(event.data);
    // Of one that is paid by hand the shop knows since it was placed.
    const own = order.paymentProvider === 'manual' ? [] : received(order, orderMailsTo);
    return [
      { template: 'order-paid', recipient: order.email, parameters: { order: wordsOf(order), orderId: order.id } },
      ...own,
    ];
  },
  [orderCancelled.type]: (event) => {
    const { order } = aboutOrder.parse(event.data);
    if (order.cancelReason === SUPERSEDED) return [];
    return [{ template: 'order-cancelled', recipient: order.email, parameters: calledOff(order) }];
  },
  [orderCancelledInPart.type]: (event) => {
    const { order } = aboutOrder.parse(event.data);
    const { cancelledLines } = calledOffLines.parse(event.privately());
    const gone = order.lines.flatMap((line) =>
      cancelledLines
        .filter(({ orderLineId }) => orderLineId === line.id)
        .map(({ quantity }) => ({ ...line, quantity })),
    );
    const parameters = { ...calledOff(order, gone), left: wordsOf(order) };
    return [{ template: 'order-cancelled-in-part', recipient: order.email, parameters }];
  },
  // Whoever turned back at a provider's page has ordered nothing, and was told of nothing.
  [orderExpired.type]: (event) => {
    const { order } = aboutOrder.parse(event.data);
    if (order.paymentProvider !== 'manual' && order.paidTotal.amount === 0) return [];
    return [{ template: 'order-expired', recipient: order.email, parameters: calledOff(order) }];
  },
  [fulfilmentShipped.type]: (event) => parcel('order-shipped', event),
  [fulfilmentDelivered.type]: (event) => parcel('order-delivered', event),
  [refundSucceeded.type]: (event) => {
    const { refund, order } = aboutRefund.parse(event.data);
    const parameters = { orderId: order.id, order: { number: order.number }, amount: inWords(refund.amount) };
    return [{ template: 'order-refunded', recipient: order.email, parameters }];
  },
  [orderLinkRequested.type]: (event) => {
    const { number, email } = lookedUp.parse(event.data).lookup;
    const parameters = { order: { number }, ...withToken.parse(event.privately()) };
    return [{ template: 'order-link', recipient: email, parameters }];
  },
};

function calledOff(order: ToldOrder, gone: Parameters<typeof goodsOf>[0] = order.lines): CalledOff & ToOrder {
  const { id: orderId, number, shippingAddress, paidTotal } = order;
  const paid = paidTotal.amount > 0 ? inWords(paidTotal) : null;
  return { orderId, order: { number, name: shippingAddress?.firstName ?? null }, ...goodsOf(gone), paid };
}

function parcel(template: 'order-shipped' | 'order-delivered', event: WaitingEvent): Addressed[] {
  const { order, lines, ...way } = aboutParcel.parse(event.data).fulfilment;
  const parameters = { orderId: order.id, order: { number: order.number }, ...goodsOf(lines), ...way };
  return [{ template, recipient: order.email, parameters }];
}
