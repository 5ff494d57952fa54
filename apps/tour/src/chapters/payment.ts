import { until } from '../http.ts';
import type { Receiver } from '../receiver.ts';
import type { Company, Scene } from '../scene.ts';
import { type Order, price } from '../shop-words.ts';
import { Surprise, same } from '../surprise.ts';
import type { Placed } from './checkout.ts';

const NOTICE_WITHIN_MS = 5_000;

interface Verified {
  order: Order;
  payment: { id: string; status: string };
}

interface Payment {
  status: string;
  captured: { amount: number; currency: string };
  transactions: { type: string; status: string; source: string }[];
}

/** The shopper pays on the gateway's page, as a browser does it. */
export async function pay(scene: Scene, company: Company, placed: Placed, receiver: Receiver): Promise<void> {
  const { tell, storefront } = scene;
  tell.chapter('The shopper pays', 'on the page of the simulated Paystack');
  const browser = storefront.as({ accept: 'text/html' });
  const page = await browser.ask('GET', placed.payPage);
  if (page.status !== 200 || !page.text.includes('<form') || !page.text.includes('value="pay"')) {
    throw new Surprise(`GET ${placed.payPage}`, {
      expected: 'a page with a Pay button',
      seen: `${page.status} ${page.text.slice(0, 200)}`,
    });
  }
  tell.fact(`The page opens and names order ${placed.number}`, `GET ${new URL(placed.payPage).origin}/pay/…`);
  const pressed = await browser.ask('POST', placed.payPage, { body: new URLSearchParams({ outcome: 'pay' }) });
  same('the answer to pressing Pay', pressed.status, 303);
  const back = pressed.headers.get('location') ?? '';
  if (!back.startsWith(`${receiver.base}/thanks?`)) {
    throw new Surprise('where the browser goes after paying', { expected: `${receiver.base}/thanks?…`, seen: back });
  }
  await browser.ask('GET', back);
  tell.fact('Pay is pressed; the browser is sent back to the shop', 'POST …/pay/… outcome=pay');
  await settled(scene, placed);
  const payment = await company.owner.get<Payment>(`/v1/payments/${placed.paymentId}`);
  const order = await company.owner.get<Order>(`/v1/orders/${placed.orderId}`);
  same('what came in', payment.captured, order.totals.total);
  const charges = payment.transactions.filter(({ type, status }) => type === 'charge' && status === 'succeeded');
  same('charges that went well', charges.length, 1);
  tell.fact(
    `${price(payment.captured)} came in, once; order ${order.number} is ${order.lifecycle} and ${order.paymentStatus}`,
    'GET /v1/payments/:id',
  );
}

/** The gateway's notice pays the order; if it is late, the shop's page asks. */
async function settled({ tell }: Scene, { guest, orderId, paymentId }: Placed): Promise<void> {
  const isPaid = ({ paymentStatus }: Order) => paymentStatus === 'paid';
  const end = Date.now() + NOTICE_WITHIN_MS;
  let order = await guest.get<Order>(`/v1/orders/${orderId}`);
  while (!isPaid(order) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    order = await guest.get<Order>(`/v1/orders/${orderId}`);
  }
  const told = isPaid(order);
  const verify = () => guest.post<Verified>(`/v1/payments/${paymentId}/verification`, undefined, { status: 200 });
  const verified = await until('POST /v1/payments/:id/verification', {
    expected: 'an order that is paid',
    ask: verify,
    ok: (last) => isPaid(last.order) && last.payment.status === 'paid',
  });
  same('the order’s life after it was paid', verified.order.lifecycle, 'open');
  if (told)
    tell.fact('Paystack’s signed notice has paid the order before anybody asked', 'POST /v1/hooks/:companyId/paystack');
  tell.fact(
    'The page the shopper comes back to asks as well, and hears the same',
    'POST /v1/payments/:id/verification',
  );
}
