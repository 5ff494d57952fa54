import { randomUUID } from 'node:crypto';
import http from 'node:http';

/** A shop a shopper can be sent to. */
export interface Shop {
  url: string;
  /** Headers of every request: the API key. */
  headers: Record<string, string>;
  /** A variant to buy. */
  variant(): string;
  /** Bare shops answer the order and the options plainly. */
  isBare: boolean;
}

interface Cart {
  id: string;
  token: string;
}

const BY_TRANSFER = { paymentProvider: 'manual' };
const ON_A_PAGE = { paymentProvider: 'paystack', returnUrl: 'https://shop.example.com/thanks' };
const ADDRESS = { lastName: 'Obi', line1: '1 Marina', city: 'Lagos', country: 'NG' };

/** One shopper with one connection. Throws for an answer that is neither good nor, where `maySellOut`, a clear refusal. */
export class Shopper {
  private readonly agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly shop: Shop) {}

  /** W4: a new cart with two things in it. */
  async fillCart(): Promise<void> {
    const cart = await this.openCart();
    await this.add(cart, this.shop.variant());
    await this.add(cart, this.shop.variant());
  }

  /** W5: the whole way to an order that is paid by transfer: eight requests. False: it was sold out. */
  async order(): Promise<boolean> {
    const cart = await this.openCart();
    await this.add(cart, this.shop.variant());
    await this.add(cart, this.shop.variant());
    return (await this.checkOut(cart, BY_TRANSFER)).status === 201;
  }

  /** As `order`, of one unit of one variant. */
  async orderOne(): Promise<boolean> {
    const cart = await this.openCart();
    await this.add(cart, this.shop.variant());
    return (await this.checkOut(cart, BY_TRANSFER)).status === 201;
  }

  /** W5p up to where the shopper pays: as `order`, on the page of a provider. Gives the order's id. */
  async orderOnline(): Promise<string> {
    const cart = await this.openCart();
    await this.add(cart, this.shop.variant());
    await this.add(cart, this.shop.variant());
    const { status, body } = await this.checkOut(cart, ON_A_PAGE);
    if (status !== 201) throw new Error(`the checkout answered ${status}: ${JSON.stringify(body)}`);
    return (body as { order: { id: string } }).order.id;
  }

  close(): void {
    this.agent.destroy();
  }

  private async openCart(): Promise<Cart> {
    const { cart, token } = (await this.send('POST', '/v1/carts', undefined, {})).body as { cart: Cart; token: string };
    return { id: cart.id, token };
  }

  private add(cart: Cart, variantId: string) {
    return this.onCart('POST', cart, 'lines', { variantId, quantity: 1 });
  }

  private async checkOut(cart: Cart, payment: object) {
    await this.onCart('PUT', cart, 'email', { email: 'shopper@example.com' });
    await this.onCart('PUT', cart, 'shipping-address', ADDRESS);
    const shippingOptionId = optionIn((await this.onCart('GET', cart, 'shipping-options')).body);
    const { body } = await this.onCart('PUT', cart, 'shipping-option', { shippingOptionId });
    const expectedTotal = this.shop.isBare ? undefined : (body as { totals: { total: object } }).totals.total;
    return this.onCart('POST', cart, 'checkout', { ...payment, expectedTotal }, [201, 409]);
  }

  private onCart(method: string, cart: Cart, path: string, body?: object, expected?: number[]) {
    return this.send(method, `/v1/carts/${cart.id}/${path}`, cart, body, expected);
  }

  private async send(method: string, path: string, cart?: Cart, body?: object, expected = [200, 201]) {
    const headers = {
      ...this.shop.headers,
      ...(cart && { 'x-cart-token': cart.token }),
      ...(body && { 'content-type': 'application/json' }),
      ...(path.endsWith('/checkout') && { 'idempotency-key': randomUUID() }),
    };
    const answer = await request(this.agent, this.shop.url + path, method, headers, body && JSON.stringify(body));
    if (!expected.includes(answer.status))
      throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
    const isEmpty = answer.text === '';
    return { status: answer.status, body: isEmpty ? undefined : (JSON.parse(answer.text) as unknown) };
  }
}

function optionIn(body: unknown): string {
  const options = Array.isArray(body) ? body : (body as { data: { options: unknown[] }[] }).data[0]?.options;
  const [option] = (options ?? []) as { id: string }[];
  if (!option) throw new Error(`no shipping option to choose in ${JSON.stringify(body)}`);
  return option.id;
}

/** Node's own client: the cheapest there is, for it shares the machine with what is measured. Loopback only. */
function request(agent: http.Agent, url: string, method: string, headers: http.OutgoingHttpHeaders, body?: string) {
  if (new URL(url).hostname !== '127.0.0.1') throw new Error(`${url} is not on loopback`);
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = http.request(url, { agent, method, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
