import type { EmailBody } from './email-layout.ts';
import type { OrderMessage, ParcelWords, ToOrder } from './order-rules.ts';
import type { OrderWords } from './order-words.ts';
import { readable } from './readable-time.ts';

type Letter = EmailBody & { subject: string };
interface Shop {
  companyName: string;
  /** Where the pages of the shop are, without a slash at its end. */
  shopUrl: string;
}

const WHY = 'You get this message because something was ordered with this address.';
const FOR_STAFF = 'The settings of the shop (notification.orderMailsTo) say who gets these messages.';

const greeting = ({ name }: { name: string | null }) => (name === null ? [] : [`Hello ${name},`]);

const contents = ({ lines, sums, total, taxIncluded, address }: OrderWords) => [
  ...lines,
  ...sums,
  `Total: ${total}${taxIncluded === null ? '' : ` (with ${taxIncluded} tax in it)`}`,
  ...(address === null ? [] : [`It goes to: ${address}`]),
];

/** The token stands behind `#`, so that it reaches no server log and no referrer. */
const orderUrl = (token: string, { shopUrl }: Shop) => `${shopUrl}/account/order#token=${encodeURIComponent(token)}`;

const seeOrder = ({ token }: ToOrder, shop: Shop) =>
  token ? { button: { label: 'See the order', url: orderUrl(token, shop) } } : {};

/** What a shop writes about an order. */
export function orderLetter(message: OrderMessage, shop: Shop): Letter {
  switch (message.template) {
    case 'order-placed':
      return placed(message.parameters, shop);
    case 'order-received':
      return received(message.parameters, shop);
    case 'order-paid':
      return paid(message.parameters, shop);
    case 'order-cancelled':
      return cancelled(message.parameters, shop);
    case 'order-cancelled-in-part':
      return cancelledInPart(message.parameters, shop);
    case 'order-expired':
      return expired(message.parameters, shop);
    case 'order-shipped':
      return shipped(message.parameters, shop);
    case 'order-delivered':
      return delivered(message.parameters, shop);
    case 'order-refunded':
      return refunded(message.parameters, shop);
    case 'order-link':
      return link(message.parameters, shop);
  }
}

type Parameters<Template extends OrderMessage['template']> = Extract<
  OrderMessage,
  { template: Template }
>['parameters'];

function placed(order: Parameters<'order-placed'>, shop: Shop): Letter {
  const how = order.instructions === null ? [] : [`How to pay: ${order.instructions}`];
  return {
    subject: `Your order ${order.number} at ${shop.companyName}`,
    heading: `Thank you for your order ${order.number}`,
    paragraphs: [...greeting(order), ...contents(order), ...(order.isPaid ? [] : how)],
    ...seeOrder(order, shop),
    footnote: WHY,
  };
}

const received = (order: Parameters<'order-received'>, { companyName }: Shop): Letter => ({
  subject: `New order ${order.number}: ${order.total}`,
  heading: `New order ${order.number}`,
  paragraphs: [
    `${order.email} ordered at ${companyName}.`,
    ...contents(order),
    order.isOpen ? 'It can be sent.' : 'It waits for its payment.',
  ],
  footnote: FOR_STAFF,
});

const paid = (order: Parameters<'order-paid'>, shop: Shop): Letter => ({
  subject: `Your order ${order.number} at ${shop.companyName} is paid`,
  heading: `Your payment for order ${order.number} has arrived`,
  paragraphs: [...greeting(order), 'Thank you. We prepare your order now.', ...contents(order)],
  ...seeOrder(order, shop),
  footnote: WHY,
});

const NOTHING_CHARGED = 'Nothing was paid for it, and nothing is charged.';
const MONEY_BACK = 'When money has gone back to you, you get another message.';
const ASK = 'If you did not expect this, ask the shop.';

