import { expect, test } from 'vitest';
import { type Id, newId } from '../../kernel/ids.ts';
import { codeKeyOf } from '../../pricing/discounts/discount-codes.ts';
import { reckon } from '../../pricing/totals/reckon.ts';
import { givenCartShop } from '../../testing/cart-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { limitedAttempts } from '../../testing/ports.ts';
import { addCode, CART_CODES_MAX, removeCode } from './cart-codes.service.ts';
import { lockCartScene, readCartScene } from './cart-scene.service.ts';
import { tryCode } from './carts.flow.ts';
import { setEmail } from './carts.service.ts';

const db = useDatabase();
const YESTERDAY = new Date(Date.now() - 86_400_000).toISOString();

async function givenShop() {
  const shop = await givenCartShop(db);
  const { variants } = await shop.product({ prices: { NGN: 10_000 } });
  const guest = shop.shopper();
  const cart = await shop.cart({ lines: [{ variantId: variants[0] as Id<'var'>, quantity: 1 }] }, guest);
  const discount = async (about: Record<string, unknown> = {}, code?: string) => {
    const id = newId('dis');
    const combines = { combines_with_product: false, combines_with_order: false, combines_with_shipping: false };
    const row = { id, title: 'Ten', kind: 'percentage', class: 'order', percent_ppm: 100_000, ...combines };
    await shop.insert('discounts', [{ ...row, method: code ? 'code' : 'automatic', ...about }]);
    if (code) await shop.insert('discount_codes', [{ code, code_key: codeKeyOf(code), discount_id: id }]);
    return id;
  };
  const add = (code: string) => shop.as(guest, (ctx) => addCode(ctx, cart.at, code));
  const read = () => shop.as(guest, (ctx) => readCartScene(ctx, cart.id, cart.access));
  return { shop, guest, cart, discount, add, read };
}

const REFUSED = { status: 422, code: 'discount_code_not_valid' };

test('a code is taken however it is typed, once, and gives what it promises', async () => {
  const { shop, guest, cart, discount, add, read } = await givenShop();
  await discount({}, 'SPRING 10');
  const { totals } = await add(' spring10');
  expect([totals.discount, totals.total]).toEqual([1_000n, 9_000n]);
  await add('Spring 10');
  expect((await read()).basket.codes).toEqual(['Spring 10']);
  const without = await shop.as(guest, (ctx) => removeCode(ctx, cart.at, 'SPRING10'));
  expect([without.basket.codes, reckon(without.basket).discount]).toEqual([[], 0n]);
});

test('a code that is unknown, over, paused or not begun is refused alike, and not kept', async () => {
  const { discount, add, read } = await givenShop();
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  await discount({ ends_at: YESTERDAY }, 'OVER');
  await discount({ status: 'paused' }, 'PAUSED');
  await discount({ starts_at: tomorrow }, 'SOON');
  const other = await givenShop();
  await other.discount({}, 'ELSEWHERE');
  const said = new Set<string>();
  for (const code of ['NONE', 'OVER', 'PAUSED', 'SOON', 'ELSEWHERE']) {
    const refusal = await add(code).then(
      () => undefined,
      (error: Error) => error,
    );
    expect(refusal).toMatchObject(REFUSED);
    said.add(String(refusal?.message));
  }
  expect([said.size, (await read()).basket.codes]).toEqual([1, []]);
});

test('a code that gives nothing yet is kept, and gives something once it can', async () => {
  const { shop, guest, cart, discount, add } = await givenShop();
  await discount({ per_customer_limit: 1, first_order_only: true }, 'WELCOME');
  const { totals } = await add('WELCOME');
  expect(totals.discounts).toMatchObject([{ code: expect.any(String), amount: 0n, obstacle: 'customer_unknown' }]);
  const known = await shop.as(guest, (ctx) => setEmail(ctx, cart.at, 'ada@example.com'));
  expect(reckon(known.basket).discount).toBe(1_000n);
  await shop.insert('orders', [
    {
      id: newId('ord'),
      number: '1001',
      token_hash: 'x',
      email: 'ada@example.com',
      email_key: 'ada@example.com',
      currency: 'NGN',
      lifecycle: 'open',
      prices_include_tax: true,
      subtotal: 0,
      discount: 0,
      shipping: 0,
      tax: 0,
      total: 0,
      explanation: '[]',
    },
  ]);
  const judged = await shop.as(guest, (ctx) => lockCartScene(ctx, cart.id, cart.access));
  expect(reckon(judged.basket).discounts).toMatchObject([{ amount: 0n, obstacle: 'not_first_order' }]);
});

