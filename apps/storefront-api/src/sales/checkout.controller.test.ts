import { seedAccess } from '@souk/domain/company/iam/access-seed.service';
import { mintKey } from '@souk/domain/identity/api-keys/api-keys.service';
import { openCustomerSession } from '@souk/domain/identity/customer-sessions/customer-sessions.service';
import { allPermissions } from '@souk/domain/kernel/access';
import type { Id } from '@souk/domain/kernel/ids';
import type { CartView } from '@souk/domain/sales/carts/carts.contract';
import type { CheckoutView } from '@souk/domain/sales/checkout/checkout.contract';
import { claimGuestOrders } from '@souk/domain/sales/orders/customer-orders.service';
import type { ShopperOrderView } from '@souk/domain/sales/orders/orders.contract';
import { givenCheckoutShop } from '@souk/domain/testing/checkout-shop';
import { useDatabase } from '@souk/domain/testing/database';
import { expect, test, vi } from 'vitest';
import { bootStorefront } from '../testing/boot-storefront.ts';

const db = useDatabase();
const api = bootStorefront(db);

const HOME = { firstName: 'Ada', lastName: 'Okafor', line1: '1 Marina', city: 'Lagos', country: 'NG' };

interface Problem {
  status: number;
  code: string;
  detail: string;
  errors: { pointer: string; code: string; message: string }[];
}

async function given() {
  const shop = await givenCheckoutShop(db);
  const { run } = api.parts.database;
  const system = { ...shop.system, permissions: new Set<string>(allPermissions().map(({ name }) => name)) };
  const mint = (scopes: string[]) =>
    run(system, async (ctx) => {
      await seedAccess(ctx);
      return mintKey(ctx, { name: 'A key', type: 'publishable', scopes });
    });
  const { key } = await mint(['carts.write', 'checkout.write', 'orders.read']);
  const product = await shop.product({ title: 'Shirt', prices: { NGN: 2_500 }, variants: [{ onHand: 5 }] });
  const call = <Body>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    api.call<Body>(method, `/v1/${path}`, { key, headers, ...(body !== undefined && { body }) });
  const variantId = product.variants[0] as Id<'var'>; // it was made with one
  const fullCart = async () => {
    const made = await call<{ cart: CartView; token: string }>('POST', 'carts', {
      email: 'ada@example.com',
      lines: [{ variantId, quantity: 2 }],
    });
    const { cart, token } = made.body;
    const opened = { 'x-cart-token': token };
    await call('PUT', `carts/${cart.id}/shipping-address`, HOME, opened);
    await call('PUT', `carts/${cart.id}/shipping-option`, { shippingOptionId: shop.delivery.option }, opened);
    const { totals } = (await call<CartView>('GET', `carts/${cart.id}`, undefined, opened)).body;
    const body = { paymentProvider: 'manual', expectedTotal: totals.total };
    const order = <Body = CheckoutView>(idempotencyKey: string | undefined, sent: object = body) =>
      call<Body>('POST', `carts/${cart.id}/checkout`, sent, {
        ...opened,
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      });
    return { id: cart.id, token, body, order };
  };
  return { shop, system, key, mint, call, fullCart };
}

test('a cart is ordered over HTTP; the same request again gets the same answer', async () => {
  const { fullCart } = await given();
  const cart = await fullCart();
  const first = await cart.order('order-1');
  expect(first.status).toBe(201);
  expect(first.headers['cache-control']).toBe('no-store');
  expect(first.body).toMatchObject({
    order: { number: '1001', lifecycle: 'pending', totals: { total: { amount: 6_500, currency: 'NGN' } } },
    payment: { provider: 'manual', status: 'pending', redirectUrl: null },
  });
  const again = await cart.order('order-1');
  expect(again).toMatchObject({ status: 201, body: first.body, headers: { 'idempotency-replayed': 'true' } });
  const other = await cart.order<Problem>('order-1', { ...cart.body, paymentProvider: undefined });
  expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  const newKey = await cart.order('order-2');
  expect(newKey.body.order.id).toBe(first.body.order.id);
});

