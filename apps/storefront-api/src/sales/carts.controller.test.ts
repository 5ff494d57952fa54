import { seedAccess } from '@souk/domain/company/iam/access-seed.service';
import { patchSettings } from '@souk/domain/company/settings/settings.service';
import { mintKey } from '@souk/domain/identity/api-keys/api-keys.service';
import { openCustomerSession } from '@souk/domain/identity/customer-sessions/customer-sessions.service';
import { allPermissions } from '@souk/domain/kernel/access';
import { type Id, newId } from '@souk/domain/kernel/ids';
import { newDiscount } from '@souk/domain/pricing/discounts/discounts.contract';
import { createDiscount } from '@souk/domain/pricing/discounts/discounts.service';
import type { CartView } from '@souk/domain/sales/carts/carts.contract';
import { givenCartShop } from '@souk/domain/testing/cart-shop';
import { useDatabase } from '@souk/domain/testing/database';
import { raiseVersion } from '@souk/domain/testing/listed-goods';
import { expect, test } from 'vitest';
import { bootStorefront } from '../testing/boot-storefront.ts';

const db = useDatabase();
const api = bootStorefront(db);

const HOME = { firstName: 'Ada', lastName: 'Okafor', line1: '1 Marina', city: 'Lagos', region: 'LA', country: 'NG' };
const IGNORED = { requestId: expect.any(String) };

interface Problem {
  status: number;
  code: string;
  detail: string;
  errors: { pointer: string; code: string }[];
}

async function givenStore() {
  const shop = await givenCartShop(db);
  const { run } = api.parts.database;
  const system = { ...shop.system, permissions: new Set<string>(allPermissions().map(({ name }) => name)) };
  const mint = (scopes: string[]) =>
    run(system, async (ctx) => {
      await seedAccess(ctx);
      return mintKey(ctx, { name: 'A key', type: 'publishable', scopes });
    });
  const { key } = await mint(['carts.write']);
  const shirt = await shop.product({ title: 'Shirt', prices: { NGN: 2_500 } });
  const variantId = shirt.variants[0] as Id<'var'>;
  const ask =
    (headers: Record<string, string> = {}, usedKey = key) =>
    <Body = CartView>(method: string, path: string, body?: unknown, more: Record<string, string> = {}) =>
      api.call<Body>(method, `/v1/carts${path}`, {
        key: usedKey,
        headers: { ...headers, ...more },
        ...(body !== undefined && { body }),
      });
  const cart = async (body: unknown = {}) => {
    const made = await ask()<{ cart: CartView; token: string }>('POST', '', body);
    if (made.status !== 201) throw new Error(made.text);
    const { cart, token } = made.body;
    const asked = ask({ 'x-cart-token': token });
    return {
      ...cart,
      token,
      call: <Body = CartView>(method: string, path = '', sent?: unknown, more?: Record<string, string>) =>
        asked<Body>(method, `/${cart.id}${path}`, sent, more),
    };
  };
  const loggedIn = async () => {
    const customerId = await shop.customer();
    const { sessionId } = await run(system, (ctx) => openCustomerSession(ctx, customerId));
    const { accessToken } = await api.parts.customerTokens.sign({ companyId: shop.companyId, customerId, sessionId });
    return { customerId, headers: { authorization: `Bearer ${accessToken}` } };
  };
  const settings = (group: string, values: object) => run(system, (ctx) => patchSettings(ctx, group, values));
  const discount = (about: Parameters<typeof newDiscount.parse>[0]) =>
    run(system, (ctx) => createDiscount(ctx, newDiscount.parse(about)));
  return { ...shop, key, mint, shirt, variantId, ask, cart, loggedIn, settings, discount };
}

