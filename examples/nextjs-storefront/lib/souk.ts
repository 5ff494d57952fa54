// The data layer: everything this shop asks of Souk. Runs on the server only, with a secret key that no browser sees.

export interface Money {
  amount: number; // whole minor units
  currency: string;
}

export interface Picture {
  url: string;
  width: number;
  height: number;
  alt: string;
}

export interface ProductCard {
  handle: string;
  title: string;
  price: Money;
  priceMax: Money;
  compareAt: Money | null;
  isAvailable: boolean;
  image: Picture | null;
}

export interface Variant {
  id: string;
  sku: string | null;
  options: Record<string, string>;
  price: Money | null;
  isAvailable: boolean;
}

export interface Product {
  handle: string;
  title: string;
  /** HTML that Souk has cleaned. */
  description: string;
  options: { name: string; values: string[] }[];
  variants: Variant[];
  images: Picture[];
}

export interface Page<Item> {
  data: Item[];
  page: { hasMore: boolean; next: string | null };
}

export interface CartLine {
  id: string;
  title: string;
  variantTitle: string | null;
  quantity: number;
  unitPrice: Money | null;
  total: Money;
}

export interface Cart {
  id: string;
  email: string | null;
  lines: CartLine[];
  discountCodes: string[];
  totals: { subtotal: Money; discount: Money; shipping: Money; tax: Money; total: Money };
  /** What is missing before it can be ordered, in words for the shopper. Empty: nothing. */
  requirements: { code: string; message: string }[];
  warnings: { code: string; message: string }[];
}

export interface Address {
  firstName?: string;
  lastName: string;
  line1: string;
  line2?: string;
  city: string;
  region?: string;
  postcode?: string;
  country: string;
}

export interface Parcel {
  profileId: string;
  options: { id: string; name: string; amount: Money | null; isChosen: boolean; obstacle: unknown }[];
}

export interface Order {
  id: string;
  number: string;
  lifecycle: 'pending' | 'open' | 'completed' | 'cancelled' | 'expired';
  paymentStatus: string;
  totals: { total: Money };
}

export interface Payment {
  id: string;
  status: string;
  redirectUrl: string | null;
}

/** What opens a guest's cart. It belongs into an httpOnly cookie. */
export interface CartAccess {
  id: string;
  token: string;
}

/** What opens an order and its payment to whoever placed it. Likewise. */
export interface OrderAccess {
  orderToken: string;
  paymentId: string | null;
}

/** An answer that says no. `code` is stable, `message` is for people: it names the cause and the way out. */
export class SoukError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly errors: readonly { pointer: string; code: string; message: string }[] = [],
    readonly requestId: string | null = null,
  ) {
    super(message);
    this.name = 'SoukError';
  }
}

interface Ask {
  method?: string;
  body?: unknown;
  cart?: CartAccess;
  orderToken?: string;
  idempotencyKey?: string;
  /** The shopper's address, from your own edge: without it all of them share one limit of tries. */
  buyerAddress?: string | undefined;
  /** Cached by Next until one of these tags is revalidated. Without tags nothing is cached. */
  tags?: string[];
}

/** A checkout asks the payment provider, up to twice. */
const TIMEOUT_MS = 20_000;
/** However well webhooks work: nothing is shown for longer without asking again. Seconds. */
const REVALIDATE_SECONDS = 300;

async function ask<Answer>(path: string, what: Ask = {}): Promise<Answer> {
  const { SOUK_URL: url = 'http://localhost:4100', SOUK_KEY: key } = process.env;
  if (!key) throw new Error('SOUK_KEY is not set: make a secret key (POST /v1/api-keys) and put it into .env.local');
  const init: RequestInit & { next?: { tags: string[]; revalidate: number } } = {
    method: what.method ?? 'GET',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      'X-Api-Key': key,
      ...(what.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(what.cart ? { 'X-Cart-Token': what.cart.token } : {}),
      ...(what.orderToken ? { 'X-Order-Token': what.orderToken } : {}),
      ...(what.idempotencyKey ? { 'Idempotency-Key': what.idempotencyKey } : {}),
      ...(what.buyerAddress ? { 'X-Buyer-Address': what.buyerAddress } : {}),
    },
    ...(what.body === undefined ? {} : { body: JSON.stringify(what.body) }),
    ...(what.tags ? { next: { tags: what.tags, revalidate: REVALIDATE_SECONDS } } : { cache: 'no-store' as const }),
  };
  const answer = await fetch(`${url}${path}`, init);
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
  const body = isJson && text !== '' ? JSON.parse(text) : undefined;
  if (answer.ok) return body as Answer; // the shapes above are those of /openapi.json
  throw new SoukError(
    answer.status,
    body?.code ?? 'unknown',
    body?.detail ?? `Souk answered ${answer.status}`,
    body?.errors,
    body?.requestId ?? null,
  );
}

