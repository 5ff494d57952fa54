import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { CartView } from '@souk/domain/sales/carts/carts.contract';
import type { CheckoutView } from '@souk/domain/sales/checkout/checkout.contract';
import type { Store } from './store.ts';

export const RETURN_URL = 'https://shop.example.com/thanks';
const HOME = { lastName: 'Okafor', line1: '1 Marina', city: 'Lagos', country: 'NG' };
const GIVE_UP_MS = 30_000;
let shoppers = 0;

/** What came back. `body` is of the form whoever asks names. */
export interface Heard<Body = unknown> {
  status: number;
  headers: Headers;
  body: Body;
  text: string;
}

interface Problem {
  code: string;
  detail: string;
}

/** Sends a request over a real connection. Rejects when nobody answers, or stops in the middle of it. */
export async function ask<Body = unknown>(
  base: string,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<Heard<Body>> {
  const answer = await fetch(`${base}${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(GIVE_UP_MS),
  });
  const text = await answer.text();
  // Whoever asks names the shape.
  const parsed = (text === '' ? undefined : JSON.parse(text)) as Body;
  return { status: answer.status, headers: answer.headers, body: parsed, text };
}

/** What is wrong, if something is. */
export const codeOf = ({ status, body }: Heard): string => (status < 400 ? '' : (body as Problem).code);

/**
 * Repeats a request as a good client does: what is busy, overloaded or not reached is asked for again with the same key,
 * after the time it is told to wait.
 */
export async function persistently<Body>(send: () => Promise<Heard<Body>>): Promise<Heard<Body>> {
  const giveUp = Date.now() + GIVE_UP_MS;
  for (;;) {
    const heard = await send();
    const isBusy = heard.status === 503 || codeOf(heard) === 'idempotency_key_busy';
    if (!isBusy || Date.now() > giveUp) return heard;
    await pause(Number(heard.headers.get('retry-after') ?? 1) * 1_000);
  }
}

export interface FullCart {
  readonly id: string;
  readonly token: string;
  readonly headers: Record<string, string>;
  readonly total: { amount: number; currency: string };
}

interface MadeCart {
  cart: CartView;
  token: string;
}

/** Somebody who buys at a storefront, step by step over HTTP. Each step throws if it is not answered as it should be. */
export class Shopper {
  private readonly key: string;
  readonly email = `shopper${++shoppers}@example.com`;

  constructor(
    private readonly store: Pick<Store, 'key' | 'option'>,
    /** Where the API is; a shopper who reloads may meet another process. */
    public base: string,
  ) {
    this.key = store.key;
  }

  send<Body = unknown>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    return ask<Body>(this.base, method, path, { body, headers: { 'x-api-key': this.key, ...headers } });
  }

  /** A cart with all that an order needs. */
  async fill(
    lines: readonly { variantId: string; quantity: number; properties?: object }[],
    codes: readonly string[] = [],
  ): Promise<FullCart> {
    return this.fillBy((_, ...request) => this.send(...request), lines, codes);
  }

  /** The same; `step` sends each of the requests, which it is given with a name. */
  async fillBy(
    step: <Body>(what: string, ...request: Parameters<Shopper['send']>) => Promise<Heard<Body>>,
    lines: Parameters<Shopper['fill']>[0],
    codes: readonly string[] = [],
  ): Promise<FullCart> {
    const made = good(await step<MadeCart>('a cart', 'POST', '/v1/carts', { email: this.email, lines }), 201);
    const headers = { 'x-cart-token': made.token };
    const path = `/v1/carts/${made.cart.id}`;
    good(await step('an address', 'PUT', `${path}/shipping-address`, HOME, headers));
    for (const code of codes) good(await step('a code', 'POST', `${path}/discount-codes`, { code }, headers), 201);
    const option = { shippingOptionId: this.store.option };
    const { totals } = good(await step<CartView>('a delivery', 'PUT', `${path}/shipping-option`, option, headers));
    return { id: made.cart.id, token: made.token, headers, total: totals.total };
  }

  /** One checkout of a cart at the total it had, with a key of its own unless one is given. */
  checkout(cart: FullCart, provider: 'manual' | 'paystack' = 'paystack', key: string = randomUUID()) {
    const body = {
      paymentProvider: provider,
      ...(provider === 'paystack' && { returnUrl: RETURN_URL }),
      expectedTotal: cart.total,
    };
    const headers = { ...cart.headers, 'idempotency-key': key };
    return this.send<CheckoutView>('POST', `/v1/carts/${cart.id}/checkout`, body, headers);
  }

  /** The browser is back from its provider. */
  verify({ order, payment }: CheckoutView, key: string = randomUUID()) {
    const headers = { 'x-order-token': order.token, 'idempotency-key': key };
    return this.send<{ order: CheckoutView['order'] }>('POST', `/v1/payments/${payment?.id}/verification`, {}, headers);
  }

  order({ order }: CheckoutView) {
    return this.send<CheckoutView['order']>('GET', `/v1/orders/${order.id}`, undefined, {
      'x-order-token': order.token,
    });
  }
}

/** The body of an answer that has to be good. */
export function good<Body>(heard: Heard<Body>, status = 200): Body {
  if (heard.status !== status) throw new Error(`Expected ${status}, got ${heard.status}: ${heard.text}`);
  return heard.body;
}

/** Where a shopper pays, who was just told. */
export function pageOf({ payment }: CheckoutView): string {
  if (!payment?.redirectUrl) throw new Error(`No page to pay on: ${JSON.stringify(payment)}`);
  return payment.redirectUrl;
}
