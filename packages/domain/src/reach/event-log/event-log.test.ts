import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { type Run, systemSession } from '../../kernel/ctx.ts';
import { allEvents, defineEvent } from '../../kernel/events.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import { emit, eventRow } from '../../kernel/outbox.ts';
import { useDatabase } from '../../testing/database.ts';
import { eventBody } from './event-body.ts';
import { eventsQuery, eventTypesQuery } from './event-log.contract.ts';
import { STREAMS_MAX, type Watching, watchEvents } from './event-log.flow.ts';
import { getEvent, listEvents, mayStillListen } from './event-log.service.ts';
import { eventPattern, eventPatterns } from './event-patterns.ts';
import { listEventTypes } from './event-types.ts';

const db = useDatabase();
const shape = z.object({ lamp: z.object({ name: z.string() }) });
const more = { about: 'A lamp was lit.', sample: { lamp: { name: 'one' } } };
const lit = defineEvent('lamp.lit', shape, more);
const broken = defineEvent('lamp.broken', shape, { ...more, about: 'A lamp broke.' });
const rung = defineEvent('bell.rung', shape, { ...more, about: 'A bell was rung.' });

const FAST: Watching = { pollMs: { least: 5, most: 20 }, heartbeatMs: 60, standingMs: 20, lifeMs: 60_000 };
const NOTHING = { types: undefined, lastEventId: undefined };

const open: AsyncIterableIterator<string>[] = [];
afterEach(async () => {
  for (const stream of open.splice(0)) await stream.return?.();
});

const newShop = () => systemSession(newId('com'), 'test');
type Shop = ReturnType<typeof newShop>;

let count = 0;
const happen = (shop: Shop, event: typeof lit = lit): Promise<Id<'evt'>> =>
  db.app.run(shop, (ctx) =>
    emit(ctx, event, { aggregate: { id: 'lamp_1', sequence: ++count }, data: { lamp: { name: `lamp ${count}` } } }),
  );

/** A listener of a shop: the ids it is told, one after the other, each as soon as it comes. */
async function listen(shop: Shop, request: Partial<Parameters<typeof watchEvents>[2]> = {}, watching = FAST) {
  const stream = watchEvents(db.app.run, shop, { ...NOTHING, ...request }, { watching });
  open.push(stream);
  expect((await stream.next()).value).toBe('retry: 1000\n\n');
  const next = async (): Promise<string | undefined> => {
    for (;;) {
      const { done, value } = await stream.next();
      if (done) return undefined;
      const id = /^id: (\S+)$/m.exec(value)?.[1];
      if (id) return id;
    }
  };
  return { stream, next };
}

const list = (shop: Shop, query: Record<string, string> = {}) =>
  db.app.run(shop, (ctx) => listEvents(ctx, eventsQuery.parse(query)));
const idsOf = async (shop: Shop, query: Record<string, string> = {}) =>
  (await list(shop, query)).data.map(({ id }) => id);

test('events are listed from the newest on, page by page, and each can be had', async () => {
  const shop = newShop();
  const ids = [await happen(shop), await happen(shop, broken), await happen(shop, rung)].reverse();
  const first = await list(shop, { limit: '2' });
  expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  expect(await idsOf(shop, { limit: '2', after: first.page.next ?? '' })).toEqual(ids.slice(2));
  const [event] = first.data;
  expect(event).toMatchObject({
    type: 'bell.rung',
    version: 1,
    aggregateId: 'lamp_1',
    test: false,
    dispatchedAt: null,
  });
  expect(await db.app.run(shop, (ctx) => getEvent(ctx, ids[0] ?? 'evt_'))).toEqual(event);
  await expect(db.app.run(newShop(), (ctx) => getEvent(ctx, ids[0] ?? 'evt_'))).rejects.toThrow('no such event');
});