test('what is wrong with a checkout is said in the words of HTTP', async () => {
  const { fullCart, mint, call, shop } = await given();
  const cart = await fullCart();
  expect(await cart.order<Problem>(undefined)).toMatchObject({
    status: 400,
    body: { code: 'idempotency_key_required', errors: [{ pointer: 'Idempotency-Key' }] },
  });
  const cheaper = { ...cart.body, expectedTotal: { amount: 1, currency: 'NGN' } };
  expect(await cart.order<Problem>('k1', cheaper)).toMatchObject({
    status: 409,
    body: { code: 'total_changed', errors: [{ pointer: '/expectedTotal' }] },
  });
  expect(await cart.order<Problem>('k2', { ...cart.body, surprise: true })).toMatchObject({ status: 400 });
  expect(await cart.order<Problem>('k3', { ...cart.body, expectedTotal: undefined })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/expectedTotal' }] },
  });
  const { key } = await mint(['carts.write']);
  const refused = await api.call('POST', `/v1/carts/${cart.id}/checkout`, { key, body: cart.body });
  expect(refused).toMatchObject({ status: 403 });
  const strange = await call<Problem>('POST', `carts/${cart.id}/checkout`, cart.body, {
    'idempotency-key': 'k4, and long enough',
  });
  expect(strange).toMatchObject({ status: 404, body: { code: 'not_found' } });
  await db.admin`update stock_levels set on_hand = 1 where company_id = ${shop.companyId}`;
  expect(await cart.order<Problem>('k5')).toMatchObject({
    status: 409,
    body: {
      code: 'insufficient_stock',
      errors: [{ pointer: expect.stringMatching(/^\/lines\/cli_/), code: 'insufficient_stock' }],
    },
  });
});

test('a guest sees the order with its token, its customer with theirs, and nobody else', async () => {
  const { fullCart, call, shop, system, key } = await given();
  const { order } = (await (await fullCart()).order('k')).body;
  const show = (headers: Record<string, string> = {}) =>
    call<ShopperOrderView>('GET', `orders/${order.id}`, undefined, headers);
  const seen = await show({ 'x-order-token': order.token });
  expect(seen).toMatchObject({ status: 200, body: { id: order.id, email: 'ada@example.com' } });
  expect(seen.headers['cache-control']).toBe('no-store');
  expect(seen.text).not.toContain(order.token);
  const [none, wrong, missing] = [
    await show(),
    await show({ 'x-order-token': `${order.token}x` }),
    await call('GET', `orders/${order.id.slice(0, -1)}0`, undefined, { 'x-order-token': order.token }),
  ];
  const bare = ({ status, text }: { status: number; text: string }) =>
    `${status} ${text.replace(/"requestId":"[^"]*"/, '')}`;
  expect(new Set([none, wrong, missing].map(bare)).size).toBe(1);
  const customerId = await shop.customer();
  const { run } = api.parts.database;
  const { sessionId } = await run(system, (ctx) => openCustomerSession(ctx, customerId));
  const { accessToken } = await api.parts.customerTokens.sign({ companyId: shop.companyId, customerId, sessionId });
  const headers = { authorization: `Bearer ${accessToken}` };
  expect((await show(headers)).status).toBe(404);
  await run(system, (ctx) => claimGuestOrders(ctx, customerId, 'ada@example.com'));
  expect((await show(headers)).status).toBe(200);
  const own = await call<{ data: ShopperOrderView[] }>('GET', 'customers/me/orders', undefined, headers);
  expect(own).toMatchObject({
    status: 200,
    body: { data: [{ id: order.id, payment: {}, fulfilments: [] }], page: { hasMore: false } },
  });
  expect(await api.call('GET', '/v1/customers/me/orders', { key })).toMatchObject({ status: 401 });
});

test('a shopper is offered the ways to pay in a currency; an order tells its payment and its parcels', async () => {
  const { fullCart, call, mint } = await given();
  const { key } = await mint(['store.read']);
  const offered = (query = '') => api.call<{ data: object[] }>('GET', `/v1/payment-options${query}`, { key });
  expect(await offered()).toMatchObject({
    status: 200,
    body: {
      data: [
        { provider: 'manual', kind: 'transfer' },
        { provider: 'paystack', kind: 'redirect' },
      ],
    },
  });
  expect((await offered('?currency=EUR')).body.data).toMatchObject([{ provider: 'manual' }]);
  expect((await offered('?currency=nonsense')).status).toBe(400);
  expect((await call('GET', 'payment-options')).status).toBe(403);
  const { order, payment } = (await (await fullCart()).order('k')).body;
  const seen = await call('GET', `orders/${order.id}`, undefined, { 'x-order-token': order.token });
  expect(seen.body).toMatchObject({ payment: { id: payment?.id, status: 'pending', again: null }, fulfilments: [] });
});

