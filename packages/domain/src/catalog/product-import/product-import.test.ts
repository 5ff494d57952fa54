import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { NotFound, PermissionMissing } from '../../kernel/errors.ts';
import { useDatabase } from '../../testing/database.ts';
import { catalogue, standing } from '../../testing/import-files.ts';
import { givenImports } from '../../testing/imports.ts';
import { importErrors, watchImport } from './product-import.flow.ts';
import { cancelImport, getImport } from './product-import.service.ts';

const db = useDatabase();
const FIXTURE = await readFile(new URL('./fixtures/shopify-products.csv', import.meta.url), 'utf8');

test('a second time the same file changes nothing: no version, no event, no history, no stock', async () => {
  const shop = await givenImports(db);
  const first = await shop.imported(FIXTURE);
  expect(first).toMatchObject({ status: 'completed', errors: [], rowsTotal: 33, rowsDone: 33, percentage: 100 });
  expect(first.counts.products).toEqual({ created: 8, updated: 0, unchanged: 0, failed: 0 });
  const before = await standing(db, shop);

  const second = await shop.imported(FIXTURE);
  expect(second.counts.products).toEqual({ created: 0, updated: 0, unchanged: 8, failed: 0 });
  expect(second.counts.variants).toEqual({ created: 0, updated: 0, unchanged: 29 });
  expect(second.counts.prices).toBe(0);
  expect(await standing(db, shop)).toEqual(before);
});

test('one price and one title changed in the file change just those two products', async () => {
  const shop = await givenImports(db);
  await shop.imported(FIXTURE);
  const changed = FIXTURE.replace('68000', '69000').replace('Calabash Bowl', 'Calabash Basin');
  const { counts } = await shop.imported(changed);
  expect(counts.products).toEqual({ created: 0, updated: 2, unchanged: 6, failed: 0 });
  expect(counts.prices).toBe(1);
});

test('a description nested without end holds up its own product only, and is named by its cell', async () => {
  const shop = await givenImports(db);
  const file = `handle,title,status,description\ndeep,Deep,draft,${'<b>'.repeat(5_000)}\nfine,Fine,draft,<b>x</b>\n`;
  const { counts, errors } = await shop.imported(file);
  expect(counts.products).toMatchObject({ created: 1, failed: 1 });
  expect(errors).toMatchObject([{ row: 2, column: 'description', code: 'too_deep' }]);
});

test('the report names the columns we have no place for, and no others', async () => {
  const shop = await givenImports(db);
  const { ignoredColumns } = await shop.imported(FIXTURE);
  const named = FIXTURE.split('\r\n')[0]?.split(',') ?? [];
  expect(ignoredColumns.length).toBe(16);
  expect(named).toEqual(expect.arrayContaining(ignoredColumns));
  for (const name of ['Variant Price', 'SEO Title', 'Variant Tax Code', 'Image Alt Text', 'Variant Grams', 'Status'])
    expect(ignoredColumns).not.toContain(name);
});

test('an import that has not begun is stopped at once', async () => {
  const shop = await givenImports(db);
  const { id } = await shop.begin(FIXTURE);
  expect(await shop.run((ctx) => cancelImport(ctx, id))).toMatchObject({ status: 'cancelled' });
  await shop.work();
  expect(await standing(db, shop)).toMatchObject({ products: 0 });
});

test('a dry run counts as the import would, finds what repeats across pieces, and writes nothing but its report', async () => {
  const shop = await givenImports(db);
  const before = await standing(db, shop);
  const repeated = 'thing-again,Thing again,active,Size,S,sku-0-s,3\n';
  const rehearsed = await shop.imported(catalogue(300) + repeated, { dryRun: 'true' });
  expect(rehearsed.counts.products).toEqual({ created: 300, updated: 0, unchanged: 0, failed: 1 });
  expect(rehearsed.errors).toMatchObject([{ row: 602, column: 'sku', code: 'sku_taken', handle: 'thing-again' }]);
  expect(await standing(db, shop)).toEqual(before);

  const real = await shop.imported(catalogue(300) + repeated);
  expect(real.counts.products).toEqual(rehearsed.counts.products);
  expect(real.errors).toMatchObject([{ row: 602, column: 'sku', code: 'sku_taken' }]);
});

