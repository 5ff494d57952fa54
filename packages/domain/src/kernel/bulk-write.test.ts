import { asc } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { productTags } from '../catalog/products/product-details.schema.ts';
import { products } from '../catalog/products/products.schema.ts';
import { useDatabase } from '../testing/database.ts';
import { deleteAll, insertAll, isAnyOf, upsertAll } from './bulk-write.ts';
import { type Ctx, systemSession } from './ctx.ts';
import { newId } from './ids.ts';
import { mine } from './tables.ts';

const db = useDatabase();
const ODD = `"\\{},' ü\n\t% null NULL`;

async function given(session = systemSession(newId('com'), 'test')) {
  const productId = newId('prod');
  const inside = <T>(work: (ctx: Ctx) => Promise<T>) =>
    db.app.run(session, async (ctx) => {
      ctx.audit({ action: 'test.done', entity: { type: 'test', id: 'test' } });
      return work(ctx);
    });
  await inside((ctx) => insertAll(ctx, products, [{ id: productId, handle: productId, title: 'A', titleKey: 'a' }]));
  const tags = () =>
    inside((ctx) =>
      ctx.tx.select().from(productTags).where(mine(ctx, productTags)).orderBy(asc(productTags.tagKey)),
    ).then((rows) => rows.map(({ tagKey, tag }) => [tagKey, tag]));
  return { session, productId, inside, tags };
}

test('rows with all that text can hold are inserted, overwritten by their key and deleted', async () => {
  const { productId, inside, tags } = await given();
  const row = (tagKey: string, tag: string) => ({ productId, tagKey, tag });
  await inside((ctx) => insertAll(ctx, productTags, [row('a', ODD), row(ODD, 'b'), row('c', '')]));
  await inside((ctx) => upsertAll(ctx, productTags, ['productId', 'tagKey'], [row('a', 'again'), row('d', 'new')]));
  await inside((ctx) => deleteAll(ctx, productTags, ['productId', 'tagKey'], [row(ODD, ''), row('x', '')]));
  expect(await tags()).toEqual([
    ['a', 'again'],
    ['c', ''],
    ['d', 'new'],
  ]);
});

test('an upsert leaves insert-only columns as they are, and none of nothing is fine', async () => {
  const { productId, inside, tags } = await given();
  const row = (tag: string) => [{ productId, tagKey: 'a', tag }];
  await inside((ctx) => upsertAll(ctx, productTags, ['productId', 'tagKey'], row('first')));
  await inside((ctx) => upsertAll(ctx, productTags, ['productId', 'tagKey'], row('second'), ['tag']));
  await inside(async (ctx) => {
    await insertAll(ctx, productTags, []);
    await upsertAll(ctx, productTags, ['productId', 'tagKey'], []);
    await deleteAll(ctx, productTags, ['productId', 'tagKey'], []);
  });
  expect(await tags()).toEqual([['a', 'first']]);
});

test('any of many values is one condition, whatever they hold, and any of none is nothing', async () => {
  const { productId, inside } = await given();
  const values = ['a', ODD, '', 'null', '{}', '"'];
  const rows = values.map((tagKey) => ({ productId, tagKey, tag: tagKey }));
  await inside((ctx) => insertAll(ctx, productTags, rows));
  const found = (keys: readonly string[]) =>
    inside((ctx) => ctx.tx.$count(productTags, mine(ctx, productTags, isAnyOf(productTags.tagKey, keys))));
  expect(await found(values)).toBe(values.length);
  expect(await found([ODD, 'nobody'])).toBe(1);
  expect(await found([])).toBe(0);
});

test("another company's rows are neither overwritten nor deleted, nor written for it", async () => {
  const [a, b] = [await given(), await given()];
  const row = [{ productId: a.productId, tagKey: 'a', tag: 'mine' }];
  await a.inside((ctx) => insertAll(ctx, productTags, row));
  await b.inside((ctx) => deleteAll(ctx, productTags, ['productId', 'tagKey'], row));
  const foreign = b.inside((ctx) =>
    insertAll(ctx, productTags, [{ ...row[0], companyId: a.session.companyId } as never]),
  );
  await expect(foreign).rejects.toMatchObject({ code: 'conflict' }); // no such product in b
  expect(await a.tags()).toEqual([['a', 'mine']]);
});
