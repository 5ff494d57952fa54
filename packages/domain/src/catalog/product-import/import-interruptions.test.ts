import { expect, test } from 'vitest';
import type { Run } from '../../kernel/ctx.ts';
import { DatabaseUnavailable } from '../../kernel/errors.ts';
import { useDatabase } from '../../testing/database.ts';
import { catalogue, leaseRunsOut, standing } from '../../testing/import-files.ts';
import { givenImports } from '../../testing/imports.ts';
import { ImportEnded } from './product-import.errors.ts';
import { cancelImport } from './product-import.service.ts';

const db = useDatabase();

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
    await leaseRunsOut(db, shop);
    await shop.work();
    const done = await shop.look(id);
    expect(done).toMatchObject({ status: 'completed', rowsDone: 900, errors: [] });
    expect(done.counts).toMatchObject({
      rows: 900,
      products: { created: 450, updated: 0, unchanged: 0, failed: 0 },
      variants: { created: 900 },
      prices: 900,
    });
    expect(await standing(db, shop)).toMatchObject({
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
  expect([row?.['rows_done'], row?.['ahead'][0]]).toEqual([20, { from: 220, to: expect.any(Number) }]);

  await leaseRunsOut(db, shop);
  await shop.work();
  expect(await shop.look(id)).toMatchObject({
    status: 'completed',
    rowsDone: 900,
    counts: { rows: 900, products: { created: 450, unchanged: 0 } },
  });
  expect(await standing(db, shop)).toMatchObject({ products: 450, versions: 450, events: 450 });
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
  await leaseRunsOut(db, shop);
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
  expect(done).toMatchObject({ status: 'cancelled', rowsTotal: 900, rowsDone: 20, cancelRequested: true });
  expect(done.counts.products.created).toBe(10);
  expect(await standing(db, shop)).toMatchObject({ products: 10 });
  await expect(shop.run((ctx) => cancelImport(ctx, id))).rejects.toThrow(ImportEnded);
  expect(await shop.eventsOf(id)).toMatchObject([{ type: 'product_import.cancelled', sequence: 1 }]);
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
  expect(await standing(db, shop)).toMatchObject({ products: 450, versions: 900 });
});

test('a worker that was taken for dead cannot add to what another one did meanwhile', async () => {
  const shop = await givenImports(db);
  const { id } = await shop.begin(catalogue(450));
  let isStolen = false;
  const slow: Run = async (session, work) =>
    db.app.run(session, async (ctx) => {
      const result = await work(ctx);
      const isPiece =
        typeof result === 'object' && result !== null && 'rowsDone' in result && Number(result.rowsDone) > 20;
      if (isPiece && !isStolen) {
        isStolen = true;
        throw new DatabaseUnavailable('held up');
      }
      return result;
    });
  await shop.newRunner({}, slow).share(shop.system);
  expect(isStolen).toBe(true);
  await leaseRunsOut(db, shop);
  await Promise.all([shop.work(), shop.work()]);
  expect((await shop.look(id)).counts.products.created).toBe(450);
  expect(await standing(db, shop)).toMatchObject({ products: 450, versions: 450 });
});
