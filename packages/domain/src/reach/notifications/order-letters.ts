import type { EmailBody } from './email-layout.ts';
import type { OrderMessage, OrderWords } from './order-rules.ts';
import { readable } from './readable-time.ts';

type Letter = EmailBody & { subject: string };
interface Shop {
  companyName: string;
  /** Where the pages of the shop are, without a slash at its end. */
  shopUrl: string;
}

const WHY = 'You get this message because something was ordered with this address.';
const FOR_STAFF = 'The settings of the shop (notification.orderMailsTo) say who gets these messages.';

const greeting = ({ name }: OrderWords) => (name === null ? [] : [`Hello ${name},`]);
const contents = ({ lines, total }: OrderWords) => [...lines, `Total: ${total}`];

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
    case 'order-link':
      return link(message.parameters, shop);
  }
}

type Parameters<Template extends OrderMessage['template']> = Extract<
  OrderMessage,
  { template: Template }
>['parameters'];

function placed(order: Parameters<'order-placed'>, { companyName }: Shop): Letter {
  const how = order.instructions === null ? [] : [`How to pay: ${order.instructions}`];
  return {
    subject: `Your order ${order.number} at ${companyName}`,
    heading: `Thank you for your order ${order.number}`,
    paragraphs: [...greeting(order), ...contents(order), ...(order.isPaid ? [] : how)],
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

const paid = (order: OrderWords, { companyName }: Shop): Letter => ({
  subject: `Your order ${order.number} at ${companyName} is paid`,
  heading: `Your payment for order ${order.number} has arrived`,
  paragraphs: [...greeting(order), 'Thank you. We prepare your order now.', ...contents(order)],
  footnote: WHY,
});

const cancelled = (order: OrderWords, { companyName }: Shop): Letter => ({
  subject: `Your order ${order.number} at ${companyName} was cancelled`,
  heading: `Order ${order.number} was cancelled`,
  paragraphs: [
    ...greeting(order),
    ...contents(order),
    'If you have paid for it already, your money goes back the way it came. If you did not expect this, ask the shop.',
  ],
  footnote: WHY,
});

const link = ({ number, token, expiresAt }: Parameters<'order-link'>, { companyName, shopUrl }: Shop): Letter => ({
  subject: `Your order ${number} at ${companyName}`,
  heading: `See your order ${number}`,
  paragraphs: [`Somebody asked for a link to your order ${number} at ${companyName}.`],
  // The token stands behind `#`, so that it reaches no server log and no referrer.
  button: { label: 'See the order', url: `${shopUrl}/account/order#token=${encodeURIComponent(token)}` },
  footnote: `The link is good until ${readable(expiresAt)}. If it was not you who asked, ignore this message: only you got it.`,
});