test('every row that was refused is named with its row, column and reason, here and in the CSV', async () => {
  const shop = await givenImports(db);
  const done = await shop.imported(
    [
      'handle,title,status,option1Name,option1Value,sku,price:NGN,weightGrams',
      'good,Good,active,,,G-1,10,',
      'dear,Dear,active,,,D-1,"1,250.00",',
      'good,Good again,,,,G-2,10,',
      ',Nameless,,,,,,',
      'heavy,Heavy,active,,,H-1,10,a lot',
      `long,${'x'.repeat(300)},active,,,L-1,10,`,
      '=bad,Bad,active,,,,10,',
      'crowded,Crowded,active,,,,10,1,2,3',
    ].join('\n'),
  );
  expect(done.counts.products).toEqual({ created: 1, updated: 0, unchanged: 0, failed: 7 });
  expect(done.errors).toMatchObject([
    { row: 3, column: 'price:NGN', code: 'invalid_amount', handle: 'dear' },
    { row: 4, code: 'handle_again', handle: 'good', message: expect.stringContaining('row 2') },
    { row: 5, code: 'handle_missing', handle: null },
    { row: 6, column: 'weightGrams', code: 'invalid_value', handle: 'heavy' },
    { row: 7, column: 'title', handle: 'long' },
    { row: 8, column: 'handle', handle: '=bad' },
    { row: 9, code: 'too_many_cells', handle: 'crowded' },
  ]);
  const pieces = [];
  for await (const piece of await importErrors(db.app.run, shop.owner, done.id)) pieces.push(piece);
  const lines = pieces.join('').split('\r\n');
  expect(lines[0]).toBe('row,column,code,message,handle');
  expect(lines).toHaveLength(9);
  expect(lines[6]).toMatch(/,'=bad$/); // no spreadsheet computes it
});

test("another company's import is like one that is not there", async () => {
  const [mine, theirs] = [await givenImports(db), await givenImports(db)];
  const { id } = await theirs.imported(FIXTURE);
  const { run } = db.app;
  await expect(mine.run((ctx) => getImport(ctx, id))).rejects.toThrow(NotFound);
  await expect(mine.run((ctx) => cancelImport(ctx, id))).rejects.toThrow(NotFound);
  await expect(importErrors(run, mine.owner, id)).rejects.toThrow(NotFound);
  await expect(watchImport(run, mine.owner, id)).rejects.toThrow(NotFound);
  expect(await standing(db, mine)).toMatchObject({ products: 0 });
});

test('who may not write products may not import them, even if they once could', async () => {
  const shop = await givenImports(db);
  const without = {
    ...shop.owner,
    permissions: new Set([...shop.owner.permissions].filter((one) => one !== 'products.write')),
  };
  await expect(shop.begin(FIXTURE, {}, without)).rejects.toThrow(PermissionMissing);
  expect(shop.store.objects.size).toBe(0);

  const person = await shop.hire('owner');
  const { id } = await shop.begin(FIXTURE, {}, await shop.as(person));
  await db.admin`update staff set status = 'disabled' where id = ${person.id}`;
  await shop.work();
  expect(await shop.look(id)).toMatchObject({ status: 'failed', failure: expect.stringContaining('products.write') });
  expect(await standing(db, shop)).toMatchObject({ products: 0 });
});

test('quantities count for new variants only, unless stock is to be updated', async () => {
  const shop = await givenImports(db);
  const file = (quantity: number) =>
    `Handle,Title,Published,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price\nhat,Hat,true,HAT,shopify,${quantity},5\n`;
  const onHand = async () => {
    const rows = await db.admin`select on_hand from stock_levels where company_id = ${shop.companyId}`;
    return rows.map((row) => row['on_hand']);
  };
  await shop.imported(file(7));
  expect(await onHand()).toEqual([7]);
  await shop.imported(file(3));
  expect(await onHand()).toEqual([7]);
  await shop.imported(file(3), { updateStock: 'true' });
  expect(await onHand()).toEqual([3]);
  const below = await shop.imported(file(-4), { updateStock: 'true' });
  expect(await onHand()).toEqual([0]);
  expect(below.errors).toMatchObject([{ row: 2, column: 'Variant Inventory Qty', code: 'stock_below_zero' }]);
});

test('prices are in the minor units of the currency asked for', async () => {
  const shop = await givenImports(db);
  const file = (price: string) =>
    `Handle,Title,Published,Variant Price\nfan-${price.replace('.', '-')},Fan,true,${price}\n`;
  expect((await shop.imported(file('50'), { currency: 'JPY' })).errors).toEqual([]);
  expect((await shop.imported(file('50.5'), { currency: 'JPY' })).errors).toMatchObject([
    { row: 2, column: 'Variant Price', message: expect.stringContaining('JPY has no decimals') },
  ]);
  expect((await shop.imported(file('50.5'))).errors).toEqual([]);
  const rows =
    await db.admin`select currency, amount::int from prices where company_id = ${shop.companyId} order by id`;
  expect(rows.map((row) => [row['currency'], row['amount']])).toEqual([
    ['JPY', 50],
    ['NGN', 5_050],
  ]);
});

test.each([
  ['Name,Price\nHat,5\n', /needs the column handle/],
  ['handle,title,stock:moon\nhat,Hat,5\n', /no stock location moon/],
  ['handle,title,Title\nhat,Hat,Hat\n', /mean the same/],
  ['Handle,Title\nhat,"Hat\n', /never closed/],
  ['', /empty/],
])('a file that cannot be read at all imports nothing and says why: %j', async (csv, sentence) => {
  const shop = await givenImports(db);
  const done = await shop.imported(csv);
  expect(done).toMatchObject({ status: 'failed', failure: expect.stringMatching(sentence) });
  expect(await shop.eventsOf(done.id)).toMatchObject([{ type: 'product_import.failed', sequence: 1 }]);
});

test('an empty catalogue is imported as such', async () => {
  const shop = await givenImports(db);
  expect(await shop.imported('handle,title\n')).toMatchObject({ status: 'completed', rowsTotal: 0, percentage: 100 });
});

test('what a file does not tell stays, and so do variants and pictures it does not name', async () => {
  const shop = await givenImports(db);
  await shop.imported(
    'handle,title,vendor,tags,status,option1Name,option1Value,sku,price:NGN,price:JPY,image\n' +
      'hat,Hat,Hatters,a|b,active,Size,S,H-S,10,300,https://img.souk.example/a.jpg\nhat,,,,,,L,H-L,12,350,\n',
  );
  const { counts } = await shop.imported(
    'handle,option1Name,option1Value,sku,price:NGN,image\nhat,Size,L,H-L,15,https://img.souk.example/b.jpg\n',
  );
  expect(counts).toMatchObject({
    products: { updated: 1 },
    variants: { created: 0, updated: 0, unchanged: 1 },
    prices: 1,
  });
  const out = (await shop.exported()).split('\r\n');
  expect(out).toHaveLength(4);
  expect(out[1]).toMatch(/^hat,Hat,.*Hatters,.*a\|b.*,S,,,H-S,.*300.*10\.00.*a\.jpg,$/);
  expect(out[2]).toMatch(/^hat,.*,L,,,H-L,.*350.*15\.00.*b\.jpg,$/);
});
