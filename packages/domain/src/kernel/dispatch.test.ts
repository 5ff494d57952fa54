import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { useDatabase } from '../testing/database.ts';
import { systemSession } from './ctx.ts';
import { companiesWithEvents, dispatchEvents, waitingEvents } from './dispatch.ts';
import { defineEvent } from './events.ts';
import { type CompanyId, type Id, newId } from './ids.ts';
import { emit } from './outbox.ts';

const db = useDatabase();
const painted = defineEvent('fence.painted', z.object({ fence: z.object({ colour: z.string() }) }), {
  about: 'A fence was painted.',
  sample: { fence: { colour: 'white' } },
  privately: z.object({ token: z.string() }),
});

async function announced(companyId: CompanyId, count: number): Promise<Id<'evt'>[]> {
  const ids: Id<'evt'>[] = [];
  for (let i = 0; i < count; i++) {
    const what = {
      aggregate: { id: 'fence_1', sequence: i },
      data: { fence: { colour: `c${i}` } },
      privately: { token: `t${i}` },
    };
    ids.push(await db.app.run(systemSession(companyId, 'test'), (ctx) => emit(ctx, painted, what)));
  }
  return ids;
}

/** Dispatches once, and says what the consumer was handed. */
async function dispatch(
  companyId: CompanyId,
  which: Parameters<typeof dispatchEvents>[2],
  meanwhile: () => Promise<unknown> = async () => undefined,
) {
  const handed: { id: string; data: unknown; token: unknown }[] = [];
  await db.app.run(systemSession(companyId, 'relay'), (ctx) =>
    dispatchEvents(
      ctx,
      async (_ctx, waiting) => {
        handed.push(...waiting.map((event) => ({ id: event.id, data: event.data, token: event.privately() })));
        await meanwhile();
      },
      which,
    ),
  );
  return handed;
}

test('waiting events are handed over oldest first, once, with what only we may read', async () => {
  const companyId = newId('com');
  const ids = await announced(companyId, 3);
  expect(await dispatch(companyId, { max: 2 })).toEqual([
    { id: ids[0], data: { fence: { colour: 'c0' } }, token: { token: 't0' } },
    { id: ids[1], data: { fence: { colour: 'c1' } }, token: { token: 't1' } },
  ]);
  expect((await dispatch(companyId, { max: 2 })).map(({ id }) => id)).toEqual([ids[2]]);
  expect(await dispatch(companyId, { max: 2 })).toEqual([]);
  expect(
    await db.admin`select privately, dispatched_at is not null as dispatched from events where company_id = ${companyId}`,
  ).toEqual(Array.from({ length: 3 }, () => ({ privately: null, dispatched: true })));
});

test('of types whose data nobody reads the data stays where it is', async () => {
  const companyId = newId('com');
  const ids = await announced(companyId, 2);
  const read = (dataOf: ReadonlySet<string>) => dispatch(companyId, { max: 1, dataOf });
  expect(await read(new Set(['fence.mended', painted.type]))).toEqual([
    { id: ids[0], data: { fence: { colour: 'c0' } }, token: { token: 't0' } },
  ]);
  expect(await read(new Set(['fence.mended']))).toEqual([{ id: ids[1], data: null, token: { token: 't1' } }]);
});

test('what one relay holds, another passes over without waiting for it', async () => {
  const companyId = newId('com');
  const ids = await announced(companyId, 5);
  let second: { id: string }[] = [];
  const first = await dispatch(companyId, { max: 3 }, async () => {
    second = await outside(() => dispatch(companyId, { max: 3 }));
  });
  expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 3));
  expect(second.map(({ id }) => id)).toEqual(ids.slice(3));
});

test('events can be passed over, or taken one by one', async () => {
  const companyId = newId('com');
  const ids = await announced(companyId, 3);
  const [poison] = ids as [Id<'evt'>];
  expect((await dispatch(companyId, { max: 10, except: [poison] })).map(({ id }) => id)).toEqual(ids.slice(1));
  expect(await db.app.run(systemSession(companyId, 'relay'), (ctx) => waitingEvents(ctx, 10, []))).toEqual([poison]);
  expect((await dispatch(companyId, { max: 10, only: poison })).map(({ id }) => id)).toEqual([poison]);
});

test('the relay role learns in which companies events wait, and nothing of them', async () => {
  const [busy, idle] = [newId('com'), newId('com')];
  await announced(busy, 1);
  const waiting = await db.relay.unscoped((tx) => companiesWithEvents(tx, 1_000));
  expect([waiting.includes(busy), waiting.includes(idle)]).toEqual([true, false]);
  await expect(db.relay.unscoped((tx) => tx.execute('select data from events'))).rejects.toMatchObject({
    cause: { code: '42501' },
  });
  expect(await db.app.unscoped((tx) => companiesWithEvents(tx, 1_000))).toEqual([]);
});

// A unit of work inside another is refused; this one runs as another process would.
const fromOutside = AsyncLocalStorage.snapshot();
function outside<T>(work: () => Promise<T>): Promise<T> {
  return fromOutside(work);
}
