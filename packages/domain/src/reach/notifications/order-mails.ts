import { z } from 'zod';
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
import { button, footer, html, type MailKind, moment, p, SAMPLE_TIME } from './mail-kinds.ts';

const ORDER_PAGE = { site: 'shop', path: 'account/order' } as const;
const WHY = footer('You get this message because something was ordered with this address.');

const said = (description: string) => z.string().meta({ description });
const number = said('The number of the order.');
const firstName = said('The first name of whoever gets it, if it was given.').nullable();
const good = {
  title: said('What the product is called.'),
  variant: said('Like `Indigo`; none for a product without options.').nullable(),
  quantity: z.int().meta({ description: 'How many of it.' }),
};
const goods = {
  goods: z.array(z.strictObject(good)).meta({ description: 'What it is about, at most 50.' }),
  moreGoods: z.int().meta({ description: 'How many lines are left out.' }),
};
const paid = said('What was paid for the order so far; none: nothing.').nullable();

const order = z.strictObject({
  number,
  name: firstName,
  lines: z
    .array(z.strictObject({ ...good, amount: said('What the line costs before discounts, like `2500.00 NGN`.') }))
    .meta({ description: 'What was ordered, at most 50.' }),
  moreLines: z.int().meta({ description: 'How many lines are left out.' }),
  sums: z
    .array(z.strictObject({ name: said('Like `Delivery (Standard)`.'), amount: said('Like `50.00 NGN`.') }))
    .meta({ description: 'What adds up to the total.' }),
  total: said('Like `2550.00 NGN`.'),
  taxIncluded: said('How much of the total is tax, where the prices have it in them.').nullable(),
  address: said('Where it goes, on one line; none: nothing is delivered.').nullable(),
});

const GOODS = [{ title: 'Adire scarf', variant: 'Indigo', quantity: 2 }];
const ORDER: z.input<typeof order> = {
  number: 'SK-1001',
  name: 'Ada',
  lines: GOODS.map((one) => ({ ...one, amount: '2500.00 NGN' })),
  moreLines: 1,
  sums: [
    { name: 'Goods', amount: '2500.00 NGN' },
    { name: 'Delivery (Standard)', amount: '50.00 NGN' },
  ],
  total: '2550.00 NGN',
  taxIncluded: '177.91 NGN',
  address: 'Ada Obi, 1 Marina, Lagos, NG',
};
const SHORT = { number: 'SK-1001', name: 'Ada' };
const called = z.strictObject({ number, name: firstName });
const numbered = z.strictObject({ number });

const HELLO = '{% if order.name %}<p>Hello {{ order.name }},</p>{% endif %}';
const name = (one: string) =>
  `{{ ${one}.quantity }} × {{ ${one}.title }}{% if ${one}.variant %} ({{ ${one}.variant }}){% endif %}`;
const more = (count: string) => `{% if ${count} > 0 %}and {{ ${count} }} more{% endif %}`;
const GOODS_LIST = `<p>{% for one in goods %}${name('one')}<br>\n{% endfor %}${more('moreGoods')}</p>`;
const contents = (of = 'order') =>
  [
    `<p>{% for line in ${of}.lines %}${name('line')}, {{ line.amount }}<br>\n{% endfor %}${more(`${of}.moreLines`)}</p>`,
    `<p>{% for sum in ${of}.sums %}{{ sum.name }}: {{ sum.amount }}<br>\n{% endfor %}` +
      `<strong>Total: {{ ${of}.total }}</strong>{% if ${of}.taxIncluded %} (with {{ ${of}.taxIncluded }} tax in it){% endif %}</p>`,
    `{% if ${of}.address %}<p>It goes to: {{ ${of}.address }}</p>{% endif %}`,
  ].join('\n');
const WAY =
  '{% if carrier %}<p>Carrier: {{ carrier }}</p>{% endif %}\n' +
  '{% if trackingNumbers.size > 0 %}<p>Tracking: {{ trackingNumbers | join: ", " }}</p>{% endif %}';
const SEE = button('See the order');
const PAID_FOR_IT = 'You have paid {{ paid }} for it. When money has gone back to you, you get another message.';
const NOTHING_CHARGED = 'Nothing was paid for it, and nothing is charged.';
const ASK = p('If you did not expect this, ask the shop.');

