import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Run } from '../../kernel/ctx.ts';
import { DatabaseUnavailable, NotFound, PermissionMissing } from '../../kernel/errors.ts';
import { type TestDatabase, useDatabase } from '../../testing/database.ts';
import { givenImports } from '../../testing/imports.ts';
import { ImportEnded } from './product-import.errors.ts';
import { importErrors, watchImport } from './product-import.flow.ts';
import { cancelImport, getImport } from './product-import.service.ts';

const db: TestDatabase = useDatabase();
const FIXTURE = await readFile(new URL('./fixtures/shopify-products.csv', import.meta.url), 'utf8');
type Shop = Awaited<ReturnType<typeof givenImports>>;

/** A file of our own format with this many products of two variants each. */
function catalogue(products: number, { from = 0, title = 'Thing' } = {}): string {
  const lines = ['handle,title,status,option1Name,option1Value,sku,price:NGN'];
  for (let at = from; at < from + products; at++)
    lines.push(`thing-${at},${title} ${at},active,Size,S,SKU-${at}-S,10.50`, `thing-${at},,,,L,SKU-${at}-L,12`);
  return `${lines.join('\n')}\n`;
}

/** What stands in the tables of a shop, past row security. */
async function standing({ companyId }: Shop) {
  const [row] = await db.admin`select
    (select count(*) from products where company_id = ${companyId})::int as products,
    (select coalesce(sum(version), 0) from products where company_id = ${companyId})::int as versions,
    (select count(*) from product_variants where company_id = ${companyId} and archived_at is null)::int as variants,
    (select count(*) from prices where company_id = ${companyId})::int as prices,
    (select count(*) from price_changes where company_id = ${companyId})::int as price_changes,
    (select count(*) from stock_movements where company_id = ${companyId})::int as movements,
    (select count(*) from files where company_id = ${companyId} and purpose = 'image')::int as pictures,
    (select count(*) from events where company_id = ${companyId} and type like 'product.%')::int as events,
    (select coalesce(sum(version), 0) from catalogue_versions where company_id = ${companyId})::int as catalogue`;
  return row as Record<string, number>;
}

/** Lets somebody else take the import up at once, as if its lease had run out. */
const leaseRunsOut = ({ companyId }: Shop) =>
  db.admin`update product_imports set due_at = now() - interval '1 second' where company_id = ${companyId} and status in ('queued', 'running')`;

