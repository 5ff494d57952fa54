import { expect, test } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { reckon } from '../../pricing/totals/reckon.ts';
import { givenCartShop } from '../../testing/cart-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { raiseVersion } from '../../testing/listed-goods.ts';
import { warmUp } from '../../testing/people.ts';
import { accessOf } from './cart-access.ts';
import { addCode } from './cart-codes.service.ts';
import { addLine, CART_LINES_MAX, changeLine, removeLine, type WantedLine } from './cart-lines.service.ts';
import { lockCartScene, readCartScene } from './cart-scene.service.ts';
import { chooseShipping } from './cart-shipping.service.ts';
import { cartViewOf } from './cart-view.ts';
import type { CartAt } from './cart-writes.service.ts';
import { changeCart, closeCart, createCart, setAddress, setEmail } from './carts.service.ts';

const db = useDatabase();

const HOME = { lastName: 'Okafor', line1: '1 Marina', city: 'Lagos', country: 'NG' };
const LOCATED = { status: 404, code: 'not_found' };
const first = <Item>([item]: readonly Item[]): Item => {
  if (item === undefined) throw new Error('There is none');
  return item;
};

async function givenCart(goods: Parameters<Awaited<ReturnType<typeof givenCartShop>>['product']>[0] = {}) {
  const shop = await givenCartShop(db);
  const product = await shop.product({ prices: { NGN: 2_500 }, ...goods });
  const guest = shop.shopper();
  const cart = await shop.cart({}, guest);
  const variantId = first(product.variants);
  return {
    shop,
    product,
    variantId,
    guest,
    cart,
    add: (line: Partial<WantedLine> = {}, at: CartAt = cart.at) =>
      shop.as(guest, (ctx) => addLine(ctx, at, { variantId, quantity: 1, ...line })),
    read: (at: CartAt = cart.at) => shop.as(guest, (ctx) => readCartScene(ctx, at.id, at.access)),
    set: (group: string, values: object) => shop.as(shop.system, (ctx) => patchSettings(ctx, group, values)),
  };
}

const linesOf = ({ basket }: Awaited<ReturnType<typeof readCartScene>>) =>
  basket.lines.map(({ variantId, quantity }) => [variantId, quantity]);

test('a cart begins empty, in the currency of the shop, and opens to its token alone', async () => {
  const { shop, cart, guest, read } = await givenCart();
  expect(cart.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(cart.scene.cart).toMatchObject({ status: 'open', currency: 'NGN', version: 1, customerId: null, email: null });
  expect((await read()).basket.lines).toEqual([]);
  const [stored] = await db.admin`select token_hash from carts where id = ${cart.id}`;
  expect(stored?.['token_hash']).not.toContain(cart.token);
  const opens = (token: string | undefined, session = guest) =>
    shop.as(session, (ctx) => readCartScene(ctx, cart.id, accessOf(session, token)));
  await expect(opens(undefined)).rejects.toMatchObject(LOCATED);
  await expect(opens((await shop.cart()).token)).rejects.toMatchObject(LOCATED);
  await expect(opens(stored?.['token_hash'])).rejects.toMatchObject(LOCATED);
  const another = await givenCartShop(db);
  await expect(another.as(another.shopper(), (ctx) => readCartScene(ctx, cart.id, cart.access))).rejects.toMatchObject(
    LOCATED,
  );
  // A customer may bring the token of a cart they filled before they logged in.
  expect((await opens(cart.token, shop.shopper(await shop.customer()))).cart.id).toBe(cart.id);
});

test("a customer's cart opens to its customer alone, not to its token and not to another customer", async () => {
  const { shop } = await givenCart();
  const [ada, ben] = [shop.shopper(await shop.customer('Ada@example.com')), shop.shopper(await shop.customer())];
  const cart = await shop.cart({}, ada);
  expect(cart.scene.cart).toMatchObject({ email: 'Ada@example.com', emailKey: 'ada@example.com' });
  const opens = (session: typeof ada, token?: string) =>
    shop.as(session, (ctx) => readCartScene(ctx, cart.id, accessOf(session, token)));
  expect((await opens(ada)).cart.id).toBe(cart.id);
  await expect(opens(ben, cart.token)).rejects.toMatchObject(LOCATED);
  await expect(opens(shop.shopper(), cart.token)).rejects.toMatchObject(LOCATED);
});

test('a cart is made in a currency the shop sells in, and stays in it', async () => {
  const { shop, set } = await givenCart({ prices: { NGN: 2_500, KWD: 1_750, JPY: 300 } });
  await set('general', { currencies: ['KWD', 'JPY'] });
  expect((await shop.cart({ currency: 'KWD' })).scene.basket.currency).toBe('KWD');
  expect((await shop.cart({ currency: 'JPY' })).scene.basket.currency).toBe('JPY');
  await expect(shop.cart({ currency: 'USD' })).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining('NGN, KWD, JPY'),
  });
});