const parcel = {
  order: numbered,
  ...goods,
  carrier: said('Who brings it.').nullable(),
  trackingNumbers: z.array(z.string()).meta({ description: 'What the carrier knows it by.' }),
  trackingUrl: said('Where it can be followed.').nullable(),
};
const PARCEL = {
  order: { number: 'SK-1001' },
  goods: GOODS,
  moreGoods: 1,
  carrier: 'GIG Logistics',
  trackingNumbers: ['RX123'],
  trackingUrl: 'https://track.example.com/RX123',
};

const SALES: readonly MailKind[] = [
  {
    name: 'order-placed',
    to: 'customer',
    about: 'An order was placed that needs no payment page: by transfer, by cash, or for nothing.',
    events: [orderPlaced.type, orderPaymentChanged.type],
    variables: z.strictObject({
      order,
      isPaid: z.boolean().meta({ description: 'True: there is nothing to pay.' }),
      instructions: said('How to pay, from the settings of the payment; may have several lines.').nullable(),
    }),
    sample: { order: ORDER, isPaid: false, instructions: 'Pay into 0123 at the Bank of Lagos.' },
    page: ORDER_PAGE,
    subject: 'Your order {{ order.number }} at {{ shop.name }}',
    html: html(
      'Thank you for your order {{ order.number }}',
      HELLO,
      contents(),
      '{% if instructions and isPaid == false %}<p>How to pay: {{ instructions | newline_to_br }}</p>{% endif %}',
      SEE,
      WHY,
    ),
  },
  {
    name: 'order-received',
    to: 'staff',
    about: 'An order came in. To notification.orderMailsTo of the settings.',
    events: [orderPlaced.type, orderPaid.type, orderPaymentChanged.type],
    variables: z.strictObject({
      order,
      email: said('The address of whoever ordered.'),
      isOpen: z.boolean().meta({ description: 'True: it can be sent. False: it waits for its payment.' }),
    }),
    sample: { order: ORDER, email: 'ada@example.com', isOpen: true },
    subject: 'New order {{ order.number }}: {{ order.total }}',
    html: html(
      'New order {{ order.number }}',
      p('{{ email }} ordered at {{ shop.name }}.'),
      contents(),
      p('{% if isOpen %}It can be sent.{% else %}It waits for its payment.{% endif %}'),
      footer('The settings of the shop (notification.orderMailsTo) say who gets these messages.'),
    ),
  },
  {
    name: 'order-paid',
    to: 'customer',
    about: 'The payment of an order arrived.',
    events: [orderPaid.type],
    variables: z.strictObject({ order }),
    sample: { order: ORDER },
    page: ORDER_PAGE,
    subject: 'Your order {{ order.number }} at {{ shop.name }} is paid',
    html: html(
      'Your payment for order {{ order.number }} has arrived',
      HELLO,
      p('Thank you. We prepare your order now.'),
      contents(),
      SEE,
      WHY,
    ),
  },
  {
    name: 'order-refunded',
    to: 'customer',
    about: 'Money of an order went back.',
    events: [refundSucceeded.type],
    variables: z.strictObject({ order: numbered, amount: said('How much, like `1250.00 NGN`.') }),
    sample: { order: { number: 'SK-1001' }, amount: '1250.00 NGN' },
    page: ORDER_PAGE,
    subject: '{{ amount }} of your order {{ order.number }} at {{ shop.name }} went back to you',
    html: html(
      '{{ amount }} went back to you',
      p('For your order {{ order.number }}, {{ shop.name }} has given {{ amount }} back, the way it came.'),
      p('Until you see it in your account, your bank may need some days.'),
      SEE,
      WHY,
    ),
  },
  {
    name: 'order-link',
    to: 'customer',
    about: 'Somebody asked for a link to their order.',
    events: [orderLinkRequested.type],
    variables: z.strictObject({ order: numbered, expiresAt: moment('Until when the link is good.') }),
    sample: { order: { number: 'SK-1001' }, expiresAt: SAMPLE_TIME },
    page: ORDER_PAGE,
    instead: 'Its link is for whoever asked. Ask for another one at the storefront API: POST /v1/order-lookups.',
    subject: 'Your order {{ order.number }} at {{ shop.name }}',
    html: html(
      'See your order {{ order.number }}',
      p('Somebody asked for a link to your order {{ order.number }} at {{ shop.name }}.'),
      SEE,
      footer(
        'The link is good until {{ expiresAt | readable }}. If it was not you who asked, ignore this message: only you got it.',
      ),
    ),
  },
];

