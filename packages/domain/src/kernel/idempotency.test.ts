import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { useDatabase } from '../testing/database.ts';
import { type Ctx, type Session, systemSession } from './ctx.ts';
import { openDatabase } from './database.ts';
import {
  AnsweredBefore,
  IdempotencyKeyBusy,
  IdempotencyKeyReused,
  inParts,
  sweepKeys,
  workInParts,
} from './idempotency.ts';
import { type CompanyId, newId } from './ids.ts';

const db = useDatabase();

const asking = (companyId: CompanyId, key = 'k1', digest = 'd1'): Session => ({
  ...systemSession(companyId, 'buyer'),
  idempotency: { key, digest, route: 'POST /v1/things' },
});

const effect = async (ctx: Ctx) => {
  ctx.audit({ action: 'thing.made', entity: { type: 'thing', id: 'x' } });
  return { id: newId('evt'), token: 'shown once' };
};
const effectsIn = (companyId: CompanyId) => db.admin`select 1 from audit_entries where company_id = ${companyId}`;
const answerOf = (work: Promise<unknown>) =>
  work.catch((error: unknown) => (error instanceof AnsweredBefore ? error.answer : Promise.reject(error)));

test('twenty requests with one key at once have one effect and one answer', async () => {
  const companyId = newId('com');
  const answers = await Promise.all(Array.from({ length: 20 }, () => answerOf(db.app.run(asking(companyId), effect))));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(await effectsIn(companyId)).toHaveLength(1);
});

test('the same key with another body is refused', async () => {
  const companyId = newId('com');
  await db.app.run(asking(companyId), effect);
  await expect(db.app.run(asking(companyId, 'k1', 'd2'), effect)).rejects.toBeInstanceOf(IdempotencyKeyReused);
});

