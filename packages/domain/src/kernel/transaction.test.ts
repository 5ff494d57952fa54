import { expect, test, vi } from 'vitest';
import { companies } from '../company/companies/companies.schema.ts';
import { useDatabase } from '../testing/database.ts';
import { givenCompany } from '../testing/goods.ts';
import { readCatalogueVersions } from './catalogue-version-reader.ts';
import { type Ctx, type Session, systemSession } from './ctx.ts';
import { openDatabase } from './database.ts';
import { newId } from './ids.ts';
import { runText } from './text-statement.ts';

// The end of work that only read is sent with what comes next on its connection.

const db = useDatabase();
const SHOP = { name: 'A shop', country: 'NG', currency: 'NGN', timezone: 'Africa/Lagos' } as const;

const handlesSeen = (ctx: Ctx) =>
  runText<{ handle: string; began: string }, never>(
    ctx,
    { text: 'select handle, now()::text as began from companies order by handle', names: [] },
    {},
  );

test('reads of two companies behind one another on one connection see each their own, in a transaction each', async () => {
  const sessions = [await givenCompany(db), await givenCompany(db)];
  const lone = openDatabase({ url: db.urls.app, size: 1 });
  const known = await Promise.all(sessions.map((session) => db.app.run(session, handlesSeen)));
  const looks = Array.from({ length: 20 }, (_, at) => lone.run(sessions[at % 2] as Session, handlesSeen));
  const seen = await Promise.all(looks);
  for (const [at, rows] of seen.entries()) {
    expect(rows).toHaveLength(1);
    expect(rows[0]?.handle).toBe(known[at % 2]?.[0]?.handle);
  }
  expect(new Set(seen.map(([row]) => row?.began)).size).toBe(20);
  await lone.close();
});

test('where nothing comes it is sent by itself, a look-up outside of units of work or the end of the pool notwithstanding', async () => {
  const session = await givenCompany(db);
  const lone = openDatabase({ url: db.urls.app, size: 1, applicationName: 'ends-alone' });
  await lone.run(session, handlesSeen);
  await readCatalogueVersions(lone.pool, [session.companyId]);
  await lone.run(session, handlesSeen);
  await vi.waitFor(async () => {
    const rows = await db.admin`select state from pg_stat_activity where application_name = 'ends-alone'`;
    expect(rows.map(({ state }) => state)).toEqual(['idle']);
  });
  await lone.run(session, handlesSeen);
  await lone.close(); // with the end of that still to be sent
});

test('a write behind a read is committed, and an undone one is not', async () => {
  const session = systemSession(newId('com'), 'test');
  const lone = openDatabase({ url: db.urls.app, size: 1 });
  const write = async (ctx: Ctx) => {
    ctx.audit({ action: 'company.registered', entity: { type: 'company', id: ctx.companyId } });
    await ctx.tx.insert(companies).values({ companyId: ctx.companyId, handle: ctx.companyId, ...SHOP });
  };
  const undone = async (ctx: Ctx) => {
    await write(ctx);
    throw new Error('undone');
  };
  const ends = [
    lone.run(session, handlesSeen),
    lone.run(session, undone).catch(() => undefined),
    lone.run(session, handlesSeen),
    lone.run(session, write),
    lone.run(session, handlesSeen),
  ];
  const seen = await Promise.all(ends);
  expect([seen[0], seen[2], seen[4]].map((rows) => (rows as unknown[]).length)).toEqual([0, 0, 1]);
  await lone.close();
});