test('they are found by type, noun, subject and time', async () => {
  const shop = newShop();
  const [one, two, three] = [await happen(shop), await happen(shop, broken), await happen(shop, rung)];
  expect(await idsOf(shop, { type: 'lamp.lit' })).toEqual([one]);
  expect(await idsOf(shop, { type: 'lamp.*' })).toEqual([two, one]);
  expect(await idsOf(shop, { type: 'lamp.*,bell.rung' })).toEqual([three, two, one]);
  expect(await idsOf(shop, { type: '*' })).toEqual([three, two, one]);
  const page = await list(shop, { type: 'lamp.*,bell.rung', limit: '1' });
  expect(await idsOf(shop, { type: 'lamp.*,bell.rung', after: page.page.next ?? '' })).toEqual([two, one]);
  expect(await idsOf(shop, { aggregateId: 'lamp_1', type: 'bell.*' })).toEqual([three]);
  expect(await idsOf(shop, { aggregateId: 'lamp_2' })).toEqual([]);
  const { timestamp } = await db.app.run(shop, (ctx) => getEvent(ctx, two ?? 'evt_'));
  expect(await idsOf(shop, { createdGte: timestamp, createdLte: timestamp })).toEqual([two]);
});

test('a type nobody declared is refused, and the nearest is named', () => {
  const words = (given: string) => eventPattern.safeParse(given).error?.issues[0]?.message;
  expect(words('lamp.litt')).toContain('Did you mean lamp.lit?');
  expect(words('lamps.*')).toContain('Did you mean lamp.*?');
  expect(words('lamp')).toContain('Did you mean lamp.*?');
  expect(eventPatterns.safeParse('lamp.lit,,bell.*').success).toBe(false);
  expect(eventPatterns.parse('lamp.lit, bell.*')).toEqual(['lamp.lit', 'bell.*']);
});

test('made-up events are in the list only when they are asked for', async () => {
  const shop = newShop();
  const real = await happen(shop);
  const made = await happen(shop);
  await db.admin`update events set is_test = true where id = ${made}`;
  expect(await idsOf(shop)).toEqual([real]);
  expect(await idsOf(shop, { test: 'true' })).toEqual([made]);
});

test('the catalogue has a sentence, a sample and a JSON Schema of each', () => {
  const { data } = listEventTypes(eventTypesQuery.parse({ type: 'lamp.*' }));
  expect(data).toEqual([
    expect.objectContaining({ type: 'lamp.broken', version: 1, description: 'A lamp broke.' }),
    expect.objectContaining({ type: 'lamp.lit', sample: { lamp: { name: 'one' } } }),
  ]);
  expect(data[0]?.schema).toMatchObject({ type: 'object', required: ['lamp'] });
  expect(listEventTypes({}).data).toHaveLength(allEvents().length);
});

test('a listener is told what happens from then on, as a webhook would tell it', async () => {
  const shop = newShop();
  await happen(shop);
  const { stream } = await listen(shop);
  const id = await happen(shop);
  let piece = '';
  while (!piece.includes('data:')) piece = (await stream.next()).value;
  const { timestamp } = await db.app.run(shop, (ctx) => getEvent(ctx, id));
  const data = { lamp: { name: `lamp ${count}` } };
  const body = JSON.stringify({ id, type: 'lamp.lit', timestamp, sequence: count, data });
  expect(piece).toBe(`id: ${id}\nevent: lamp.lit\ndata: ${body}\n\n`);
});

test('the text of a made-up event says so', () => {
  const event = {
    id: 'evt_1',
    type: 'lamp.lit',
    sequence: 1,
    data: {},
    createdAt: '2026-11-21T09:00:00.000Z',
  } as const;
  expect(JSON.parse(eventBody({ ...event, isTest: true }))).toHaveProperty('test', true);
  expect(JSON.parse(eventBody({ ...event, isTest: false }))).not.toHaveProperty('test');
});

