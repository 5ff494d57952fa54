import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { eq, sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { companies } from '../company/companies/companies.schema.ts';
import { useDatabase } from '../testing/database.ts';
import { type Session, systemSession } from './ctx.ts';
import { openDatabase } from './database.ts';
import { CommitUnknown, DatabaseUnavailable, UnitOfWorkTimeout } from './errors.ts';
import { type CompanyId, newId } from './ids.ts';
import { statement } from './statement.ts';
import { unitOfWork } from './unit-of-work.ts';

const db = useDatabase();

const nobodyIn = (companyId: CompanyId): Session => ({
  ...systemSession(companyId, 'test'),
  actor: { type: 'nobody', id: 'nobody' },
});

const shop = (companyId: CompanyId) => ({
  companyId,
  handle: companyId,
  name: 'A shop',
  country: 'NG',
  currency: 'NGN',
  timezone: 'Africa/Lagos',
});

async function given() {
  const session = nobodyIn(newId('com'));
  await db.app.run(session, (ctx) => ctx.tx.insert(companies).values(shop(ctx.companyId)));
  return session;
}

test('what the work wrote is there after it, and only for its company', async () => {
  const session = await given();
  const stranger = nobodyIn(newId('com'));
  const see = (who: Session) => db.app.run(who, (ctx) => ctx.tx.select({ id: companies.companyId }).from(companies));
  expect(await see(session)).toEqual([{ id: session.companyId }]);
  expect(await see(stranger)).toEqual([]);
});

test('a unit of work that throws leaves nothing behind', async () => {
  const session = nobodyIn(newId('com'));
  const work = db.app.run(session, async (ctx) => {
    await ctx.tx.insert(companies).values(shop(ctx.companyId));
    throw new Error('changed my mind');
  });
  await expect(work).rejects.toThrow('changed my mind');
  expect(await db.admin`select 1 from companies where company_id = ${session.companyId}`).toHaveLength(0);
});

test('a company id that is not one never reaches the database', async () => {
  const forged = nobodyIn("com_'; drop table companies; --" as CompanyId);
  await expect(db.app.run(forged, (ctx) => ctx.tx.select().from(companies))).rejects.toThrow('Expected a company id');
});

test('a unit of work inside another is refused', async () => {
  const session = await given();
  const nested = db.app.run(session, () => db.app.run(session, async () => 1));
  await expect(nested).rejects.toThrow('pass its ctx down');
});

test('a query that comes after its unit of work is refused, not run in the next one', async () => {
  const session = await given();
  const leaked = await db.app.run(session, async (ctx) => ctx);
  await expect((async () => leaked.tx.select().from(companies))()).rejects.toThrow();
});

test('a connection killed inside a unit of work: nothing later runs outside of it', async () => {
  const session = nobodyIn(newId('com'));
  const directory = `lost-${Date.now()}`;
  const work = db.app.run(session, async (ctx) => {
    const [me] = await ctx.tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    await ctx.tx.insert(companies).values(shop(ctx.companyId));
    await db.admin`select pg_terminate_backend(${me?.pid ?? 0})`;
    // A caller that swallows the error and goes on: the directory has no row security, so only the guard stops this.
    for (let i = 0; i < 20; i++) {
      await ctx.tx
        .execute(sql`insert into company_handles (handle, company_id) values (${directory + i}, ${ctx.companyId})`)
        .catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
  await expect(work).rejects.toBeInstanceOf(DatabaseUnavailable);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await db.admin`select handle from company_handles where company_id = ${session.companyId}`).toHaveLength(0);
  expect(await db.admin`select 1 from companies where company_id = ${session.companyId}`).toHaveLength(0);
});

test('queries queued behind a slow one when the connection dies are never sent', async () => {
  const session = nobodyIn(newId('com'));
  const work = db.app.run(session, async (ctx) => {
    const [me] = await ctx.tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    const slow = ctx.tx.execute(sql`select pg_sleep(2)`).catch(() => undefined);
    const queued = Array.from({ length: 5 }, (_, i) =>
      ctx.tx
        .execute(
          sql`insert into company_handles (handle, company_id) values (${`queued-${session.companyId}-${i}`}, ${ctx.companyId})`,
        )
        .catch(() => undefined),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    await db.admin`select pg_terminate_backend(${me?.pid ?? 0})`;
    await Promise.all([slow, ...queued]);
  });
  await expect(work).rejects.toBeInstanceOf(DatabaseUnavailable);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await db.admin`select 1 from company_handles where company_id = ${session.companyId}`).toHaveLength(0);
});

test('the pool serves the next unit of work after a lost connection', async () => {
  const session = await given();
  await db.admin`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'souk_app' and datname = current_database()`;
  await new Promise((resolve) => setTimeout(resolve, 100));
  const rows = await db.app.run(session, (ctx) => ctx.tx.select({ id: companies.companyId }).from(companies));
  expect(rows).toEqual([{ id: session.companyId }]);
});

test('a connection lost during the commit says that the outcome is unknown', async () => {
  const session = await given();
  // A deferred trigger makes COMMIT itself slow, so that the backend dies in the middle of it.
  await db.admin.unsafe(`
    create table slow_commits (id int);
    create function slow_down() returns trigger language plpgsql as $$ begin perform pg_sleep(2); return null; end $$;
    create constraint trigger slow after insert on slow_commits deferrable initially deferred for each row execute function slow_down();
    grant insert on slow_commits to souk_app`);
  const work = db.app.run(session, async (ctx) => {
    const [me] = await ctx.tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    await ctx.tx.execute(sql`insert into slow_commits values (1)`);
    setTimeout(() => void db.admin`select pg_terminate_backend(${me?.pid ?? 0})`.execute(), 200);
  });
  await expect(work).rejects.toBeInstanceOf(CommitUnknown);
});

test.each(['reset', 'closed'])('a line that is %s behind the commit says that the outcome is unknown', async (end) => {
  const { port } = new URL(db.urls.app);
  const line = createServer((near) => {
    const far = connect(Number(port), '127.0.0.1').on('error', () => near.destroy());
    near.on('error', () => undefined).on('close', () => far.end());
    far.on('data', (bytes) => near.write(bytes));
    near.on('data', (bytes) => {
      far.write(bytes);
      if (!bytes.includes('commit')) return;
      far.pause(); // the answer is never heard
      setTimeout(() => (end === 'reset' ? near.resetAndDestroy() : near.destroy()), 100);
    });
  });
  await once(line.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(db.urls.app);
  url.port = String((line.address() as AddressInfo).port);
  const far = openDatabase({ url: url.href, size: 1 });
  const session = nobodyIn(newId('com'));
  const work = far.run(session, (ctx) => ctx.tx.insert(companies).values(shop(ctx.companyId)));
  await expect(work).rejects.toBeInstanceOf(CommitUnknown);
  expect(await db.admin`select 1 from companies where company_id = ${session.companyId}`).toHaveLength(1);
  await far.close();
  line.close();
});

test('a unit of work over its time is undone and its connection dropped', async () => {
  const session = nobodyIn(newId('com'));
  const hasty = unitOfWork(db.app.pool, { limitMs: 100 });
  const work = hasty(session, async (ctx) => {
    await ctx.tx.insert(companies).values(shop(ctx.companyId));
    await new Promise((resolve) => setTimeout(resolve, 1000));
  });
  await expect(work).rejects.toBeInstanceOf(UnitOfWorkTimeout);
  expect(await db.admin`select 1 from companies where company_id = ${session.companyId}`).toHaveLength(0);
  expect(db.app.pool.stats().open).toBeLessThanOrEqual(8);
});

test('a serialisation failure repeats the whole unit of work', async () => {
  const session = await given();
  let tried = 0;
  const result = await db.app.run(session, async (ctx) => {
    tried += 1;
    if (tried < 3) await ctx.tx.execute(sql`do $$ begin raise exception 'again' using errcode = '40001'; end $$`);
    return 'done';
  });
  expect([result, tried]).toEqual(['done', 3]);
});

test('of queries sent together the first that failed is the reason, not one that failed because of it', async () => {
  const session = await given();
  let attempts = 0;
  const late = async <T>(work: PromiseLike<T>): Promise<T> => {
    const outcome = await Promise.allSettled([work]);
    for (const one of outcome) if (one.status === 'rejected') throw one.reason;
    return work;
  };
  const outcome = await db.app.run(session, async (ctx) => {
    attempts += 1;
    const fail = attempts === 1 ? "perform 1/0; exception when others then raise sqlstate '40001'" : 'null';
    // As of two requests that wait for each other; its rejection arrives behind that of the query after it.
    const [, rows] = await Promise.all([
      late(ctx.tx.execute(sql.raw(`do $$ begin ${fail}; end $$`))),
      ctx.tx.select({ id: companies.companyId }).from(companies),
    ]);
    return rows;
  });
  expect(outcome).toEqual([{ id: session.companyId }]);
  expect(attempts).toBe(2);
});

test('a swallowed query error cannot pass for a commit', async () => {
  const session = await given();
  const work = db.app.run(session, async (ctx) => {
    await ctx.tx.execute(sql`select 1/0`).catch(() => undefined);
    return 'fine';
  });
  await expect(work).rejects.toThrow('swallowed');
});

test('a privileged write without an audit note is undone', async () => {
  const session = await given();
  const staff: Session = { ...session, actor: { type: 'staff', id: newId('stf') } };
  const rename = (audited: boolean) =>
    db.app.run(staff, async (ctx) => {
      await ctx.tx.update(companies).set({ name: 'Renamed' }).where(eq(companies.companyId, ctx.companyId));
      if (audited) ctx.audit({ action: 'company.updated', entity: { type: 'company', id: ctx.companyId } });
    });
  await expect(rename(false)).rejects.toThrow('companies without ctx.audit()');
  expect(await db.admin`select 1 from companies where name = 'Renamed'`).toHaveLength(0);
  await rename(true);
  const entries = await db.admin`select action, actor_type from audit_entries where company_id = ${session.companyId}`;
  expect(entries).toEqual([{ action: 'company.updated', actor_type: 'staff' }]);
});

test('a statement built once runs in any unit of work with other values', async () => {
  const [a, b] = [await given(), await given()];
  const byHandle = statement((tx) =>
    tx
      .select({ name: companies.name, createdAt: companies.createdAt })
      .from(companies)
      .where(eq(companies.companyId, sql.placeholder('id'))),
  );
  const [first] = await db.app.run(a, (ctx) => byHandle(ctx, { id: a.companyId }));
  expect(first?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(await db.app.run(a, (ctx) => byHandle(ctx, { id: b.companyId }))).toEqual([]);
  expect(await db.app.run(b, (ctx) => byHandle(ctx, { id: b.companyId }))).toHaveLength(1);
});

test('more work than connections waits its turn and all of it is done', async () => {
  const session = await given();
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      db.app.run(session, async (ctx) => (await ctx.tx.execute(sql`select ${i}::int as i`))[0]),
    ),
  );
  expect(results.map((row) => row?.['i'])).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(db.app.pool.stats().open).toBeLessThanOrEqual(8);
});

test('a database that is not there is told at once, and connections are not used up by trying', async () => {
  const nowhere = openDatabase({ url: 'postgres://souk_app:x@127.0.0.1:1/none', size: 2 });
  for (let i = 0; i < 5; i++) {
    await expect(nowhere.unscoped(async () => 1)).rejects.toBeInstanceOf(DatabaseUnavailable);
  }
  expect(nowhere.pool.stats()).toEqual({ open: 0, idle: 0, waiting: 0 });
  await nowhere.close();
});

test('a database that takes the connection and says nothing is given up, and the process goes on', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo; // of a TCP server it is one
  const mute = openDatabase({ url: `postgres://souk_app:x@127.0.0.1:${port}/none`, size: 2 });
  await expect(mute.unscoped(async () => 1)).rejects.toBeInstanceOf(DatabaseUnavailable);
  expect(mute.pool.stats()).toEqual({ open: 0, idle: 0, waiting: 0 });
  for (const socket of sockets) socket.destroy();
  silent.close();
  await mute.close();
});

test('an idle connection outlives the time limit of connecting', async () => {
  const session = await given();
  const patient = openDatabase({ url: db.urls.app, size: 1 });
  const pid = () => patient.run(session, async (ctx) => (await ctx.tx.execute(sql`select pg_backend_pid() as pid`))[0]);
  const first = await pid();
  await new Promise((resolve) => setTimeout(resolve, 5_500));
  expect(await pid()).toEqual(first);
  await patient.close();
});

test('one company that floods does not keep the others waiting behind all it sent', async () => {
  const [flooding, other] = [await given(), await given()];
  const shared = openDatabase({ url: db.urls.app, size: 4 });
  const slow = (session: Session) => shared.run(session, (ctx) => ctx.tx.execute(sql`select pg_sleep(0.02)`));
  let flooded = 0;
  const flood = Array.from({ length: 60 }, () => slow(flooding).then(() => (flooded += 1)));
  await slow(other);
  expect(flooded).toBeLessThan(20);
  await Promise.all(flood);
  expect(flooded).toBe(60);
  expect(shared.pool.stats()).toMatchObject({ waiting: 0 });
  await shared.close();
});

test('a company that holds its connections leaves one for the others', async () => {
  const [holding, other] = [await given(), await given()];
  const shared = openDatabase({ url: db.urls.app, size: 4, acquireTimeoutMs: 500 });
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const holders = Array.from({ length: 8 }, () => shared.run(holding, () => held).catch(() => 'refused'));
  await expect(shared.run(other, async () => 'served')).resolves.toBe('served');
  await new Promise((resolve) => setTimeout(resolve, 600));
  letGo();
  expect((await Promise.all(holders)).filter((outcome) => outcome === 'refused')).toHaveLength(5);
  await shared.close();
});

test('two units of work with one idempotency claim are refused: the first answer would pass for the whole', async () => {
  const session: Session = {
    ...(await given()),
    idempotency: { key: 'k', route: 'POST /v1/things', digest: 'd' },
  };
  await db.app.run(session, async () => 'first');
  await expect(db.app.run(session, async () => 'second')).rejects.toThrow('lookingOnly(session)');
});
