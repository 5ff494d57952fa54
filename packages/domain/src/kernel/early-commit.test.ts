import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { companies } from '../company/companies/companies.schema.ts';
import { useDatabase } from '../testing/database.ts';
import { givenCompany } from '../testing/goods.ts';
import type { Ctx, Session } from './ctx.ts';
import { openDatabase } from './database.ts';
import { CommitUnknown } from './errors.ts';
import { runText, type TextStatement } from './text-statement.ts';

// `Ctx.commitNow`: the commit goes with the statements.

const db = useDatabase();
const WRITE: TextStatement<'company' | 'word'> = {
  text: 'insert into early_words (company_id, word) values ($1, $2) returning word',
  names: ['company', 'word'],
};
const FAILS: TextStatement<never> = { text: 'select 1 / 0', names: [] };

beforeAll(() =>
  db.admin.unsafe(
    `create table early_words (company_id text, word text); grant select, insert on early_words to souk_app`,
  ),
);

async function given() {
  const session: Session = { ...(await givenCompany(db)), isShopper: true };
  // Sent when it is called; drizzle's queries are sent when somebody waits for them.
  const write = (ctx: Ctx, word: string) =>
    runText<{ word: string }, 'company' | 'word'>(ctx, WRITE, { company: ctx.companyId, word });
  const words = async () =>
    (await db.admin`select word from early_words where company_id = ${session.companyId}`).map((row) => row['word']);
  return { session, write, words };
}

test('what was sent before it is committed at once; what is read after it is read behind the same wall', async () => {
  const { session, write, words } = await given();
  await givenCompany(db); // somebody else's, which must not be seen
  const seen = await db.app.run(session, async (ctx) => {
    const writing = write(ctx, 'kept');
    ctx.commitNow();
    expect(await writing).toHaveLength(1);
    const outside = await words();
    const [first] = await ctx.tx.select({ id: companies.companyId, at: sql<string>`now()::text` }).from(companies);
    const [second] = await ctx.tx.select({ id: companies.companyId, at: sql<string>`now()::text` }).from(companies);
    return { outside, first, second };
  });
  expect([seen.outside, seen.first?.id, seen.second?.id]).toEqual([['kept'], session.companyId, session.companyId]);
  expect(seen.second?.at).toBe(seen.first?.at); // one transaction, which ends like any other that reads
  expect(await db.app.run(session, (ctx) => ctx.tx.select({ id: companies.companyId }).from(companies))).toHaveLength(
    1,
  );
});

test('a write after it is refused, and what was committed stays, also where the work fails', async () => {
  const { session, write, words } = await given();
  const work = db.app.run(session, async (ctx) => {
    const writing = write(ctx, 'first');
    ctx.commitNow();
    await writing;
    await write(ctx, 'second');
  });
  await expect(work).rejects.toThrow('A write came after its unit of work was committed.');
  expect(await words()).toEqual(['first']);
});

test('a statement that fails before it undoes all of them, and the connection goes on', async () => {
  const { session, write, words } = await given();
  const lone = openDatabase({ url: db.urls.app, size: 1 });
  const work = lone.run(session, async (ctx) => {
    const sent = Promise.all([write(ctx, 'undone'), runText(ctx, FAILS, {})]);
    ctx.commitNow();
    await sent;
  });
  await expect(work).rejects.toThrow('division by zero');
  expect(await words()).toEqual([]);
  expect(await lone.run(session, (ctx) => ctx.tx.select({ id: companies.companyId }).from(companies))).toHaveLength(1);
  await lone.close();
});

test('for whoever has notes to store it does nothing: their work is undone as a whole', async () => {
  const { session, write, words } = await given();
  const { isShopper: _, ...staff } = session;
  const work = db.app.run(staff, async (ctx) => {
    const writing = write(ctx, 'not noted');
    ctx.commitNow();
    await writing;
    throw new Error('thought better of it');
  });
  await expect(work).rejects.toThrow('thought better of it');
  expect(await words()).toEqual([]);
});

test('a line that goes before the answer says that the outcome is unknown', async () => {
  const { session, write } = await given();
  const { port } = new URL(db.urls.app);
  const line = createServer((near) => {
    const far = connect(Number(port), '127.0.0.1').on('error', () => near.destroy());
    near.on('error', () => undefined).on('close', () => far.end());
    far.on('data', (bytes) => near.write(bytes));
    near.on('data', (bytes) => {
      far.write(bytes);
      if (!bytes.includes('commit')) return;
      far.pause(); // the answers are never heard
      setTimeout(() => near.resetAndDestroy(), 100);
    });
  });
  await once(line.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(db.urls.app);
  url.port = String((line.address() as AddressInfo).port);
  const far = openDatabase({ url: url.href, size: 1 });
  const work = far.run(session, async (ctx) => {
    const writing = write(ctx, 'perhaps');
    ctx.commitNow();
    await writing;
  });
  await expect(work).rejects.toBeInstanceOf(CommitUnknown);
  await far.close();
  line.close();
});