const cartPath = (cart: CartAccess, rest = '') => `/v1/carts/${cart.id}${rest}`;

/** A page of products that are on sale. */
export function listProducts(
  wish: { q?: string | undefined; after?: string | undefined } = {},
): Promise<Page<ProductCard>> {
  const query = new URLSearchParams({ limit: '24' });
  if (wish.q) query.set('q', wish.q);
  if (wish.after) query.set('after', wish.after);
  return ask(`/v1/products?${query}`, { tags: ['products'] });
}

/** A product, or undefined if there is none of this handle. */
export async function findProduct(handle: string): Promise<Product | undefined> {
  try {
    return await ask<Product>(`/v1/products/${encodeURIComponent(handle)}`, {
      tags: ['products', `product:${handle}`],
    });
  } catch (error) {
    if (error instanceof SoukError && error.status === 404) return undefined;
    throw error;
  }
}

/** An empty cart and what opens it. The token comes this once. */
export async function createCart(): Promise<CartAccess> {
  const { cart, token } = await ask<{ cart: Cart; token: string }>('/v1/carts', { method: 'POST', body: {} });
  return { id: cart.id, token };
}

/** The cart, or undefined if it is gone or became an order. */
export async function findCart(cart: CartAccess): Promise<Cart | undefined> {
  try {
    const found = await ask<Cart & { status: string }>(cartPath(cart), { cart });
    return found.status === 'open' ? found : undefined;
  } catch (error) {
    if (error instanceof SoukError && error.status === 404) return undefined;
    throw error;
  }
}

export const addLine = (cart: CartAccess, variantId: string, quantity: number): Promise<Cart> =>
  ask(cartPath(cart, '/lines'), { method: 'POST', cart, body: { variantId, quantity } });

/** 0 takes the line out. */
export const setQuantity = (cart: CartAccess, lineId: string, quantity: number): Promise<Cart> =>
  ask(cartPath(cart, `/lines/${lineId}`), { method: 'PATCH', cart, body: { quantity } });

/** Codes are counted by the shopper's address: somebody who guesses is stopped, and nobody else. */
export const addDiscountCode = (cart: CartAccess, code: string, buyerAddress?: string): Promise<Cart> =>
  ask(cartPath(cart, '/discount-codes'), { method: 'POST', cart, body: { code }, buyerAddress });

export const setEmail = (cart: CartAccess, email: string): Promise<Cart> =>
  ask(cartPath(cart, '/email'), { method: 'PUT', cart, body: { email } });

export const setShippingAddress = (cart: CartAccess, address: Address): Promise<Cart> =>
  ask(cartPath(cart, '/shipping-address'), { method: 'PUT', cart, body: address });

/** How the goods can be sent, parcel by parcel. */
export async function listParcels(cart: CartAccess): Promise<Parcel[]> {
  return (await ask<{ data: Parcel[] }>(cartPath(cart, '/shipping-options'), { cart })).data;
}

export const chooseShipping = (cart: CartAccess, shippingOptionId: string): Promise<Cart> =>
  ask(cartPath(cart, '/shipping-option'), { method: 'PUT', cart, body: { shippingOptionId } });

/**
 * Makes an order of the cart. `expectedTotal` is what the shopper was shown: another total is refused (409
 * `total_changed`), never charged. The same `idempotencyKey` gives the same order, however often it is sent.
 */
export async function checkout(
  cart: CartAccess,
  {
    expectedTotal,
    ...how
  }: { expectedTotal: Money; returnUrl: string; idempotencyKey: string; buyerAddress?: string | undefined },
): Promise<{ order: Order; access: OrderAccess; redirectUrl: string | null }> {
  const { order, payment } = await ask<{ order: Order & { token: string }; payment: Payment | null }>(
    cartPath(cart, '/checkout'),
    {
      method: 'POST',
      cart,
      idempotencyKey: how.idempotencyKey,
      buyerAddress: how.buyerAddress,
      body: { paymentProvider: 'paystack', returnUrl: how.returnUrl, expectedTotal },
    },
  );
  const access = { orderToken: order.token, paymentId: payment?.id ?? null };
  return { order, access, redirectUrl: payment?.redirectUrl ?? null };
}

/** The browser came back, which proves nothing: this asks the payment provider and answers how the order stands now. */
export const verifyPayment = ({ paymentId, orderToken }: OrderAccess): Promise<{ order: Order; payment: Payment }> =>
  ask(`/v1/payments/${paymentId}/verification`, { method: 'POST', orderToken });

/** An amount as people write it. */
export function format({ amount, currency }: Money, locale = 'en'): string {
  const style = new Intl.NumberFormat(locale, { style: 'currency', currency });
  return style.format(amount / 10 ** (style.resolvedOptions().maximumFractionDigits ?? 2));
}