test('a guest fills a cart, step by step, and sees true totals and what is missing after each', async () => {
  const { cart, variantId, delivery, shirt } = await givenStore();
  const { option, profile } = await delivery();
  const mine = await cart();
  const codes = ({ requirements }: CartView) => requirements.map(({ code }) => code);
  expect(mine.lines).toEqual([]);
  expect(codes(mine)).toEqual(['empty', 'email']);
  const added = await mine.call('POST', '/lines', { variantId, quantity: 2 });
  expect([added.status, added.headers['cache-control']]).toEqual([201, 'no-store']);
  const naira = (amount: number) => ({ amount, currency: 'NGN' });
  expect(added.body).toMatchObject({
    version: 2,
    lines: [
      {
        variantId,
        productId: shirt.id,
        title: 'Shirt',
        quantity: 2,
        unitPrice: naira(2_500),
        subtotal: naira(5_000),
        total: naira(5_000),
        properties: {},
        image: null,
      },
    ],
    totals: { subtotal: naira(5_000), shipping: naira(0), total: naira(5_000) },
    warnings: [],
  });
  expect(codes(added.body)).toEqual(['shipping_address', 'shipping_option', 'email']);
  const written = await mine.call('PUT', '/email', { email: 'ada@example.com' });
  expect(codes(written.body)).toEqual(['shipping_address', 'shipping_option']);
  expect((await mine.call('PUT', '/shipping-address', HOME)).body).toMatchObject({
    shippingAddress: HOME,
    requirements: [{ code: 'shipping_option', profileId: profile }],
  });
  const options = await mine.call<{ data: unknown[] }>('GET', '/shipping-options');
  expect(options.body.data).toMatchObject([
    { profileId: profile, options: [{ id: option, amount: naira(1_500), isChosen: false, obstacle: null }] },
  ]);
  const chosen = await mine.call('PUT', '/shipping-option', { shippingOptionId: option });
  expect(chosen.body).toMatchObject({
    requirements: [],
    shippingLines: [{ shippingOptionId: option, total: naira(1_500) }],
    totals: { shipping: naira(1_500), total: naira(6_500) },
  });
  const looked = await mine.call('GET');
  expect(looked.body).toEqual(chosen.body);
  const explained = await mine.call('GET', '?explain=true');
  expect(explained.body.explanation?.length).toBeGreaterThan(2);
  expect((await mine.call('PATCH', '', { note: 'Ring twice' })).body.note).toBe('Ring twice');
});

test('lines change and go, codes too; what was sent wrongly is named', async () => {
  const { cart, variantId } = await givenStore();
  const mine = await cart({
    lines: [{ variantId, quantity: 1, properties: { Name: 'Ada' } }],
    email: 'ada@example.com',
  });
  const line = `/lines/${mine.lines[0]?.id}`;
  expect((await mine.call('PATCH', line, { quantity: 4 })).body.lines).toMatchObject([{ quantity: 4 }]);
  const faults = async (method: string, path: string, body: unknown) => {
    const { status, body: problem } = await mine.call<Problem>(method, path, body);
    return [status, problem.errors.map(({ pointer, code }) => `${pointer} ${code}`)];
  };
  expect(await faults('PATCH', line, {})).toEqual([400, [' invalid']]);
  expect(await faults('PATCH', line, { quantity: -1 })).toEqual([400, ['/quantity too_small']]);
  expect(await faults('PUT', '/shipping-address', { ...HOME, city: undefined, country: 'XX' })).toEqual([
    400,
    ['/city required', '/country invalid'],
  ]);
  expect(await faults('PUT', '/billing-address', { line1: '1', country: 'NG' })).toEqual([
    400,
    ['/lastName required', '/city required'],
  ]);
  expect(await faults('PUT', '/billing-address', { sameAsShipping: true, city: 'Lagos' })).toEqual([
    400,
    ['/sameAsShipping invalid'],
  ]);
  expect((await mine.call('PUT', '/billing-address', HOME)).body.billingAddress).toEqual(HOME);
  expect((await mine.call('PUT', '/billing-address', { sameAsShipping: true })).body.billingAddress).toBeNull();
  expect(await faults('PUT', '/email', { email: 'nobody' })).toEqual([400, ['/email invalid_format']]);
  expect((await mine.call('DELETE', line)).body.lines).toEqual([]);
  expect((await mine.call('DELETE', line)).status).toBe(404);
  expect((await mine.call('DELETE', '/discount-codes/NONE')).status).toBe(200);
  const stale = await mine.call<Problem>('PUT', '/email', { email: 'b@example.com' }, { 'if-match': '"1"' });
  expect([stale.status, stale.body.code]).toEqual([412, 'version_stale']);
});