test('a cart may begin with lines; the same twice adds up', async () => {
  const { shop, product, variantId } = await givenCart();
  const engraved = { variantId, quantity: 1, properties: { Name: 'Ada', Font: 'Serif' } };
  const { scene } = await shop.cart({
    lines: [
      { variantId, quantity: 2 },
      { variantId, quantity: 3, properties: {} },
      engraved,
      { ...engraved, properties: { Font: 'Serif', Name: 'Ada' } },
    ],
  });
  expect(scene.basket.lines.map(({ quantity, productId }) => [quantity, productId])).toEqual([
    [5, product.id],
    [2, product.id],
  ]);
  await expect(
    shop.cart({
      lines: [
        { variantId, quantity: 1 },
        { variantId: newId('var'), quantity: 1 },
      ],
    }),
  ).rejects.toMatchObject(LOCATED);
  const left = await db.admin`select count(*)::int as carts from carts where company_id = ${shop.companyId}`;
  expect(left).toEqual([{ carts: 2 }]);
});

test('the same variant adds up; with other properties it is a line of its own', async () => {
  const { add, variantId, cart } = await givenCart();
  await add({ quantity: 2 });
  await add({ quantity: 3 });
  const scene = await add({ properties: { Name: 'Ada' } });
  expect(linesOf(scene)).toEqual([
    [variantId, 5],
    [variantId, 1],
  ]);
  expect([...scene.lines.values()].map(({ properties }) => properties)).toEqual([{}, { Name: 'Ada' }]);
  expect(scene.cart.version).toBe(4);
  expect(scene.cart.expiresAt > cart.scene.cart.expiresAt).toBe(true);
});