test('a lookup answers 202 whatever it finds', async () => {
  const { fullCart, call } = await given();
  const { order } = (await (await fullCart()).order('k')).body;
  const ask = (body: object) => call('POST', 'order-lookups', body);
  const found = await ask({ number: order.number, email: 'ADA@example.com' });
  const not = await ask({ number: '9999', email: 'ada@example.com' });
  expect([found.status, found.text, not.status, not.text]).toEqual([202, '', 202, '']);
  expect(await ask({ number: order.number })).toMatchObject({ status: 400 });
  expect(
    await db.admin`select 1 from events where type = 'order.link_requested' and aggregate_id = ${order.id}`,
  ).toHaveLength(1);
});

test('a link from a mail shows its order to whoever has it, without a key, until it ends', async () => {
  const { fullCart, shop } = await given();
  const cart = await fullCart();
  await cart.order('k');
  const { order } = (await cart.order('again')).body;
  const open = (token: string) => api.call<ShopperOrderView>('POST', '/v1/account-links/order', { body: { token } });
  expect(await open(order.token)).toMatchObject({
    status: 200,
    body: { id: order.id, number: order.number, payment: {}, fulfilments: [] },
  });
  const refused = { status: 404, body: { code: 'order_link_refused' } };
  expect(await open(`${order.token.slice(0, -1)}${order.token.endsWith('A') ? 'B' : 'A'}`)).toMatchObject(refused);
  expect(await open('nothing')).toMatchObject(refused);
  await db.admin`update order_links set expires_at = now() where company_id = ${shop.companyId}`;
  expect(await open(order.token)).toMatchObject(refused);
  expect((await api.call('GET', '/account/order', {})).status).toBe(200);
});

/** Has PostgreSQL wait for the disk, as everywhere but in the clusters of tests, and note which commits ask it not to. */
async function watchedCommits() {
  const app = new URL(db.urls.app).username;
  await db.admin.unsafe(`create table commits (what text, waits text);
    grant insert on commits to ${app};
    create function note_commit() returns trigger language plpgsql as
      $$ begin insert into commits values (tg_argv[0], current_setting('synchronous_commit')); return new; end $$;
    create trigger note after insert on cart_lines for each row execute function note_commit('a line');
    create trigger note after update of customer_id on carts for each row when (new.customer_id is not null)
      execute function note_commit('whose it is');
    create trigger note after insert on orders for each row execute function note_commit('an order');
    alter role ${app} in database ${new URL(db.urls.app).pathname.slice(1)} set synchronous_commit = on`);
  await db.admin`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and usename = ${app}`;
  await vi.waitFor(() => expect(api.parts.database.pool.stats().open).toBe(0));
  return () => db.admin<{ what: string; waits: string }[]>`select distinct what, waits from commits order by what`;
}

test('what is in a cart waits for no disk; an order, and whose a cart is, do', async () => {
  const { shop, system, fullCart, call } = await given();
  const commits = await watchedCommits();
  await (await fullCart()).order('order-1');
  const customerId = await shop.customer('eve@example.com');
  const { sessionId } = await api.parts.database.run(system, (ctx) => openCustomerSession(ctx, customerId));
  const { accessToken } = await api.parts.customerTokens.sign({ companyId: shop.companyId, customerId, sessionId });
  const { id, token } = await fullCart();
  const headers = { authorization: `Bearer ${accessToken}`, 'x-cart-token': token };
  expect((await call('PUT', `carts/${id}/customer`, undefined, headers)).status).toBe(200);
  expect(await commits()).toEqual([
    { what: 'a line', waits: 'off' },
    { what: 'an order', waits: 'on' },
    { what: 'whose it is', waits: 'on' },
  ]);
});
