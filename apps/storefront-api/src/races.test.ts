import { randomUUID } from 'node:crypto';
import type { CheckoutView } from '@souk/domain/sales/checkout/checkout.contract';
import { useDatabase } from '@souk/domain/testing/database';
import { expectInvariants } from '@souk/domain/testing/invariants';
import { afterEach, expect, test } from 'vitest';
import { listeningStorefront } from './testing/listening-api.ts';
import { codeOf, good, type Heard, persistently, Shopper } from './testing/shopper.ts';
import { givenStore, type Store } from './testing/store.ts';

const RACE_MS = 120_000;

const db = useDatabase();
const storefront = listeningStorefront(db);

afterEach(() => expectInvariants(db));

type Lines = Parameters<Shopper['fill']>[0];

/** So many strangers, each with a cart of their own, all of it at once. Returns what each checkout was answered. */
async function everybody(
  store: Store,
  buyers: number,
  linesOf: (buyer: number) => Lines,
  codes: readonly string[] = [],
) {
  return Promise.all(
    Array.from({ length: buyers }, async (_, buyer) => {
      const shopper = new Shopper(store, storefront.url);
      return shopper.checkout(await shopper.fill(linesOf(buyer), codes), 'manual');
    }),
  );
}

/** How many answers there were of each kind: 201, or the status and the code. */
function tally(answers: readonly Heard[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const kind = [answer.status, codeOf(answer)].filter(Boolean).join(' ');
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

async function stockOf(variantId: string) {
  const [level] = await db.admin`select on_hand, reserved from stock_levels where variant_id = ${variantId}`;
  return { onHand: level?.['on_hand'], reserved: level?.['reserved'] };
}

const orderIds = (answers: readonly Heard<CheckoutView>[]) =>
  answers.filter(({ status }) => status === 201).map(({ body }) => body.order.id);

async function ordersOf({ companyId }: Store): Promise<{ id: string; lifecycle: string }[]> {
  return db.admin`select id, lifecycle from orders where company_id = ${companyId}`;
}

test(
  'of 300 buyers of goods of which 100 are there 100 get them, and 200 are told that they are gone',
  async () => {
    const store = await givenStore(db);
    const variantId = await store.goods(100);
    const answers = await everybody(store, 300, () => [{ variantId, quantity: 1 }]);
    expect(tally(answers)).toEqual({ 201: 100, '409 insufficient_stock': 200 });
    expect(new Set(orderIds(answers)).size).toBe(100);
    expect(await stockOf(variantId)).toEqual({ onHand: 100, reserved: 100 });
    expect(await ordersOf(store)).toHaveLength(100);
  },
  RACE_MS,
);

test(
  'two bundles that share a part never promise more of it than there is',
  async () => {
    const store = await givenStore(db);
    const [shared, left, right] = [await store.goods(60), await store.goods(300), await store.goods(300)];
    // One of a pair takes two of what they share, the other one: 60 are enough for 60 units of demand, whoever comes first.
    const bundles = [
      await store.bundle([
        [shared, 2],
        [left, 1],
      ]),
      await store.bundle([
        [right, 1],
        [shared, 1],
      ]),
    ];
    const answers = await everybody(store, 300, (buyer) => [{ variantId: bundles[buyer % 2] ?? '', quantity: 1 }]);
    const { 201: sold = 0, ...others } = tally(answers);
    expect(Object.keys(others)).toEqual(['409 insufficient_stock']);
    const { reserved } = await stockOf(shared);
    const [ofLeft, ofRight] = [(await stockOf(left)).reserved, (await stockOf(right)).reserved];
    expect({ sold, reserved }).toEqual({ sold: ofLeft + ofRight, reserved: 2 * ofLeft + ofRight });
    expect(reserved).toBeGreaterThanOrEqual(59); // one piece may be left over for a bundle that takes two
    expect(reserved).toBeLessThanOrEqual(60);
  },
  RACE_MS,
);

test(
  'one cart with the same goods in two lines is one demand',
  async () => {
    const store = await givenStore(db);
    const variantId = await store.goods(300);
    const lines = [
      { variantId, quantity: 1, properties: { Name: 'Ada' } },
      { variantId, quantity: 2, properties: { Name: 'Obi' } },
    ];
    const answers = await everybody(store, 300, () => lines);
    expect(tally(answers)).toEqual({ 201: 100, '409 insufficient_stock': 200 });
    expect(await stockOf(variantId)).toEqual({ onHand: 300, reserved: 300 });
  },
  RACE_MS,
);

test(
  'a code that is good for one order is used once, however many try it at once',
  async () => {
    const store = await givenStore(db);
    const variantId = await store.goods(100);
    await store.discount({
      title: 'Once',
      method: 'code',
      kind: 'percentage',
      percentPpm: 100_000,
      usageLimit: 1,
      codes: ['ONCE'],
    });
    const shoppers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const shopper = new Shopper(store, storefront.url);
        return { shopper, cart: await shopper.fill([{ variantId, quantity: 1 }], ['ONCE']) };
      }),
    );
    const answers = await Promise.all(shoppers.map(({ shopper, cart }) => shopper.checkout(cart, 'manual')));
    const { 201: sold, ...others } = tally(answers);
    expect(sold).toBe(1);
    // Told while it was placed, or, where the use was known before, by the total that was another one then.
    for (const kind of Object.keys(others)) expect(['409 discount_used_up', '409 total_changed']).toContain(kind);
    const [discount] = await db.admin`select used from discounts where company_id = ${store.companyId}`;
    expect(discount?.['used']).toBe(1);
    expect(await stockOf(variantId)).toEqual({ onHand: 100, reserved: 1 });
  },
  RACE_MS,
);

test('one key sent twenty times at once orders once, and answers the same bytes', async () => {
  const store = await givenStore(db);
  const variantId = await store.goods(100);
  const shopper = new Shopper(store, storefront.url);
  const cart = await shopper.fill([{ variantId, quantity: 1 }]);
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 20 }, () => shopper.checkout(cart, 'manual', key)));
  for (const kind of Object.keys(tally(answers))) expect(['201', '409 idempotency_key_busy']).toContain(kind);
  const again = await persistently(() => shopper.checkout(cart, 'manual', key));
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(new Set([...answers.filter(({ status }) => status === 201), again].map(({ text }) => text)).size).toBe(1);
  expect(await ordersOf(store)).toHaveLength(1);
  expect(await stockOf(variantId)).toEqual({ onHand: 100, reserved: 1 });
});

test('one cart checked out by two keys at once is one order', async () => {
  const store = await givenStore(db);
  const variantId = await store.goods(100);
  for (let round = 0; round < 5; round++) {
    const shopper = new Shopper(store, storefront.url);
    const cart = await shopper.fill([{ variantId, quantity: 2 }]);
    const answers = await Promise.all([shopper.checkout(cart, 'manual'), shopper.checkout(cart, 'manual')]);
    expect(tally(answers)).toEqual({ 201: 2 });
    expect(new Set(orderIds(answers)).size).toBe(1);
    for (const answer of answers) expect(good(await shopper.order(answer.body)).id).toBe(answer.body.order.id);
  }
  expect(await ordersOf(store)).toHaveLength(5);
  expect(await stockOf(variantId)).toEqual({ onHand: 100, reserved: 10 });
});