const ENDS: readonly MailKind[] = [
  {
    name: 'order-cancelled',
    to: 'customer',
    about: 'An order was cancelled.',
    events: [orderCancelled.type],
    variables: z.strictObject({ order: called, ...goods, paid }),
    sample: { order: SHORT, goods: GOODS, moreGoods: 1, paid: '2550.00 NGN' },
    page: ORDER_PAGE,
    subject: 'Your order {{ order.number }} at {{ shop.name }} was cancelled',
    html: html(
      'Order {{ order.number }} was cancelled',
      HELLO,
      p('These are not sent any more:'),
      GOODS_LIST,
      p(`{% if paid %}${PAID_FOR_IT}{% else %}${NOTHING_CHARGED}{% endif %}`),
      ASK,
      SEE,
      WHY,
    ),
  },
  {
    name: 'order-cancelled-in-part',
    to: 'customer',
    about: 'A part of an order was cancelled.',
    events: [orderCancelledInPart.type],
    variables: z.strictObject({ order: called, ...goods, paid, left: order }),
    sample: { order: SHORT, goods: GOODS, moreGoods: 1, paid: '2550.00 NGN', left: ORDER },
    page: ORDER_PAGE,
    subject: 'A part of your order {{ order.number }} at {{ shop.name }} was cancelled',
    html: html(
      'A part of order {{ order.number }} was cancelled',
      HELLO,
      p('These are not sent any more:'),
      GOODS_LIST,
      p('Your order:'),
      contents('left'),
      `{% if paid %}${p(PAID_FOR_IT)}{% endif %}`,
      ASK,
      SEE,
      WHY,
    ),
  },
  {
    name: 'order-expired',
    to: 'customer',
    about: 'An order was not paid in time.',
    events: [orderExpired.type],
    variables: z.strictObject({ order: called, ...goods, paid }),
    sample: { order: SHORT, goods: GOODS, moreGoods: 1, paid: '2550.00 NGN' },
    page: ORDER_PAGE,
    subject: 'Your order {{ order.number }} at {{ shop.name }} has ended',
    html: html(
      'Order {{ order.number }} was not paid in time',
      HELLO,
      p('These are not held for you any more:'),
      GOODS_LIST,
      p(
        `{% if paid %}Your payment of {{ paid }} came after they were sold to others. When money has gone back to you, you get another message.{% else %}${NOTHING_CHARGED} If you have sent the money already, tell the shop; otherwise order again whenever you like.{% endif %}`,
      ),
      SEE,
      WHY,
    ),
  },
  {
    name: 'order-shipped',
    to: 'customer',
    about: 'A parcel of an order was handed to the carrier.',
    events: [fulfilmentShipped.type],
    variables: z.strictObject(parcel),
    sample: PARCEL,
    page: ORDER_PAGE,
    subject: 'Your order {{ order.number }} at {{ shop.name }} is on its way',
    html: html(
      'Order {{ order.number }} is on its way',
      p('These were sent to you:'),
      GOODS_LIST,
      WAY,
      // There is one button: a parcel that can be followed gets it.
      `{% if trackingUrl %}{% if link %}<p>See the order: <a href="{{ link }}">{{ link }}</a></p>{% endif %}`,
      `${button('Follow it', 'trackingUrl')}{% else %}${SEE}{% endif %}`,
      WHY,
    ),
  },
  {
    name: 'order-delivered',
    to: 'customer',
    about: 'A parcel of an order arrived.',
    events: [fulfilmentDelivered.type],
    variables: z.strictObject(parcel),
    sample: PARCEL,
    page: ORDER_PAGE,
    subject: 'Your order {{ order.number }} at {{ shop.name }} was delivered',
    html: html(
      'A parcel of order {{ order.number }} was delivered',
      p('These were delivered:'),
      GOODS_LIST,
      WAY,
      p('If you have not got them, ask the shop.'),
      SEE,
      WHY,
    ),
  },
];

/** What a shop writes about an order: to its shopper, and of new ones to its own people. */
export const ORDER_MAILS: readonly MailKind[] = [...SALES, ...ENDS];