test('50 parallel writes lose nothing', async () => {
  const { shop, add, read, variantId } = await givenCart();
  const others = await Promise.all(Array.from({ length: 10 }, () => shop.product()));
  await warmUp(db);
  await Promise.all(
    Array.from({ length: 50 }, (_, at) =>
      add(at % 2 ? {} : { variantId: first(first(others.slice((at / 2) % 10)).variants) }),
    ),
  );
  const scene = await read();
  expect(scene.cart.version).toBe(51);
  expect(scene.basket.lines.length).toBe(11);
  expect(scene.basket.lines.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(50);
  expect(linesOf(scene)).toContainEqual([variantId, 25]);
});

test('what is put in has to be sold: not by another company, not a draft, not a gift, and in this currency', async () => {
  const { shop, add, set, cart, read } = await givenCart();
  const other = await givenCart();
  await expect(add({ variantId: other.variantId })).rejects.toMatchObject(LOCATED);
  await expect(add({ variantId: newId('var') })).rejects.toMatchObject(LOCATED);
  const draft = await shop.product({ status: 'draft' });
  await expect(add({ variantId: first(draft.variants) })).rejects.toMatchObject(LOCATED);
  const gift = await shop.product({ kind: 'gift' });
  await expect(add({ variantId: first(gift.variants) })).rejects.toMatchObject({ status: 422, code: 'gift_only' });
  await set('general', { currencies: ['USD'] });
  const dear = await shop.product({ prices: { USD: 100 } });
  await expect(add({ variantId: first(dear.variants) })).rejects.toMatchObject({
    status: 422,
    code: 'not_in_currency',
  });
  const after = await read();
  expect([after.basket.lines, after.cart.version]).toEqual([[], cart.scene.cart.version]);
});

test('a line changes its quantity, goes away at 0, and takes in the one it becomes the same as', async () => {
  const { shop, guest, add, cart } = await givenCart();
  const plain = first([...(await add({ quantity: 2 })).lines.keys()]) as `cli_${string}`;
  const scene = await add({ quantity: 4, properties: { Name: 'Ada' } });
  const named = first([...scene.lines.keys()].filter((id) => id !== plain)) as `cli_${string}`;
  const change = (line: `cli_${string}`, what: Parameters<typeof changeLine>[3]) =>
    shop.as(guest, (ctx) => changeLine(ctx, cart.at, line, what));
  expect((await change(plain, { quantity: 7 })).basket.lines.map(({ quantity }) => quantity)).toEqual([7, 4]);
  const renamed = await change(named, { properties: { Name: 'Ben' } });
  expect(renamed.lines.get(named)).toMatchObject({ properties: { Name: 'Ben' } });
  const joined = await change(named, { properties: {}, quantity: 5 });
  expect(joined.basket.lines.map(({ id, quantity }) => [id, quantity])).toEqual([[plain, 12]]);
  expect((await change(plain, { quantity: 0 })).basket.lines).toEqual([]);
  await expect(change(plain, { quantity: 1 })).rejects.toMatchObject(LOCATED);
  await expect(change(plain, { properties: {} })).rejects.toMatchObject(LOCATED);
  await expect(shop.as(guest, (ctx) => removeLine(ctx, cart.at, plain))).rejects.toMatchObject(LOCATED);
});

test('a line of another cart is not there', async () => {
  const { shop, guest, variantId, cart } = await givenCart();
  const other = await shop.cart({ lines: [{ variantId, quantity: 1 }] });
  const line = first([...other.scene.lines.keys()]) as `cli_${string}`;
  await expect(shop.as(guest, (ctx) => changeLine(ctx, cart.at, line, { quantity: 9 }))).rejects.toMatchObject(LOCATED);
  await expect(
    shop.as(guest, (ctx) => changeLine(ctx, cart.at, line, { properties: { a: 'b' } })),
  ).rejects.toMatchObject(LOCATED);
  await expect(shop.as(guest, (ctx) => removeLine(ctx, cart.at, line))).rejects.toMatchObject(LOCATED);
  expect((await shop.as(guest, (ctx) => readCartScene(ctx, other.id, other.access))).basket.lines.length).toBe(1);
});

test('there is an end to how much of one thing, and to how many lines', async () => {
  const { add, set, shop, read, variantId } = await givenCart();
  await set('checkout', { lineQuantityMax: 10 });
  await add({ quantity: 10 });
  await expect(add({ quantity: 1 })).rejects.toMatchObject({ status: 422, code: 'quantity_too_large' });
  expect(linesOf(await read())).toEqual([[variantId, 10]]);
  await expect(
    shop.cart({
      lines: [
        { variantId, quantity: 6 },
        { variantId, quantity: 5 },
      ],
    }),
  ).rejects.toMatchObject({ code: 'quantity_too_large' });
  await set('checkout', { lineQuantityMax: CART_LINES_MAX + 1 });
  const lines = Array.from({ length: 100 }, (_, at) => ({ variantId, quantity: 1, properties: { No: String(at) } }));
  const full = await shop.cart({ lines });
  await shop.insert(
    'cart_lines',
    Array.from({ length: CART_LINES_MAX - 101 }, (_, at) => ({
      id: newId('cli'),
      cart_id: full.id,
      variant_id: variantId,
      quantity: 1,
      properties_key: `more ${at}`,
    })),
  );
  await add({ properties: { No: 'the last' } }, full.at);
  await expect(add({ properties: { No: 'one more' } }, full.at)).rejects.toMatchObject({ code: 'too_many_lines' });
  expect((await read(full.at)).basket.lines.length).toBe(CART_LINES_MAX);
});

test('one thing under many words is one thing: there is not more of it than the shop sells in an order', async () => {
  const { add, set, shop, guest, cart, read, variantId } = await givenCart({ variants: [{ onHand: 50 }] });
  await set('checkout', { lineQuantityMax: 10 });
  await add({ quantity: 6 });
  const refused = { status: 422, code: 'quantity_too_large' };
  const named = (Name: string) => ({ properties: { Name } });
  await expect(add({ quantity: 5, ...named('Ada') })).rejects.toMatchObject(refused);
  const scene = await add({ quantity: 4, ...named('Ada') });
  const ada = scene.basket.lines.find(({ quantity }) => quantity === 4)?.id as Id<'cli'>;
  const change = (about: object) => shop.as(guest, (ctx) => changeLine(ctx, cart.at, ada, about));
  await expect(change({ quantity: 5 })).rejects.toMatchObject(refused);
  await expect(change({ quantity: 5, ...named('Joan') })).rejects.toMatchObject(refused);
  const lines = ['a', 'b', 'c'].map((name) => ({ variantId, quantity: 4, ...named(name) }));
  await expect(shop.cart({ lines })).rejects.toMatchObject(refused);
  // The shop lowers its limit: each line alone is below it.
  await set('checkout', { lineQuantityMax: 8 });
  const { requirements } = cartViewOf(await read());
  expect(requirements.filter(({ why }) => why === 'quantity_too_large')).toMatchObject([
    { why: 'quantity_too_large' },
    { why: 'quantity_too_large' },
  ]);
});

test('a version that is old is refused, and nothing is written', async () => {
  const { add, read, cart } = await givenCart();
  await add({}, { ...cart.at, version: 1 });
  await expect(add({}, { ...cart.at, version: 1 })).rejects.toMatchObject({ status: 412, code: 'version_stale' });
  const scene = await read();
  expect([scene.cart.version, scene.basket.lines[0]?.quantity]).toEqual([2, 1]);
});

test('a cart that was ordered refuses every write and can still be looked at', async () => {
  const { shop, guest, add, cart, read } = await givenCart();
  const line = first([...(await add()).lines.keys()]) as `cli_${string}`;
  const { option } = await shop.delivery();
  await shop.as(shop.system, (ctx) => closeCart(ctx, cart.id));
  const refused = { status: 409, code: 'cart_closed' };
  await expect(add()).rejects.toMatchObject(refused);
  const { at } = cart;
  for (const write of [
    (ctx: never) => setEmail(ctx, at, 'a@example.com'),
    (ctx: never) => setAddress(ctx, at, 'shipping', HOME),
    (ctx: never) => setAddress(ctx, at, 'billing', null),
    (ctx: never) => changeCart(ctx, at, { note: 'x' }),
    (ctx: never) => changeLine(ctx, at, line, { quantity: 2 }),
    (ctx: never) => changeLine(ctx, at, line, { properties: { a: 'b' } }),
    (ctx: never) => removeLine(ctx, at, line),
    (ctx: never) => addCode(ctx, at, 'X'),
    (ctx: never) => chooseShipping(ctx, at, option),
  ])
    await expect(shop.as(guest, (ctx) => write(ctx as never) as Promise<unknown>)).rejects.toMatchObject(refused);
  expect(linesOf(await read())).toHaveLength(1);
});

test('email, addresses and the rest are set; a null takes away', async () => {
  const { shop, guest, cart } = await givenCart();
  const write = <T>(work: Parameters<typeof shop.as<T>>[1]) => shop.as(guest, work);
  await write((ctx) => setEmail(ctx, cart.at, 'Ada@Example.com'));
  await write((ctx) => setAddress(ctx, cart.at, 'shipping', HOME));
  await write((ctx) => setAddress(ctx, cart.at, 'billing', { ...HOME, city: 'Abuja' }));
  await write((ctx) => changeCart(ctx, cart.at, { note: 'Ring twice', phone: '+234 1' }));
  const scene = await write((ctx) => changeCart(ctx, cart.at, { locale: 'fr', phone: null }));
  expect(scene.cart).toMatchObject({
    email: 'Ada@Example.com',
    emailKey: 'ada@example.com',
    shippingAddress: HOME,
    billingAddress: { ...HOME, city: 'Abuja' },
    note: 'Ring twice',
    phone: null,
    locale: 'fr',
    version: 6,
  });
  expect(scene.basket.shipTo).toMatchObject({ country: 'NG' });
  expect((await write((ctx) => setAddress(ctx, cart.at, 'billing', null))).cart.billingAddress).toBeNull();
});

test('a delivery is chosen for goods it can carry to where they go; otherwise it says why not', async () => {
  const { shop, guest, add, cart } = await givenCart();
  const { option } = await shop.delivery();
  const abroad = await shop.delivery({ country: 'GH', name: 'Abroad' });
  const choose = (id: `sho_${string}`) => shop.as(guest, (ctx) => chooseShipping(ctx, cart.at, id));
  await add();
  await expect(choose(option)).rejects.toMatchObject({ status: 422, code: 'shipping_option_not_available' });
  await shop.as(guest, (ctx) => setAddress(ctx, cart.at, 'shipping', HOME));
  const { totals } = await choose(option);
  expect([totals.shipping, totals.total, totals.requirements]).toEqual([1_500n, 4_000n, []]);
  await expect(choose(abroad.option)).rejects.toMatchObject({ code: 'shipping_option_not_available' });
  await expect(choose(newId('sho'))).rejects.toMatchObject(LOCATED);
  const other = await givenCartShop(db);
  await expect(choose((await other.delivery()).option)).rejects.toMatchObject(LOCATED);
});

test('an option that goes with other goods by now is chosen for none: not for those it was chosen for, nor for the others', async () => {
  const { shop, add, read, guest, cart } = await givenCart();
  await add();
  const { option } = await shop.delivery();
  await shop.delivery({ name: 'Van' });
  await shop.as(guest, (ctx) => setAddress(ctx, cart.at, 'shipping', HOME));
  await shop.as(guest, (ctx) => chooseShipping(ctx, cart.at, option));
  expect(reckon((await read()).basket).shippingLines).toMatchObject([{ optionId: option }]);
  const bulky = newId('shp');
  await shop.insert('shipping_profiles', [{ id: bulky, name: 'Bulky', is_default: false }]);
  const { variants, id: productId } = await shop.product({ prices: { NGN: 9_000 } });
  await shop.insert('shipping_profile_products', [{ profile_id: bulky, product_id: productId }]);
  await add({ variantId: first(variants) });
  await db.admin`update shipping_options set profile_id = ${bulky} where id = ${option}`;
  await raiseVersion(db, shop.companyId);
  const { basket } = await read();
  expect(reckon(basket).shippingLines).toEqual([]);
  expect(reckon(basket).requirements).toMatchObject([{ why: 'not_chosen' }, { why: 'not_chosen' }]);
});

test('what is locked to be checked out holds back other writers, and is read as they left it', async () => {
  const { shop, guest, add, cart } = await givenCart();
  await warmUp(db);
  const lockedTwice = () =>
    shop.as(guest, async (ctx) => {
      const scene = await lockCartScene(ctx, cart.id, cart.access);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return [scene, await readCartScene(ctx, cart.id, cart.access)];
    });
  const scenes = await Promise.all([
    ...Array.from({ length: 10 }, () => add()),
    ...Array.from({ length: 10 }, lockedTwice),
  ]);
  for (const found of scenes) {
    const [one, two = one] = [found].flat();
    expect(two?.cart.version).toBe(one?.cart.version);
    // Every write adds one unit and one version: whoever holds the lock sees both or neither.
    expect((one?.cart.version ?? 0) - 1).toBe(one?.basket.lines[0]?.quantity ?? 0);
  }
});

test('two carts of a shopper stand side by side, and a cart knows its own time', async () => {
  const { shop } = await givenCart();
  const session = shop.shopper();
  const [one, two] = await Promise.all([shop.cart({}, session), shop.cart({}, session)]);
  expect(one.id).not.toBe(two.id);
  const days = (from: string) => Math.round((Date.parse(from) - Date.now()) / 86_400_000);
  expect(days(one.scene.cart.expiresAt)).toBe(1);
  const wanted = [{ variantId: first((await shop.product()).variants), quantity: 1 }];
  expect(days((await shop.cart({ lines: wanted })).scene.cart.expiresAt)).toBe(30);
  const customer = shop.shopper(await shop.customer());
  expect(days((await shop.cart({ lines: wanted }, customer)).scene.cart.expiresAt)).toBe(90);
  await shop.as(shop.system, (ctx) => patchSettings(ctx, 'privacy', { abandonedCartDays: 200 }));
  expect(days((await shop.cart({ lines: wanted })).scene.cart.expiresAt)).toBe(200);
  expect((await shop.as(session, (ctx) => createCart(ctx, { lines: wanted }))).scene.basket.lines.length).toBe(1);
});