test('a cart does not tell whether an address has bought here: neither by first orders nor by limits per customer', async () => {
  const { shop, guest, cart, discount, add } = await givenShop();
  const id = await discount({ first_order_only: true, per_customer_limit: 1, used: 1 }, 'WELCOME');
  await add('WELCOME');
  const email = 'known@example.com';
  const rest = { email_key: email, currency: 'NGN' };
  await shop.insert('discount_redemptions', [
    { id: newId('dre'), discount_id: id, order_id: newId('ord'), amount: 1, ...rest },
  ]);
  const amounts = { subtotal: 0, discount: 0, shipping: 0, tax: 0, total: 0, explanation: '[]' };
  const order = { id: newId('ord'), number: '1', token_hash: 'x', email, lifecycle: 'open', prices_include_tax: true };
  await shop.insert('orders', [{ ...order, ...rest, ...amounts }]);
  const customer = shop.shopper(await shop.customer());
  const own = await shop.cart(
    { lines: [{ variantId: cart.scene.basket.lines[0]?.variantId as never, quantity: 1 }] },
    customer,
  );
  await shop.as(customer, (ctx) => addCode(ctx, own.at, 'WELCOME'));
  for (const address of [email, 'stranger@example.com']) {
    const scene = await shop.as(guest, (ctx) => setEmail(ctx, cart.at, address));
    expect(reckon(scene.basket).discounts).toMatchObject([{ amount: 1_000n, obstacle: null }]);
    const theirs = await shop.as(customer, (ctx) => setEmail(ctx, own.at, address));
    expect(reckon(theirs.basket).discounts).toMatchObject([{ amount: 1_000n, obstacle: null }]);
  }
});

test('there is an end to how many codes a cart takes', async () => {
  const { discount, add } = await givenShop();
  for (let at = 0; at <= CART_CODES_MAX; at++) await discount({}, `C${at}`);
  for (let at = 0; at < CART_CODES_MAX; at++) await add(`C${at}`);
  await expect(add(`C${CART_CODES_MAX}`)).rejects.toMatchObject({ status: 422, code: 'too_many_codes' });
});

test('a discount that applies by itself counts from the next look on, also for carts that were read before', async () => {
  const { discount, read } = await givenShop();
  expect(reckon((await read()).basket).discount).toBe(0n);
  const id = await discount();
  expect(reckon((await read()).basket).discount).toBe(1_000n);
  await db.admin`update discounts set status = 'paused' where id = ${id}`;
  expect(reckon((await read()).basket).discount).toBe(0n);
});

test('guesses are counted, right or wrong: after too many not even a right code is told', async () => {
  const { shop, guest, cart, discount } = await givenShop();
  await discount({}, 'RIGHT');
  const attempts = limitedAttempts();
  const attempt = (code: string, session = guest) => tryCode(shop.as, attempts, session, cart.at, code);
  for (let at = 0; at < 30; at++) await expect(attempt(`GUESS${at}`)).rejects.toMatchObject(REFUSED);
  await expect(attempt('RIGHT')).rejects.toMatchObject({ status: 429, code: 'too_many_attempts' });
  // Nor with another cart, of which there are as many as one likes.
  const others = await Promise.all(Array.from({ length: 10 }, () => shop.cart({}, guest)));
  for (const [round, { at }] of others.entries())
    for (let guess = 0; guess < 7; guess++)
      await tryCode(shop.as, attempts, guest, at, `OTHER${round}${guess}`).catch(() => undefined);
  const fresh = await shop.cart({}, guest);
  await expect(tryCode(shop.as, attempts, guest, fresh.at, 'RIGHT')).rejects.toMatchObject({ status: 429 });
  const elsewhere = { ...guest, ip: '198.51.100.9' };
  expect((await tryCode(shop.as, attempts, elsewhere, fresh.at, 'RIGHT')).discountCodes).toEqual(['RIGHT']);
});

test('whoever does not open a cart cannot use up the tries of its shopper', async () => {
  const { shop, guest, cart, discount } = await givenShop();
  await discount({}, 'RIGHT');
  const attempts = limitedAttempts();
  const stranger = { ...guest, ip: '203.0.113.5' };
  const closed = { ...cart.at, access: { tokenHash: 'guessed', customerId: null } };
  for (let at = 0; at < 30; at++)
    await expect(tryCode(shop.as, attempts, stranger, closed, `GUESS${at}`)).rejects.toMatchObject({ status: 404 });
  expect((await tryCode(shop.as, attempts, guest, cart.at, 'RIGHT')).discountCodes).toEqual(['RIGHT']);
});