const cancelled = (order: Parameters<'order-cancelled'>, shop: Shop): Letter => ({
  subject: `Your order ${order.number} at ${shop.companyName} was cancelled`,
  heading: `Order ${order.number} was cancelled`,
  paragraphs: [
    ...greeting(order),
    'These are not sent any more:',
    ...order.goods,
    order.paid === null ? NOTHING_CHARGED : `You have paid ${order.paid} for it. ${MONEY_BACK}`,
    ASK,
  ],
  ...seeOrder(order, shop),
  footnote: WHY,
});

const cancelledInPart = (order: Parameters<'order-cancelled-in-part'>, shop: Shop): Letter => ({
  subject: `A part of your order ${order.number} at ${shop.companyName} was cancelled`,
  heading: `A part of order ${order.number} was cancelled`,
  paragraphs: [
    ...greeting(order),
    'These are not sent any more:',
    ...order.goods,
    'Your order:',
    ...contents(order.left),
    ...(order.paid === null ? [] : [`You have paid ${order.paid} for it. ${MONEY_BACK}`]),
    ASK,
  ],
  ...seeOrder(order, shop),
  footnote: WHY,
});

const expired = (order: Parameters<'order-expired'>, shop: Shop): Letter => ({
  subject: `Your order ${order.number} at ${shop.companyName} has ended`,
  heading: `Order ${order.number} was not paid in time`,
  paragraphs: [
    ...greeting(order),
    'These are not held for you any more:',
    ...order.goods,
    order.paid === null
      ? `${NOTHING_CHARGED} If you have sent the money already, tell the shop; otherwise order again whenever you like.`
      : `Your payment of ${order.paid} came after they were sold to others. ${MONEY_BACK}`,
  ],
  ...seeOrder(order, shop),
  footnote: WHY,
});

function shipped(parcel: Parameters<'order-shipped'>, shop: Shop): Letter {
  const { number, trackingUrl, token } = parcel;
  // There is one button: a parcel that can be followed gets it.
  const follow = trackingUrl === null ? seeOrder(parcel, shop) : { button: { label: 'Follow it', url: trackingUrl } };
  const order = trackingUrl !== null && token ? [`See the order: ${orderUrl(token, shop)}`] : [];
  return {
    subject: `Your order ${number} at ${shop.companyName} is on its way`,
    heading: `Order ${number} is on its way`,
    paragraphs: ['These were sent to you:', ...parcel.goods, ...wayOf(parcel), ...order],
    ...follow,
    footnote: WHY,
  };
}

const delivered = (parcel: Parameters<'order-delivered'>, shop: Shop): Letter => ({
  subject: `Your order ${parcel.number} at ${shop.companyName} was delivered`,
  heading: `A parcel of order ${parcel.number} was delivered`,
  paragraphs: ['These were delivered:', ...parcel.goods, ...wayOf(parcel), 'If you have not got them, ask the shop.'],
  ...seeOrder(parcel, shop),
  footnote: WHY,
});

const wayOf = ({ carrier, trackingNumbers }: ParcelWords): string[] => [
  ...(carrier === null ? [] : [`Carrier: ${carrier}`]),
  ...(trackingNumbers.length === 0 ? [] : [`Tracking: ${trackingNumbers.join(', ')}`]),
];

const refunded = (refund: Parameters<'order-refunded'>, shop: Shop): Letter => ({
  subject: `${refund.amount} of your order ${refund.number} at ${shop.companyName} went back to you`,
  heading: `${refund.amount} went back to you`,
  paragraphs: [
    `For your order ${refund.number}, ${shop.companyName} has given ${refund.amount} back, the way it came.`,
    'Until you see it in your account, your bank may need some days.',
  ],
  ...seeOrder(refund, shop),
  footnote: WHY,
});

const link = ({ number, token, expiresAt }: Parameters<'order-link'>, shop: Shop): Letter => ({
  subject: `Your order ${number} at ${shop.companyName}`,
  heading: `See your order ${number}`,
  paragraphs: [`Somebody asked for a link to your order ${number} at ${shop.companyName}.`],
  button: { label: 'See the order', url: orderUrl(token, shop) },
  footnote: `The link is good until ${readable(expiresAt)}. If it was not you who asked, ignore this message: only you got it.`,
});
