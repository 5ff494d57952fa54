import { type SQL, sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Run } from '../../kernel/ctx.ts';
import { newId } from '../../kernel/ids.ts';
import { unitOfWork } from '../../kernel/unit-of-work.ts';
import type { BasketLine } from '../../pricing/totals/basket.ts';
import { useDatabase } from '../../testing/database.ts';
import { raiseVersion } from '../../testing/listed-goods.ts';
import { givenRememberedCart } from '../../testing/remembered-cart.ts';

const db = useDatabase();

type Given = Awaited<ReturnType<typeof givenRememberedCart>>;

async function given() {
  const cart = await givenRememberedCart(db);
  const { both, staff } = cart;
  const line = async () => (await both()).scene.basket.lines[0] as BasketLine;
  /** A statement that says of nothing that it changed: what is written raises the version by itself. */
  const write = (text: SQL) =>
    staff((ctx) => {
      ctx.audit({ action: 'product.updated', entity: { type: 'product', id: cart.product.id } });
      return ctx.tx.execute(text);
    });
  return { ...cart, line, write };
}

const of = ({ shop }: Given) => sql`company_id = ${shop.companyId}`;
const now = sql`now() - interval '1 second'`;

/** What is written, and what a line says then that it did not say before. */
const CHANGES: Record<string, [(cart: Given) => SQL | Promise<SQL>, Partial<BasketLine>]> = {
  'a price': [(cart) => sql`update prices set amount = 7000 where ${of(cart)}`, { unitAmount: 7_000n }],
  'a price that goes': [(cart) => sql`delete from prices where ${of(cart)}`, { unitAmount: null, priceId: null }],
  'a title': [(cart) => sql`update products set title = 'Cup' where ${of(cart)}`, { title: 'Cup' }],
  'a product that is archived': [
    (cart) => sql`update products set status = 'archived' where ${of(cart)}`,
    { isForSale: false },
  ],
  'a product whose time is over': [
    (cart) => sql`update products set unpublish_at = ${now} where ${of(cart)}`,
    { isForSale: false },
  ],
  'a variant that is archived': [
    (cart) => sql`update product_variants set archived_at = ${now} where ${of(cart)}`,
    { isForSale: false },
  ],
  'a SKU, a weight and a tax category': [
    (cart) => sql`update product_variants set sku = 'CUP', weight_grams = 300, is_taxable = false where ${of(cart)}`,
    { sku: 'CUP', weightGrams: 300, isTaxable: false },
  ],
  'the name of an option': [
    (cart) => sql`update product_options set name = 'Width' where ${of(cart)}`,
    { options: { Width: 'L' } },
  ],
  'a title in the language of the cart': [
    (cart) => sql`update product_translations set title = 'Gobelet' where ${of(cart)}`,
    { title: 'Gobelet' },
  ],
  'a profile of its own': [
    async (cart) => {
      const id = newId('shp');
      await cart.shop.insert('shipping_profiles', [{ id, name: 'Heavy', is_default: false }]);
      return sql`insert into shipping_profile_products (company_id, profile_id, product_id)
        values (${cart.shop.companyId}, ${id}, ${cart.product.id})`;
    },
    {},
  ],
};

test.each(Object.entries(CHANGES))('%s counts in the next read of every process', async (_name, [change, expected]) => {
  const cart = await given();
  const isSpoken = expected.title === 'Gobelet';
  if (isSpoken) await cart.speak('fr');
  const changed = await change(cart);
  const before = await cart.line();
  expect(before).toMatchObject({ title: isSpoken ? 'Tasse' : 'Mug', unitAmount: 10_000n, profileId: cart.profile });
  await cart.write(changed);
  const after = await cart.line();
  expect(after).toMatchObject(expected);
  expect(after).not.toEqual(before);
});

test('categories and collections a product is put into, and taken out of, count in the next read', async () => {
  const { shop, product, line, write } = await given();
  expect(await line()).toMatchObject({ categoryIds: [], collectionIds: [] });
  const shelf = await shop.category('cups');
  const set = await shop.collection('summer', []);
  const ids = sql`${shop.companyId}, ${product.id}`;
  await write(sql`insert into product_categories (company_id, product_id, category_id) values (${ids}, ${shelf.id})`);
  await write(
    sql`insert into collection_members (company_id, product_id, collection_id, position) values (${ids}, ${set}, 0)`,
  );
  expect(await line()).toMatchObject({ categoryIds: [shelf.id], collectionIds: [set] });
  await write(sql`delete from product_categories where company_id = ${shop.companyId}`);
  await write(sql`delete from collection_members where company_id = ${shop.companyId}`);
  expect(await line()).toMatchObject({ categoryIds: [], collectionIds: [] });
});

