import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { useDatabase } from '../testing/database.ts';
import { type Ctx, type Session, systemSession } from './ctx.ts';
import { type CompanyId, newId } from './ids.ts';
import { runText } from './text-statement.ts';

const db = useDatabase();

const nobodyIn = (companyId: CompanyId): Session => ({
  ...systemSession(companyId, 'test'),
  actor: { type: 'nobody', id: 'nobody' },
});

async function given(): Promise<Session> {
  const companyId = newId('com');
  await db.admin`insert into companies (company_id, handle, name, country, currency, timezone)
    values (${companyId}, ${companyId}, 'A shop', 'NG', 'NGN', 'UTC')`;
  return nobodyIn(companyId);
}

/** A table that nobody has to hear of. */
const MAKE = `insert into idempotency_keys (company_id, principal, route, key, digest)
  values ($1::text, 'test', 'test', $2::text, '') returning key`;
const make = (ctx: Ctx, key = 'A') =>
  runText<{ key: string }, 'company' | 'key'>(
    ctx,
    { text: MAKE, names: ['company', 'key'] },
    { company: ctx.companyId, key },
  );
const SEE = `select key from idempotency_keys where company_id = $1 and route = 'test'`;
const see = (ctx: Ctx) =>
  runText<{ key: string }, 'company'>(ctx, { text: SEE, names: ['company'] }, { company: ctx.companyId });
const run = (ctx: Ctx, text: string) => runText(ctx, { text, names: [] }, {});
const stored = async ({ companyId }: Session) =>
  (
    await db.admin<{ key: string }[]>`select key from idempotency_keys where company_id = ${companyId}
    and route = 'test'`
  ).map(({ key }) => key);

test('what is settled stands whatever fails afterwards, and what is read afterwards is inside the same wall', async () => {
  const session = await given();
  const stranger = await given();
  await db.app.run(stranger, (ctx) => make(ctx, 'Another'));
  let seen: unknown;
  const work = db.app.run(session, async (ctx) => {
    const [made] = await ctx.settle(() => make(ctx));
    expect(made).toEqual({ key: 'A' });
    expect(await stored(session)).toEqual(['A']);
    seen = await ctx.tx.execute(sql`select key from idempotency_keys`);
    await ctx.tx.execute(sql`update idempotency_keys set key = 'B' where company_id = ${ctx.companyId}`);
    throw new Error('changed my mind');
  });
  await expect(work).rejects.toThrow('changed my mind');
  expect(seen).toEqual([{ key: 'A' }]);
  expect(await stored(session)).toEqual(['A']);
});

test('a unit of work whose statements are all settled ends with them, and what was written before stands as well', async () => {
  const session = await given();
  const rows = await db.app.run(session, async (ctx) => {
    await make(ctx);
    return ctx.settle(() => see(ctx));
  });
  expect(rows).toEqual([{ key: 'A' }]);
  expect(await stored(session)).toEqual(['A']);
});

test('where a statement that was sent fails nothing stands, and its error is the one that is thrown', async () => {
  const session = await given();
  const work = db.app.run(session, (ctx) =>
    ctx.settle(() => Promise.all([make(ctx), run(ctx, 'select 1/0'), see(ctx)]).then(() => 'done')),
  );
  await expect(work).rejects.toThrow('division by zero');
  expect(await stored(session)).toEqual([]);
  // The connection is as good as new.
  expect(await db.app.run(session, see)).toEqual([]);
});

test('a serialisation failure repeats what was not settled, and never what was', async () => {
  const session = await given();
  const again = `do $$ begin raise exception 'again' using errcode = '40001'; end $$`;
  let tried = 0;
  const before = await db.app.run(session, async (ctx) => {
    tried += 1;
    if (tried < 3) await ctx.settle(() => Promise.all([make(ctx), run(ctx, again)]).then(() => 1));
    return ctx.settle(() => make(ctx, 'Third'));
  });
  expect([before, tried]).toEqual([[{ key: 'Third' }], 3]);
  tried = 0;
  const after = db.app.run(session, async (ctx) => {
    tried += 1;
    await ctx.settle(() => see(ctx));
    await run(ctx, again);
  });
  await expect(after).rejects.toThrow('again');
  expect(tried).toBe(1);
});

test('within a request with an Idempotency-Key nothing stands before its answer does', async () => {
  const session = await given();
  const keyed = { ...session, idempotency: { key: 'k', route: 'POST /x', digest: 'd' } };
  const work = db.app.run(keyed, async (ctx) => {
    await ctx.settle(() => make(ctx));
    throw new Error('changed my mind');
  });
  await expect(work).rejects.toThrow('changed my mind');
  expect(await stored(session)).toEqual([]);
});

test('a write of which somebody has to hear, or that has to be accounted for, is not settled', async () => {
  const heard = await given();
  for (const hear of [(ctx: Ctx) => ctx.nudge(), (ctx: Ctx) => ctx.touch(), (ctx: Ctx) => ctx.catalogueChanged()]) {
    const work = db.app.run(heard, (ctx) => {
      hear(ctx);
      return ctx.settle(() => make(ctx));
    });
    await expect(work).rejects.toThrow('settle() is for writes');
  }
  expect(await stored(heard)).toEqual([]);
  const staff: Session = { ...heard, actor: { type: 'staff', id: newId('stf') } };
  const rename = `update companies set name = 'Renamed'`;
  await expect(db.app.run(staff, (ctx) => ctx.settle(() => run(ctx, rename)))).rejects.toThrow(
    'settle() is for writes',
  );
  const role = `update roles set name = 'Renamed' where false`;
  await expect(db.app.run(staff, (ctx) => ctx.settle(() => run(ctx, role)))).rejects.toThrow('without ctx.audit()');
  const [shop] = await db.admin`select name from companies where company_id = ${heard.companyId}`;
  expect(shop).toEqual({ name: 'A shop' });
});

test('a statement that is not on its way yet is refused: the commit would overtake it', async () => {
  const session = await given();
  const work = db.app.run(session, (ctx) =>
    ctx.settle(async () => {
      await Promise.resolve();
      return make(ctx);
    }),
  );
  await expect(work).rejects.toThrow('no statement that was sent');
  expect(await stored(session)).toEqual([]);
});
