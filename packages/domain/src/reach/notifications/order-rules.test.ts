import { expect, test } from 'vitest';
import type { WaitingEvent } from '../../kernel/dispatch.ts';
import { fulfilmentDelivered, fulfilmentShipped } from '../../sales/fulfilment/fulfilments.events.ts';
import {
  orderCancelled,
  orderCancelledInPart,
  orderExpired,
  orderPaid,
  orderPaymentChanged,
  orderPlaced,
} from '../../sales/orders/orders.events.ts';
import { refundSucceeded } from '../../sales/payments/refunds.events.ts';
import { render } from './email-templates.ts';
import { messagesFor } from './notification-rules.ts';

const NO_WISHES = { orderMailsTo: [], failureMailsTo: [] };
const REAL = { isTest: false, endpointId: null };

const around = {
  companyName: 'Ada',
  adminUrl: 'https://admin.example.com',
  shopUrl: 'https://shop.example.com',
};

const changedTo = (paymentProvider: string, lifecycle = 'pending'): WaitingEvent => {
  const { order } = orderPaymentChanged.sample;
  return {
    ...{ id: 'evt_1', type: orderPaymentChanged.type, aggregateId: order.id, sequence: 2 },
    createdAt: '2026-11-28T09:00:00.000Z',
    ...REAL,
    data: { order: { ...order, paymentProvider, lifecycle } },
    privately: () => ({ mailsTo: ['shop@example.com'], instructions: 'Pay into 0123.' }),
  };
};

test('whoever turns to a transfer gets the mail that says how to pay, and the shop hears of the order', () => {
  const [toShopper, toShop, ...more] = messagesFor(changedTo('manual'), NO_WISHES);
  expect([toShopper?.recipient, toShop?.recipient, more]).toEqual(['ada@example.com', 'shop@example.com', []]);
  expect(toShopper && render(toShopper, around).text).toContain('How to pay: Pay into 0123.');
  expect(toShop && render(toShop, around).text).toContain('It waits for its payment.');
});

test('of cash at the door the shop hears that it can be sent; of a provider nobody hears before it is paid', () => {
  const [, toShop] = messagesFor(changedTo('manual', 'open'), NO_WISHES);
  expect(toShop && render(toShop, around).text).toContain('It can be sent.');
  expect(messagesFor(changedTo('paystack'), NO_WISHES)).toEqual([]);
});

type Order = (typeof orderPlaced)['sample']['order'];
const NGN = (amount: number) => ({ amount, currency: 'NGN' });

/** What the first message of an event reads like, with a token for its order. */
function textOf(type: string, data: object, privately: object = {}): string | undefined {
  const event = { id: 'evt_1', type, aggregateId: 'x', sequence: 2, createdAt: '2026-11-28T09:00:00.000Z' } as const;
  const [message] = messagesFor({ ...event, ...REAL, data, privately: () => privately }, NO_WISHES);
  if (!message) return undefined;
  // What the service does when it takes a message that leads to an order.
  const told = { ...message, parameters: { ...message.parameters, token: 'olk_1' } } as typeof message;
  return render(told, around).text;
}

/** An order whose figures are all there, of goods that are taxed on top. */
const whole = (more: Partial<Order> = {}): Order => ({
  ...orderPlaced.sample.order,
  paymentProvider: 'manual',
  pricesIncludeTax: false,
  totals: {
    subtotal: NGN(250_000),
    discount: NGN(10_000),
    shipping: NGN(5_000),
    tax: NGN(18_375),
    total: NGN(263_375),
  },
  ...more,
});

/** `Goods: 2500.00 NGN` and the like, in minor units. */
const amountOf = (text: string, name: string) => {
  const [, sign = '', figure = ''] = new RegExp(`^${name}[^:]*: (-?)([0-9.]+) NGN`, 'm').exec(text) ?? [];
  return Math.round(Number(`${sign}${figure || 'nothing'}`) * 100);
};