test('a sale begins and ends on its moment, though nobody writes anything then', async () => {
  const { shop, variantId, line, statements } = await given();
  const [from, until] = [1_500, 3_000].map((ms) => Date.now() + ms) as [number, number];
  await shop.insert('prices', [
    {
      id: newId('prc'),
      variant_id: variantId,
      currency: 'NGN',
      amount: 8_000,
      valid_from: new Date(from).toISOString(),
      valid_until: new Date(until).toISOString(),
    },
  ]);
  const reached = (moment: number) => new Promise((resolve) => setTimeout(resolve, moment - Date.now() + 5));
  expect(await line()).toMatchObject({ unitAmount: 10_000n });
  expect(await statements()).toEqual([1, 1]);
  await reached(from);
  expect(await line()).toMatchObject({ unitAmount: 8_000n });
  expect(await statements()).toEqual([1, 1]);
  await reached(until);
  expect(await line()).toMatchObject({ unitAmount: 10_000n });
});

test('a product that becomes a bundle is had as often as its parts are', async () => {
  const { shop, variantId, both, write } = await given();
  const available = async () => [...(await both()).scene.lines.values()].map((line) => line.available);
  expect(await available()).toEqual([5]);
  const part = await shop.product({ variants: [{ onHand: 7 }] });
  await shop.insert('bundle_components', [
    { bundle_variant_id: variantId, component_variant_id: part.variants[0], quantity: 3, position: 0 },
  ]);
  await write(sql`update products set kind = 'bundle' where company_id = ${shop.companyId} and title = 'Mug'`);
  expect(await available()).toEqual([2]);
  await write(sql`update product_variants set backorder = 'allow' where company_id = ${shop.companyId}`);
  expect(await available()).toEqual([null]);
});

test('who began before a sale did buys at the price of then, also when others already know of the sale', async () => {
  const { shop, variantId, line, look } = await given();
  const from = Date.now() + 1_000;
  const sale = { variant_id: variantId, currency: 'NGN', amount: 8_000, valid_from: new Date(from).toISOString() };
  await shop.insert('prices', [{ id: newId('prc'), ...sale }]);
  let begun = () => {};
  let goOn = () => {};
  const early = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const later = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const slow = shop.as(shop.shopper(), async (ctx) => {
    await look(ctx); // begins the transaction, whose clock stands
    begun();
    await later;
    return look(ctx);
  });
  await early;
  await new Promise((resolve) => setTimeout(resolve, from - Date.now() + 5));
  expect(await line()).toMatchObject({ unitAmount: 8_000n });
  goOn();
  expect((await slow).basket.lines[0]).toMatchObject({ unitAmount: 10_000n });
});

test('what staff write between the cart and its goods has the cart read again', async () => {
  const { shop, look, write, ...cart } = await given();
  await write(sql`update prices set amount = 7000 where company_id = ${shop.companyId}`);
  const archive = async () => {
    await db.admin`update products set status = 'archived' where company_id = ${shop.companyId}`;
    await raiseVersion(db, shop.companyId);
  };
  const sent: string[] = [];
  const read = await shop.as(shop.shopper(), (ctx) => {
    const { client } = (ctx.tx as unknown as { session: { client: { unsafe(...given: unknown[]): unknown } } }).session;
    const send = client.unsafe;
    client.unsafe = (...given) => {
      sent.push(String(given[0]).includes('from carts') ? 'cart' : 'more');
      if (sent.length !== 2) return send.apply(client, given);
      return archive().then(() => send.apply(client, given));
    };
    return look(ctx);
  });
  expect(sent.filter((one) => one === 'cart')).toHaveLength(2);
  expect(read.basket.lines[0]).toMatchObject({ isForSale: false, unitAmount: 7_000n });
  expect((await cart.line()).isForSale).toBe(false);
});

test('what another server says counts, under the same version as well', async () => {
  const { shop, look } = await given();
  const { pool } = db.app;
  const acquire: typeof pool.acquire = async (share) => Object.assign(await pool.acquire(share), { server: 'another' });
  const elsewhere = unitOfWork({ ...pool, acquire }, { refuseNesting: false });
  const amountBy = async (run: Run) => (await run(shop.shopper(), look)).basket.lines[0]?.unitAmount;
  await db.admin`update prices set amount = 7000 where company_id = ${shop.companyId}`; // as if it had never been 10,000
  expect(await amountBy(db.app.run)).toBe(10_000n);
  expect(await amountBy(elsewhere)).toBe(7_000n);
});
