import { randomUUID } from 'node:crypto';
import { type Api, read } from '../http.ts';
import type { Receiver } from '../receiver.ts';
import type { Company, Scene } from '../scene.ts';
import { type Order, price } from '../shop-words.ts';
import { found, same } from '../surprise.ts';
import type { Basket } from './basket.ts';
import type { Choice } from './browsing.ts';
import { seeStock } from './stock.ts';

interface CheckedOut {
  order: Order & { token: string };
  payment: { id: string; status: string; redirectUrl: string };
}

export interface Placed {
  readonly orderId: string;
  readonly number: string;
  readonly paymentId: string;
  readonly token: string;
  readonly payPage: string;
  /** The storefront API, asked by the guest whose order it is. */
  readonly guest: Api;
}

/** The cart becomes an order; not at a total the shopper has not seen. */
export async function checkOut(
  scene: Scene,
  {
    company,
    basket,
    choices,
    receiver,
  }: { company: Company; basket: Basket; choices: readonly Choice[]; receiver: Receiver },
): Promise<Placed> {
  const { tell } = scene;
  tell.chapter('Checkout');
  const { guest, totals } = basket;
  const path = `/v1/carts/${basket.id}/checkout`;
  const body = (amount: number) => ({
    paymentProvider: 'paystack',
    returnUrl: `${receiver.base}/thanks`,
    expectedTotal: { amount, currency: totals.total.currency },
  });
  const cheap = { body: body(totals.total.amount - 100), headers: { 'idempotency-key': randomUUID() } };
  const problem = await guest.refused('POST', path, { ...cheap, status: 409, code: 'total_changed' });
  tell.fact('One naira less than the total is refused: 409 total_changed', 'POST /v1/carts/:id/checkout');
  tell.detail(problem.errors?.[0]?.message ?? problem.detail);
  const key = { 'idempotency-key': randomUUID() };
  const placed = await guest.post<CheckedOut>(path, body(totals.total.amount), { headers: key });
  same('the order’s total', placed.order.totals.total, totals.total);
  same('the order’s state', [placed.order.lifecycle, placed.order.paymentStatus], ['pending', 'unpaid']);
  tell.fact(
    `Order ${placed.order.number} over ${price(placed.order.totals.total)} waits for its payment`,
    'POST /v1/carts/:id/checkout',
  );
  const repeated = await guest.ask('POST', path, { body: body(totals.total.amount), headers: key });
  same('the id of the order when the request is sent twice', read<CheckedOut>(repeated).order.id, placed.order.id);
  same('Idempotency-Replayed', repeated.headers.get('idempotency-replayed'), 'true');
  tell.fact('The same request once more is the same order: Idempotency-Replayed', 'Idempotency-Key: <uuid>');
  await seeStock(company, choices, { reserved: true, gone: false });
  tell.fact('Its goods are held meanwhile: nobody else can buy them', 'GET /v1/stock-levels?sku=…');
  return {
    orderId: placed.order.id,
    number: placed.order.number,
    paymentId: placed.payment.id,
    token: placed.order.token,
    payPage: found('payment.redirectUrl', placed.payment.redirectUrl),
    guest: guest.with({ 'x-order-token': placed.order.token }),
  };
}