test('an event that commits behind later ones is told, and none twice', async () => {
  const shop = newShop();
  const { next } = await listen(shop);
  let commit = () => {};
  const held = new Promise<void>((resolve) => {
    commit = resolve;
  });
  let late: Id<'evt'> = 'evt_';
  let hasId = () => {};
  const written = new Promise<void>((resolve) => {
    hasId = resolve;
  });
  const slow = db.app.run(shop, async (ctx) => {
    late = await emit(ctx, lit, { aggregate: { id: 'lamp_2', sequence: 1 }, data: { lamp: { name: 'late' } } });
    hasId();
    await held;
  });
  await written;
  const quick = [await happen(shop), await happen(shop)];
  expect(quick.every((id) => id > late)).toBe(true);
  expect([await next(), await next()]).toEqual(quick);
  commit();
  await slow;
  expect(await next()).toBe(late);
  const last = await happen(shop);
  expect(await next()).toBe(last);
});

test('whoever comes back is told what came meanwhile, also what committed behind the event they had last', async () => {
  const shop = newShop();
  const first = await happen(shop);
  const last = await happen(shop);
  const missed = [await happen(shop), await happen(shop)];
  const { next } = await listen(shop, { lastEventId: last });
  // At least once: the half minute before comes again, for something of it may have committed since.
  expect([await next(), await next(), await next()]).toEqual([first, ...missed]);
  expect(await happen(shop)).toBe(await next());
  expect(() => watchEvents(db.app.run, shop, { ...NOTHING, lastEventId: 'evt_nonsense' })).toThrow('id of an event');
});

test('more than one piece of the past is told whole and in order', async () => {
  const shop = newShop();
  const last = await happen(shop);
  const ids: string[] = [];
  await db.app.run(shop, async (ctx) => {
    for (let i = 0; i < 1_100; i++)
      ids.push(await emit(ctx, lit, { aggregate: { id: 'lamp_1', sequence: i }, data: { lamp: { name: 'x' } } }));
  });
  const { next } = await listen(shop, { lastEventId: last });
  const told: (string | undefined)[] = [];
  for (const _ of ids) told.push(await next());
  expect(told).toEqual(ids);
});

test('a listener hears its own company, the types it asked for, and no trial of one endpoint', async () => {
  const [mine, theirs] = [newShop(), newShop()];
  const { next } = await listen(mine, { types: ['bell.*'] });
  await happen(theirs, rung);
  await happen(mine, lit);
  const announced = { aggregate: { id: 'lamp_3', sequence: 1 }, data: { lamp: { name: 'trial' } } };
  await db.app.run(mine, (ctx) =>
    ctx.tx.insert(events).values({ ...eventRow(ctx, rung, announced), isTest: true, endpointId: newId('wep') }),
  );
  const id = await happen(mine, rung);
  expect(await next()).toBe(id);
});

test('while nothing happens a comment keeps the connection', async () => {
  const { stream } = await listen(newShop());
  expect((await stream.next()).value).toBe(': still there\n\n');
});

test('a stream ends after its time, when the process stops, and when the listener may not listen any more', async () => {
  const shop = newShop();
  expect(await (await listen(shop, {}, { ...FAST, lifeMs: 50 })).next()).toBeUndefined();
  let isStopping = false;
  const stream = watchEvents(db.app.run, shop, NOTHING, { watching: FAST, isStopping: () => isStopping });
  await stream.next();
  isStopping = true;
  for await (const piece of stream) expect(piece).toBe(': still there\n\n');
  const stranger: Shop = { ...shop, actor: { type: 'staff', id: newId('stf') }, staffSessionId: newId('ses') };
  expect(await watchEvents(db.app.run, stranger, NOTHING).next()).toMatchObject({ done: true });
  // Nor is anybody told what they missed who lost the right meanwhile.
  const last = await happen(shop);
  await happen(shop);
  const back = watchEvents(db.app.run, stranger, { ...NOTHING, lastEventId: last });
  expect(await back.next()).toMatchObject({ done: true });
});