test('what does not open a cart is answered, byte for byte, like a cart that is not there', async () => {
  const { cart, ask, variantId, loggedIn } = await givenStore();
  const mine = await cart();
  const another = await givenStore();
  const { headers } = await loggedIn();
  const missing = await ask()<Problem>('GET', `/${newId('cart')}`);
  expect(missing.status).toBe(404);
  const asked = [
    ask()<Problem>('GET', `/${mine.id}`),
    ask({ 'x-cart-token': 'guessed' })<Problem>('GET', `/${mine.id}`),
    ask({ 'x-cart-token': (await cart()).token })<Problem>('GET', `/${mine.id}`),
    ask(headers)<Problem>('GET', `/${mine.id}`),
    another.ask({ 'x-cart-token': mine.token })<Problem>('GET', `/${mine.id}`),
    ask()<Problem>('POST', `/${mine.id}/lines`, { variantId, quantity: 1 }),
    ask()<Problem>('PATCH', `/${mine.id}`, { note: 'x' }),
    ask()<Problem>('PUT', `/${mine.id}/email`, { email: 'a@example.com' }),
    ask()<Problem>('GET', `/${mine.id}/shipping-options`),
    ask()<Problem>('POST', `/${mine.id}/discount-codes`, { code: 'X' }),
    ask(headers)<Problem>('PUT', `/${mine.id}/customer`),
  ];
  for (const answer of await Promise.all(asked))
    expect({ ...answer.body, ...IGNORED }).toEqual({ ...missing.body, ...IGNORED });
  expect((await mine.call('GET')).body.version).toBe(1);
});

test('a key without the scope fills no cart', async () => {
  const { mint, ask } = await givenStore();
  const { key } = await mint(['store.read']);
  const refused = await ask({}, key)<Problem>('POST', '', {});
  expect([refused.status, refused.body.code]).toEqual([403, 'scope_missing']);
});

test('who logs in takes the cart along, into the one they had', async () => {
  const { cart, ask, variantId, loggedIn, key } = await givenStore();
  const { customerId, headers } = await loggedIn();
  const before = await ask(headers)<{ cart: CartView }>('POST', '', { lines: [{ variantId, quantity: 1 }] });
  expect(before.body.cart.customerId).toBe(customerId);
  const guest = await cart({ lines: [{ variantId, quantity: 2 }] });
  const claim = () => guest.call<CartView & { merged: unknown }>('PUT', '/customer', undefined, headers);
  const claimed = await claim();
  expect([claimed.status, claimed.text]).toEqual([200, expect.any(String)]);
  expect(claimed.body).toMatchObject({
    id: before.body.cart.id,
    customerId,
    lines: [{ quantity: 3 }],
    merged: { fromCartId: guest.id, dropped: [] },
  });
  expect((await claim()).body).toMatchObject({ id: before.body.cart.id, lines: [{ quantity: 3 }] });
  const closed = await guest.call<Problem>('POST', '/lines', { variantId, quantity: 1 });
  expect([closed.status, closed.body.code]).toEqual([409, 'cart_closed']);
  const own = await api.call<CartView>('GET', '/v1/customers/me/cart', { key, headers });
  expect([own.status, own.body.id]).toEqual([200, before.body.cart.id]);
  const nobody = await guest.call<Problem>('PUT', '/customer');
  expect([nobody.status, nobody.body.code]).toEqual([401, 'customer_needed']);
});

