import { z } from 'zod';
import type { WaitingEvent } from '../../kernel/dispatch.ts';
import { format, fromView, moneyView } from '../../kernel/money.ts';
import { orderCancelled, orderLinkRequested, orderPaid, orderPlaced } from '../../sales/orders/orders.events.ts';
import { type LinkToken, withToken } from './link-token.ts';

/** What a mail says of an order. Amounts as text, with their currency. */
export interface OrderWords {
  number: string;
  name: string | null;
  /** Like `2 × Adire scarf (Indigo), 2500.00 NGN`. */
  lines: string[];
  total: string;
}

/** What a shop writes about an order: to its shopper, and of new ones to its own people. */
export type OrderMessage =
  | { template: 'order-placed'; parameters: OrderWords & { instructions: string | null; isPaid: boolean } }
  | { template: 'order-received'; parameters: OrderWords & { email: string; isOpen: boolean } }
  | { template: 'order-paid'; parameters: OrderWords }
  | { template: 'order-cancelled'; parameters: OrderWords }
  | { template: 'order-link'; parameters: LinkToken & { number: string } };

type Addressed = OrderMessage & { recipient: string };

const LINES_SHOWN = 50;

const aboutOrder = z.object({
  order: z.object({
    number: z.string(),
    email: z.string(),
    lifecycle: z.string(),
    paymentProvider: z.string().nullable(),
    cancelReason: z.string().nullable(),
    shippingAddress: z.object({ firstName: z.string().optional(), lastName: z.string() }).nullable(),
    lines: z.array(
      z.object({ title: z.string(), variantTitle: z.string().nullable(), quantity: z.int(), total: moneyView }),
    ),
    totals: z.object({ total: moneyView }),
  }),
});
type Told = z.infer<typeof aboutOrder>['order'];
const toCompany = z.object({ mailsTo: z.array(z.string()), instructions: z.string().nullable() });
const lookedUp = z.object({ lookup: z.object({ number: z.string(), email: z.string() }) });

/** What the shop's own software calls an order whose cart was changed before it was paid: the shopper has the new one. */
const SUPERSEDED = 'superseded';

const toShopper =
  (template: 'order-paid' | 'order-cancelled') =>
  (event: WaitingEvent): Addressed[] => {
    const { order } = aboutOrder.parse(event.data);
    if (order.cancelReason === SUPERSEDED) return [];
    return [{ template, recipient: order.email, parameters: wordsOf(order) }];
  };

/**
 * One line per event of an order that somebody is written to about. A shopper hears of an order that waits for a provider
 * once it is paid: whoever turns back at the provider's page has ordered nothing.
 */
export const ORDER_RULES: Record<string, (event: WaitingEvent) => Addressed[]> = {
  [orderPlaced.type]: (event) => {
    const { order } = aboutOrder.parse(event.data);
    const { mailsTo, instructions } = toCompany.parse(event.privately());
    const words = wordsOf(order);
    const isOpen = order.lifecycle === 'open';
    const own = mailsTo.map((recipient): Addressed => {
      return { template: 'order-received', recipient, parameters: { ...words, email: order.email, isOpen } };
    });
    if (!isOpen && order.paymentProvider !== 'manual') return own;
    const parameters = { ...words, instructions, isPaid: order.paymentProvider === null };
    return [{ template: 'order-placed', recipient: order.email, parameters }, ...own];
  },
  [orderPaid.type]: toShopper('order-paid'),
  [orderCancelled.type]: toShopper('order-cancelled'),
  [orderLinkRequested.type]: (event) => {
    const { number, email } = lookedUp.parse(event.data).lookup;
    const parameters = { number, ...withToken.parse(event.privately()) };
    return [{ template: 'order-link', recipient: email, parameters }];
  },
};

function wordsOf({ number, shippingAddress, lines, totals }: Told): OrderWords {
  const shown = lines.slice(0, LINES_SHOWN).map(({ title, variantTitle, quantity, total }) => {
    const variant = variantTitle ? ` (${variantTitle})` : '';
    return `${quantity} × ${title}${variant}, ${format(fromView(total))}`;
  });
  const more = lines.length > LINES_SHOWN ? [`and ${lines.length - LINES_SHOWN} more`] : [];
  const name = shippingAddress?.firstName ?? null;
  return { number, name, lines: [...shown, ...more], total: format(fromView(totals.total)) };
}
