import { randomUUID } from 'node:crypto';
import { read, until } from '../http.ts';
import type { Company, Scene } from '../scene.ts';
import { type Money, type Order, price } from '../shop-words.ts';
import { found, same } from '../surprise.ts';
import type { Placed } from './checkout.ts';

interface Refund {
  id: string;
  status: string;
  amount: Money;
}

const RETURNED = 'TLT-SAND-130';

export interface Refunded {
  readonly refundId: string;
}

/** One of the two throws comes back: what it cost, goes back. */
export async function giveBack({ tell }: Scene, { owner }: Company, { orderId, paymentId }: Placed): Promise<Refunded> {
  tell.chapter('A part of the money goes back');
  const before = await owner.get<Order>(`/v1/orders/${orderId}`);
  const line = found(
    `the line of ${RETURNED}`,
    before.lines.find(({ sku }) => sku === RETURNED),
  );
  const wish = { lines: [{ orderLineId: line.id, quantity: 1 }], reason: 'Came back' };
  const preview = await owner.post<{ amount: Money }>(`/v1/payments/${paymentId}/refund-preview`, wish, {
    status: 200,
  });
  same('the refund of one of two, discount included', preview.amount.amount, line.total.amount / line.quantity);
  tell.fact(
    `One ${line.title} is worth ${price(preview.amount)}: what was paid, discount included`,
    'POST …/refund-preview',
  );
  const path = `/v1/payments/${paymentId}/refunds`;
  const headers = { 'idempotency-key': randomUUID() };
  const refund = await owner.post<Refund>(path, wish, { headers });
  same('the refund', refund.amount, preview.amount);
  const repeated = await owner.ask('POST', path, { body: wish, headers });
  same('the id of the refund when the request is sent twice', read<Refund>(repeated).id, refund.id);
  tell.fact('Asked twice with one Idempotency-Key, it goes back once', 'POST /v1/payments/:id/refunds');
  tell.progress('Paystack takes its time');
  await until(`refund ${refund.id}`, {
    expected: 'succeeded',
    ask: () => owner.get<Refund>(`/v1/refunds/${refund.id}`),
    ok: ({ status }) => status === 'succeeded',
    withinMs: 60_000,
  });
  const after = await owner.get<Order>(`/v1/orders/${orderId}`);
  same('the order', [after.paymentStatus, after.refundedTotal], ['partially_refunded', preview.amount]);
  tell.fact(
    `${price(after.refundedTotal)} of ${price(after.totals.total)} is back with the shopper`,
    'GET /v1/refunds/:id',
  );
  return { refundId: refund.id };
}