test('a company has a few streams at once, and one that nobody read gives its place back', async () => {
  const shop = newShop();
  const streams = Array.from({ length: STREAMS_MAX }, () => watchEvents(db.app.run, shop, NOTHING));
  expect(() => watchEvents(db.app.run, shop, NOTHING)).toThrow(`At most ${STREAMS_MAX} streams`);
  const other = watchEvents(db.app.run, newShop(), NOTHING);
  await streams[0]?.return?.();
  await streams[0]?.return?.();
  streams.push(watchEvents(db.app.run, shop, NOTHING));
  expect(() => watchEvents(db.app.run, shop, NOTHING)).toThrow('At most');
  for (const stream of [...streams, other]) await stream.return?.();
});

test('catching up ends in the middle of a page when the right to listen was taken, and when its time is over', async () => {
  const shop = newShop();
  const last = await happen(shop);
  await db.app.run(shop, async (ctx) => {
    for (let i = 0; i < 1_100; i++)
      await emit(ctx, lit, { aggregate: { id: 'lamp_1', sequence: i }, data: { lamp: { name: 'x' } } });
  });
  let may = true;
  const run: Run = async (session, work) => {
    const done = await db.app.run(session, work);
    return (work as unknown) === mayStillListen ? (may as typeof done) : done; // which is what that service answers
  };
  const request = { ...NOTHING, lastEventId: last };
  const one = watchEvents(run, shop, request, { watching: { ...FAST, standingMs: 0 } });
  for (let pieces = 0; pieces < 5; pieces++) expect((await one.next()).done).toBe(false);
  may = false;
  expect((await one.next()).done).toBe(true);
  may = true;
  const other = watchEvents(run, shop, request, { watching: { ...FAST, lifeMs: 500 } });
  expect((await other.next()).value).toContain('retry');
  await expect.poll(async () => (await other.next()).done, { interval: 50 }).toBe(true);
});

test('a reader that stops reading loses its place when the time is over or the process stops, and can be cut off', async () => {
  const shop = newShop();
  let isStopping = false;
  const hung = (watching: Watching) =>
    watchEvents(db.app.run, shop, NOTHING, { watching, isStopping: () => isStopping });
  for (const end of ['time', 'stop']) {
    const lifeMs = end === 'time' ? 300 : 60_000;
    const streams = Array.from({ length: STREAMS_MAX }, () => hung({ ...FAST, lifeMs }));
    await Promise.all(streams.map((stream) => stream.next()));
    expect(() => hung(FAST)).toThrow('At most');
    if (end === 'stop') isStopping = true;
    await expect.poll(() => streams.every(({ over }) => over.aborted), { timeout: 5_000 }).toBe(true);
    open.push(hung(FAST));
    expect(() => open.push(...streams.slice(1).map(() => hung(FAST)))).not.toThrow();
    for (const stream of open.splice(0)) await stream.return?.();
  }
});

test('more than one look takes is told whole, in order and once', async () => {
  const shop = newShop();
  const last = await happen(shop);
  const count = 11_000;
  const beginning = newId('evt').slice(0, 'evt_'.length + 10);
  const rows = await db.admin<{ id: string }[]>`
    insert into events (company_id, id, type, version, aggregate_id, sequence, data)
    select ${shop.companyId}, ${beginning} || lpad(to_hex(n), 16, '0'), 'lamp.lit', 1, 'lamp_1', n, '{"lamp":{"name":"x"}}'
    from generate_series(1, ${count}::int) n order by n returning id`;
  const { next } = await listen(shop, { lastEventId: last });
  const told: (string | undefined)[] = [];
  for (const _ of rows) told.push(await next());
  const after = await happen(shop);
  expect(await next()).toBe(after);
  expect(new Set(told).size).toBe(count);
  expect(told).toEqual(rows.map(({ id }) => id).sort());
}, 60_000);