test('a shopper is told what changed since they put it in, and what cannot be had', async () => {
  const { cart, companyId, variantId, product, settings, shirt } = await givenStore();
  const scarce = await product({ title: 'Vase', variants: [{ onHand: 1 }] });
  const gone = await product({ title: 'Lamp', variants: [{ onHand: 0 }] });
  const old = await product({ title: 'Old' });
  const mine = await cart({
    lines: [shirt, scarce, gone, old].map(({ variants }) => ({ variantId: variants[0], quantity: 2 })),
  });
  await db.admin`update prices set amount = 3000 where company_id = ${companyId} and variant_id = ${variantId}`;
  await db.admin`update products set status = 'archived' where company_id = ${companyId} and id = ${old.id}`;
  await raiseVersion(db, companyId);
  const { body } = await mine.call('GET');
  const naira = (amount: number) => ({ amount, currency: 'NGN' });
  expect(body.warnings).toMatchObject([
    { code: 'price_changed', lineId: body.lines[0]?.id, before: naira(2_500), now: naira(3_000) },
    { code: 'insufficient_stock', lineId: body.lines[1]?.id, available: 1, message: 'Only 1 of this are left.' },
    { code: 'out_of_stock', lineId: body.lines[2]?.id, available: 0 },
    { code: 'not_for_sale', lineId: body.lines[3]?.id },
  ]);
  // Empty requirements mean that it can be ordered, so what is sold out stands there as well.
  expect(body.requirements.filter(({ code }) => code === 'line')).toMatchObject([
    { lineId: body.lines[3]?.id, why: 'not_for_sale' },
    { lineId: body.lines[1]?.id, why: 'insufficient_stock', message: 'Only 1 of this are left. Lower its quantity.' },
    { lineId: body.lines[2]?.id, why: 'out_of_stock', message: 'This is sold out. Take it out.' },
  ]);
  await settings('inventory', { backorder: true });
  await settings('checkout', { allowGuests: false, requirePhone: true });
  const then = (await mine.call('GET')).body;
  expect(then.warnings.map(({ code }) => code)).toEqual(['price_changed', 'not_for_sale']);
  const needed = ['line', 'shipping_address', 'shipping_option', 'email', 'customer', 'phone'];
  expect(then.requirements.map(({ code }) => code)).toEqual(needed);
});

test('a key that other guests might choose as well is refused where nothing else tells them apart', async () => {
  const { ask } = await givenStore();
  const { status, body } = await ask({ 'idempotency-key': '1' })('POST', '', {});
  expect({ status, body }).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
});

test('the same POST with the same Idempotency-Key makes one cart, and adds a line once', async () => {
  const { ask, variantId, cart } = await givenStore();
  const key = { 'idempotency-key': 'once, and long enough' };
  const twice = [1, 2].map(() => ask(key)<{ cart: CartView; token: string }>('POST', '', {}));
  const [one, two] = await Promise.all(twice);
  expect(two?.body).toEqual(one?.body);
  const mine = await cart();
  for (const _ of [1, 2]) await mine.call('POST', '/lines', { variantId, quantity: 1 }, key);
  expect((await mine.call('GET')).body.lines).toMatchObject([{ quantity: 1 }]);
});

test('a code is added once however often it is sent with one Idempotency-Key', async () => {
  const { cart, discount } = await givenStore();
  await discount({ title: 'Ten', method: 'code', kind: 'percentage', percentPpm: 100_000, codes: ['TEN'] });
  const mine = await cart();
  const send = () =>
    mine.call('POST', '/discount-codes', { code: 'TEN' }, { 'idempotency-key': 'code-0123456789abcdef' });
  const [first, again] = [await send(), await send()];
  expect(first.status).toBe(201);
  expect([again.status, again.body, again.headers['idempotency-replayed']]).toEqual([201, first.body, 'true']);
});