test('a second time the same file changes nothing: no version, no event, no history, no stock', async () => {
  const shop = await givenImports(db);
  const first = await shop.imported(FIXTURE);
  expect(first).toMatchObject({ status: 'completed', errors: [], rowsTotal: 33, rowsDone: 33, percentage: 100 });
  expect(first.counts.products).toEqual({ created: 8, updated: 0, unchanged: 0, failed: 0 });
  const before = await standing(shop);

  const second = await shop.imported(FIXTURE);
  expect(second.counts.products).toEqual({ created: 0, updated: 0, unchanged: 8, failed: 0 });
  expect(second.counts.variants).toEqual({ created: 0, updated: 0, unchanged: 29 });
  expect(second.counts.prices).toBe(0);
  expect(await standing(shop)).toEqual(before);
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

test('a crash between two pieces, and within one, loses and doubles nothing', async () => {
  // The process dies with its nth transaction, before or after the commit; nothing it does afterwards arrives.
  for (const [dies, isCommitted] of [
    [6, false],
    [6, true],
    [7, false],
    [8, true],
  ] as const) {
    const shop = await givenImports(db);
    const { id } = await shop.begin(catalogue(450));
    let count = 0;
    const dying: Run = async (session, work) => {
      if (++count > dies) throw new DatabaseUnavailable('dead');
      if (count < dies || isCommitted) {
        const result = await db.app.run(session, work);
        if (count === dies) throw new DatabaseUnavailable('died after the commit');
        return result;
      }
      return db.app.run(session, async (ctx) => {
        await work(ctx);
        throw new DatabaseUnavailable('died before the commit');
      });
    };
    await expect(shop.newRunner({}, dying).share(shop.system)).rejects.toThrow();
    await leaseRunsOut(shop);
    await shop.work();
    const done = await shop.look(id);
    expect(done).toMatchObject({ status: 'completed', rowsDone: 900, errors: [] });
    expect(done.counts).toMatchObject({
      rows: 900,
      products: { created: 450, updated: 0, unchanged: 0, failed: 0 },
      variants: { created: 900 },
      prices: 900,
    });
    expect(await standing(shop)).toMatchObject({
      products: 450,
      versions: 450,
      variants: 900,
      prices: 900,
      events: 450,
    });
  }
});

test('of pieces saved side by side, a later one is kept and not repeated when an earlier one fails', async () => {
  const shop = await givenImports(db);
  const { id } = await shop.begin(catalogue(450));
  let hasFailed = false;
  const failing: Run = (session, work) =>
    db.app.run(session, async (ctx) => {
      const result = await work(ctx);
      const rows = await ctx.tx.execute("select 1 from products where handle = 'thing-100'");
      if (rows.length === 0 || hasFailed) return result;
      await new Promise((resolve) => setTimeout(resolve, 300)); // the other one is done by then
      hasFailed = true;
      throw new DatabaseUnavailable('away for a moment');
    });
  await shop.newRunner({}, failing).share(shop.system);
  const [row] = await db.admin`select rows_done, ahead from product_imports where id = ${id}`;
  // How far the other lane came in that time is its own affair.
  expect([row?.['rows_done'], row?.['ahead'][0]]).toEqual([200, { from: 400, to: expect.any(Number) }]);

  await leaseRunsOut(shop);
  await shop.work();
  expect(await shop.look(id)).toMatchObject({
    status: 'completed',
    rowsDone: 900,
    counts: { rows: 900, products: { created: 450, unchanged: 0 } },
  });
  expect(await standing(shop)).toMatchObject({ products: 450, versions: 450, events: 450 });
});

test('bundles are not judged before all that comes earlier is saved, also when a piece of that has failed', async () => {
  const shop = await givenImports(db);
  const [header, ...parts] = catalogue(250).trimEnd().split('\n');
  const set = 'set,Set,draft,,,,,bundle,2 x sku SKU-120-S';
  const file = [`${header},kind,components`, ...parts.map((line) => `${line},,`), set];
  const { id } = await shop.begin(file.join('\n'));
  let hasFailed = false;
  const failing: Run = (session, work) =>
    db.app.run(session, async (ctx) => {
      const result = await work(ctx);
      const rows = await ctx.tx.execute("select 1 from products where handle = 'thing-120'");
      if (rows.length === 0 || hasFailed) return result;
      hasFailed = true;
      throw new DatabaseUnavailable('away for a moment');
    });
  await shop.newRunner({}, failing).share(shop.system);
  expect(hasFailed).toBe(true);
  await leaseRunsOut(shop);
  await shop.work();
  expect(await shop.look(id)).toMatchObject({
    status: 'completed',
    errors: [],
    counts: { products: { created: 251, failed: 0 } },
  });
});

test('a product that cannot be saved through our fault does not hold up the others of its piece', async () => {
  const shop = await givenImports(db);
  const failing: Run = (session, work) =>
    db.app.run(session, async (ctx) => {
      const result = await work(ctx);
      const rows = await ctx.tx.execute<{ n: number }>(
        "select count(*)::int as n from products where handle = 'thing-7'",
      );
      if (rows[0]?.n === 1) throw new Error('a fault of ours');
      return result;
    });
  const { id } = await shop.begin(catalogue(20));
  await shop.work(shop.newRunner({}, failing));
  const done = await shop.look(id);
  expect(done.counts.products).toEqual({ created: 19, updated: 0, unchanged: 0, failed: 1 });
  expect(done.errors).toMatchObject([{ row: 16, code: 'internal', handle: 'thing-7' }]);
  expect(shop.reported.map(String)).toContain('Error: a fault of ours');
});

test('an import stopped halfway keeps what it has, imports no more, and says so', async () => {
  const shop = await givenImports(db);
  const { id } = await shop.begin(catalogue(450));
  const runner = shop.newRunner({ shareMs: 0 });
  expect(await runner.share(shop.system)).toBe(true);
  await shop.run((ctx) => cancelImport(ctx, id));
  await shop.work(runner);
  const done = await shop.look(id);
  expect(done).toMatchObject({ status: 'cancelled', rowsTotal: 900, rowsDone: 200, cancelRequested: true });
  expect(done.counts.products.created).toBe(100);
  expect(await standing(shop)).toMatchObject({ products: 100 });
  await expect(shop.run((ctx) => cancelImport(ctx, id))).rejects.toThrow(ImportEnded);
  expect(await shop.eventsOf(id)).toMatchObject([{ type: 'product_import.cancelled', sequence: 1 }]);
});

test('an import that has not begun is stopped at once', async () => {
  const shop = await givenImports(db);
  const { id } = await shop.begin(FIXTURE);
  expect(await shop.run((ctx) => cancelImport(ctx, id))).toMatchObject({ status: 'cancelled' });
  await shop.work();
  expect(await standing(shop)).toMatchObject({ products: 0 });
});

test('a dry run counts as the import would, finds what repeats across pieces, and writes nothing but its report', async () => {
  const shop = await givenImports(db);
  const before = await standing(shop);
  const repeated = 'thing-again,Thing again,active,Size,S,sku-0-s,3\n';
  const rehearsed = await shop.imported(catalogue(300) + repeated, { dryRun: 'true' });
  expect(rehearsed.counts.products).toEqual({ created: 300, updated: 0, unchanged: 0, failed: 1 });
  expect(rehearsed.errors).toMatchObject([{ row: 602, column: 'sku', code: 'sku_taken', handle: 'thing-again' }]);
  expect(await standing(shop)).toEqual(before);

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

test('two imports of one company run one after the other, whoever works on them', async () => {
  const shop = await givenImports(db);
  const first = await shop.begin(catalogue(450));
  const second = await shop.begin(catalogue(450, { title: 'Other' }));
  const [one, other] = [shop.newRunner({ shareMs: 0 }), shop.newRunner({ shareMs: 0 })];
  const isDone = async () => (await shop.look(second.id)).status === 'completed';
  const work = async (runner: typeof one) => {
    for (let round = 0; round < 1_000 && !(await isDone()); round++) await runner.share(shop.system);
  };
  await Promise.all([work(one), work(other)]);
  expect((await shop.look(first.id)).counts.products).toMatchObject({ created: 450, updated: 0 });
  expect((await shop.look(second.id)).counts.products).toMatchObject({ created: 0, updated: 450 });
  expect(await standing(shop)).toMatchObject({ products: 450, versions: 900 });
});

test('a worker that was taken for dead cannot add to what another one did meanwhile', async () => {
  const shop = await givenImports(db);
  const { id } = await shop.begin(catalogue(450));
  let isStolen = false;
  const slow: Run = async (session, work) =>
    db.app.run(session, async (ctx) => {
      const result = await work(ctx);
      const isPiece = typeof result === 'object' && result !== null && 'rowsDone' in result && result.rowsDone === 400;
      if (isPiece && !isStolen) {
        isStolen = true;
        throw new DatabaseUnavailable('held up');
      }
      return result;
    });
  await shop.newRunner({}, slow).share(shop.system);
  await leaseRunsOut(shop);
  await Promise.all([shop.work(), shop.work()]);
  expect((await shop.look(id)).counts.products.created).toBe(450);
  expect(await standing(shop)).toMatchObject({ products: 450, versions: 450 });
});

test("another company's import is like one that is not there", async () => {
  const [mine, theirs] = [await givenImports(db), await givenImports(db)];
  const { id } = await theirs.imported(FIXTURE);
  const { run } = db.app;
  await expect(mine.run((ctx) => getImport(ctx, id))).rejects.toThrow(NotFound);
  await expect(mine.run((ctx) => cancelImport(ctx, id))).rejects.toThrow(NotFound);
  await expect(importErrors(run, mine.owner, id)).rejects.toThrow(NotFound);
  await expect(watchImport(run, mine.owner, id)).rejects.toThrow(NotFound);
  expect(await standing(mine)).toMatchObject({ products: 0 });
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
  expect(await standing(shop)).toMatchObject({ products: 0 });
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