test('a failed attempt leaves the key free', async () => {
  const companyId = newId('com');
  await expect(db.app.run(asking(companyId), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await db.app.run(asking(companyId), effect);
  expect(await effectsIn(companyId)).toHaveLength(1);
});

test('keys of two companies, and of two callers, have nothing to do with each other', async () => {
  const [a, b] = [newId('com'), newId('com')];
  await db.app.run(asking(a), effect);
  await db.app.run(asking(b), effect);
  await db.app.run({ ...asking(a), actor: { type: 'system', id: 'other' } }, effect);
  expect(await effectsIn(a)).toHaveLength(2);
  expect(await effectsIn(b)).toHaveLength(1);
});

test('an answer that cannot be stored undoes its effect and says why, and its connection serves the next', async () => {
  const companyId = newId('com');
  const lone = openDatabase({ url: db.urls.app, size: 1 });
  await db.admin.unsafe(`create function refuse_answer() returns trigger language plpgsql as
      $$ begin raise exception 'no room for answers'; end $$;
    create trigger refuse_answer before update on idempotency_keys for each row
      when (new.company_id = '${companyId}' and new.key = 'k1') execute function refuse_answer()`);
  await expect(lone.run(asking(companyId), effect)).rejects.toThrow('no room for answers');
  expect(await effectsIn(companyId)).toHaveLength(0);
  await lone.run(asking(companyId, 'k2'), effect);
  expect(await effectsIn(companyId)).toHaveLength(1);
  expect(lone.pool.stats()).toMatchObject({ open: 1, idle: 1 });
  await lone.close();
});

test('a stored answer is sealed: what is shown once is not readable in the table', async () => {
  const companyId = newId('com');
  await db.app.run(asking(companyId), effect);
  const [row] = await db.admin`select answer from idempotency_keys where company_id = ${companyId}`;
  expect(row?.['answer']).toMatch(/^v1\./);
});

test('keys older than 72 hours are swept, younger ones kept', async () => {
  const companyId = newId('com');
  await db.app.run(asking(companyId, 'old'), effect);
  await db.app.run(asking(companyId, 'new'), effect);
  await db.admin`update idempotency_keys set created_at = now() - interval '73 hours' where key = 'old' and company_id = ${companyId}`;
  expect(await db.app.run(systemSession(companyId, 'sweep'), sweepKeys)).toBe(1);
  const left = await db.admin`select key from idempotency_keys where company_id = ${companyId}`;
  expect(left).toEqual([{ key: 'new' }]);
});

test('the second request waits for the first one, whatever it does', async () => {
  const companyId = newId('com');
  const slow = db.app.run(asking(companyId), async (ctx) => {
    await ctx.tx.execute(sql`select pg_sleep(0.2)`);
    return effect(ctx);
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await expect(db.app.run(asking(companyId), effect)).rejects.toBeInstanceOf(AnsweredBefore);
  await slow;
});

test('while the first request runs for longer than our patience, the second is told that it is busy', async () => {
  const companyId = newId('com');
  const slow = db.app.run(asking(companyId), async (ctx) => {
    await ctx.tx.execute(sql`select pg_sleep(3)`);
    return effect(ctx);
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await expect(db.app.run(asking(companyId), effect)).rejects.toBeInstanceOf(IdempotencyKeyBusy);
  await slow;
});

test('work of two units of work answers once, and a repeated request gets that answer', async () => {
  const session = asking(newId('com'));
  const order = () =>
    workInParts(db.app.run, session, async ({ first, last }) => {
      await db.app.run(first, effect);
      return db.app.run(last, () => Promise.resolve({ order: 'o1' }));
    });
  expect(await order()).toEqual({ order: 'o1' });
  expect(await answerOf(order())).toEqual({ order: 'o1' });
  expect(await effectsIn(session.companyId)).toHaveLength(1);
});

test('while the first request is between its units of work a second one is told to wait', async () => {
  const session = asking(newId('com'));
  await db.app.run(inParts(session).first, effect);
  await expect(db.app.run(inParts(session).first, effect)).rejects.toBeInstanceOf(IdempotencyKeyBusy);
  const other = inParts(asking(session.companyId, 'k1', 'd2'));
  await expect(db.app.run(other.first, effect)).rejects.toBeInstanceOf(IdempotencyKeyReused);
  expect(await effectsIn(session.companyId)).toHaveLength(1);
});

test('what a crash left between two units of work is taken up by the repeated request, once its lease is over', async () => {
  const session = asking(newId('com'));
  const { first, next } = inParts(session);
  const lease = () =>
    db.admin`select leased_until > now() as held from idempotency_keys where company_id = ${session.companyId}`;
  await db.app.run(first, effect);
  await db.admin`update idempotency_keys set leased_until = now() - interval '1 second' where company_id = ${session.companyId}`;
  await db.app.run(next, () => Promise.resolve());
  expect(await lease()).toEqual([{ held: true }]);
  await db.admin`update idempotency_keys set leased_until = now() - interval '1 second' where company_id = ${session.companyId}`;
  const tries = [inParts(session), inParts(session)];
  const begun = await Promise.allSettled(tries.map((parts) => db.app.run(parts.first, effect)));
  expect(begun.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const winner = tries[begun.findIndex(({ status }) => status === 'fulfilled')];
  expect(await db.app.run(winner?.last ?? session, () => Promise.resolve('done'))).toBe('done');
  expect(await answerOf(db.app.run(inParts(session).first, effect))).toBe('done');
});

test('a failure between two units of work frees the key at once', async () => {
  const session = asking(newId('com'));
  const failing = workInParts(db.app.run, session, async ({ first }) => {
    await db.app.run(first, effect);
    throw new Error('the gateway is away');
  });
  await expect(failing).rejects.toThrow('the gateway is away');
  await db.app.run(inParts(session).first, effect);
});

test('whoever lost the key to a repeated request neither answers nor frees it', async () => {
  const session = asking(newId('com'));
  const [one, two] = [inParts(session), inParts(session)];
  await db.app.run(one.first, effect);
  await db.admin`update idempotency_keys set leased_until = now() - interval '1 second' where company_id = ${session.companyId}`;
  await db.app.run(two.first, effect);
  await expect(db.app.run(one.next, () => Promise.resolve())).rejects.toBeInstanceOf(IdempotencyKeyBusy);
  await expect(db.app.run(one.last, () => Promise.resolve('one'))).rejects.toBeInstanceOf(IdempotencyKeyBusy);
  expect(await db.app.run(two.last, () => Promise.resolve('two'))).toBe('two');
  expect(await answerOf(db.app.run(inParts(session).first, effect))).toBe('two');
});