test('what a mail says of an order adds up, and says where it goes, how it is paid and where it is seen', () => {
  const placed = textOf(orderPlaced.type, { order: whole() }, { mailsTo: [], instructions: 'Pay into 0123.' }) ?? '';
  const parts = ['Goods', 'Discount', 'Delivery', 'Tax'].map((name) => amountOf(placed, name));
  expect(parts).toEqual([250_000, -10_000, 5_000, 18_375]);
  expect(parts.reduce((sum, part) => sum + part)).toBe(amountOf(placed, 'Total'));
  expect(placed).toContain('2 × Adire scarf (Indigo), 2500.00 NGN');
  expect(placed).toContain('It goes to: Ada Obi, 1 Marina, Lagos, NG');
  expect(placed).toContain('How to pay: Pay into 0123.');
  expect(placed).toContain('https://shop.example.com/account/order#token=olk_1');
  const included = textOf(orderPaid.type, orderPaid.sample) ?? '';
  expect(amountOf(included, 'Goods') + amountOf(included, 'Delivery')).toBe(amountOf(included, 'Total'));
  expect(included).toContain('Total: 2550.00 NGN (with 177.91 NGN tax in it)');
});

test('a cancelled order that nobody paid names no price, and says that nothing is charged; of a paid one that it was paid', () => {
  const unpaid = textOf(orderCancelled.type, { order: whole({ lifecycle: 'cancelled' }) }) ?? '';
  expect(unpaid).toContain('2 × Adire scarf (Indigo)');
  expect(unpaid).toContain('nothing is charged');
  expect(unpaid).not.toContain('NGN');
  const paid = textOf(orderCancelled.type, { order: whole({ lifecycle: 'cancelled', paidTotal: NGN(263_375) }) });
  expect(paid).toContain('You have paid 2633.75 NGN for it.');
  expect(textOf(orderCancelled.type, { order: whole({ cancelReason: 'superseded' }) })).toBeUndefined();
});

test('of a part that is cancelled the shopper hears what it is and what is left, in sums that add up', () => {
  const { order } = orderCancelledInPart.sample;
  const cancelledLines = [{ orderLineId: order.lines[0]?.id ?? '', quantity: 1 }];
  const text = textOf(orderCancelledInPart.type, { order }, { cancelledLines }) ?? '';
  expect(text).toContain('1 × Adire scarf (Indigo)\n');
  const parts = ['Goods', 'Delivery', 'Cancelled'].map((name) => amountOf(text, name));
  expect(parts.reduce((sum, part) => sum + part)).toBe(amountOf(text, 'Total'));
});

test('an order that ran out is told to whoever pays by hand, and to nobody who turned back at a page', () => {
  const expired = { order: whole({ lifecycle: 'expired' }) };
  expect(textOf(orderExpired.type, expired)).toContain('was not paid in time');
  expect(textOf(orderExpired.type, { order: { ...expired.order, paymentProvider: 'paystack' } })).toBeUndefined();
  const late = { order: { ...expired.order, paymentProvider: 'paystack', paidTotal: NGN(263_375) } };
  expect(textOf(orderExpired.type, late)).toContain('Your payment of 2633.75 NGN came after');
});

test('a parcel that is sent says what is in it and how it is followed; one that arrived says so; money that went back how much', () => {
  const sent = textOf(fulfilmentShipped.type, fulfilmentShipped.sample) ?? '';
  for (const word of [
    'SK-1001',
    '2 × Adire scarf (Indigo)',
    'GIG Logistics',
    'RX123',
    'https://track.example.com/RX123',
  ])
    expect(sent).toContain(word);
  expect(sent).toContain('https://shop.example.com/account/order#token=olk_1');
  expect(textOf(fulfilmentDelivered.type, fulfilmentDelivered.sample)).toContain('was delivered');
  const back = textOf(refundSucceeded.type, refundSucceeded.sample) ?? '';
  expect(back).toContain('For your order SK-1001, Ada has given 1250.00 NGN back');
});
