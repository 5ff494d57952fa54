import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { useDatabase } from '../testing/database.ts';
import { givenCompany } from '../testing/goods.ts';
import type { Ctx, Session } from './ctx.ts';
import { openDatabase } from './database.ts';
import { runText } from './text-statement.ts';

const db = useDatabase();

test('work in batches prepares the statements that come again, and no others', async () => {
  const session = await givenCompany(db);
  const batch = { ...session, isBatch: true };
  const lone = openDatabase({ url: db.urls.app, size: 1 });
  const { run } = lone;
  const mark = 'handle <> $1 and name <> $2';
  const look = (ctx: Ctx, again = '') =>
    runText(ctx, { text: `select 1 from companies where ${mark}${again}`, names: ['a', 'b'] }, { a: 'x', b: 'y' });
  const prepared = async () => {
    const rows = await run(session, (ctx) =>
      ctx.tx.execute(sql`select 1 from pg_prepared_statements
        where starts_with(statement, ${`select 1 from companies where ${mark}`})`),
    );
    return rows.length;
  };
  await run(batch, (ctx) => look(ctx));
  expect(await prepared()).toBe(0);
  for (let at = 0; at < 8; at++) await run(batch, (ctx) => look(ctx));
  // A text that is another each time is never kept.
  for (let at = 0; at < 8; at++) await run(batch, (ctx) => look(ctx, ` and ${at} = ${at}`));
  expect(await prepared()).toBe(1);
  await lone.close();
});

test('work in batches goes by no plan of before', async () => {
  const session = await givenCompany(db);
  const lone = openDatabase({ url: db.urls.app, size: 1 });
  const shape = async (more: Partial<Session>, ...before: string[]) => {
    const rows = await lone.run({ ...session, ...more }, async (ctx) => {
      for (const text of [...before, 'set local plan_cache_mode = force_generic_plan'])
        await ctx.tx.execute(sql.raw(text));
      return ctx.tx.execute<{ 'QUERY PLAN': string }>(sql.raw(`explain execute plan_of_before('x')`));
    });
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  };
  const prepare = 'prepare plan_of_before(text) as select 1 from products where company_id = $1 and id = $1';
  const walks = ['seqscan on', 'indexscan off', 'indexonlyscan off', 'bitmapscan off'].map(
    (one) => `set local enable_${one.replace(' ', ' = ')}`,
  );
  expect(await shape({}, prepare, ...walks)).toContain('Seq Scan');
  const noWalks = 'set local enable_seqscan = off';
  expect(await shape({}, noWalks)).toContain('Seq Scan');
  expect(await shape({ isBatch: true }, noWalks)).toContain('Index');
  // Every check of a foreign key would be planned otherwise.
  const [mode] = await lone.run({ ...session, isBatch: true }, (ctx) => ctx.tx.execute(sql`show plan_cache_mode`));
  expect(mode).toEqual({ plan_cache_mode: 'auto' });
  await lone.close();
});

test('only work that says so is answered before it is on disk', async () => {
  const session = await givenCompany(db);
  const lone = openDatabase({ url: db.urls.app, size: 1 });
  const shown = async (more: Partial<Session> = {}) => {
    const [row] = await lone.run({ ...session, ...more }, (ctx) =>
      ctx.tx.execute<{ synchronous_commit: string }>(sql`show synchronous_commit`),
    );
    return row?.synchronous_commit;
  };
  // The clusters of tests wait for no disk.
  await lone.run(session, (ctx) => ctx.tx.execute(sql`set synchronous_commit = on`));
  expect([await shown(), await shown({ commitsAsync: true }), await shown()]).toEqual(['on', 'off', 'on']);
  await lone.close();
});
