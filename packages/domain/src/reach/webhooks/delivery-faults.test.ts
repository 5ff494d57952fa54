import { expect, onTestFinished, test, vi } from 'vitest';
import type { Run } from '../../kernel/ctx.ts';
import { CommitUnknown, DatabaseUnavailable } from '../../kernel/errors.ts';
import { useDatabase } from '../../testing/database.ts';
import { FakeSender, gate, statusOf, WebhookShop } from '../../testing/webhook-shop.ts';
import { giveBack, renewLeases } from './leases.service.ts';
import { recordAttempts } from './recording.service.ts';
import { ATTEMPTS_MAX } from './retry-schedule.ts';
import { HELD_MAX, holdEndpoint, LANES, LEASE_SECONDS, type Taken } from './taking.service.ts';
import { deleteEndpoint, rotateSecret, updateEndpoint } from './webhook-endpoints.service.ts';

const db = useDatabase();
/** Longer than a delivery is let be after any number of workers died with it. */
const LONG_AFTER = LEASE_SECONDS + 601;

async function shopWith(events: number, more: Parameters<WebhookShop['endpoint']>[0] = {}) {
  const shop = new WebhookShop(db);
  const endpoint = await shop.endpoint(more);
  const ids = await shop.announced(events);
  await shop.relayed();
  return { shop, endpoint, ids, sender: new FakeSender() };
}

/** A server during whose third answer something is changed; the others are no faster than it. */
function changing(sender: FakeSender, change: () => Promise<unknown>): void {
  const changed = gate();
  sender.answer = async () => {
    const place = sender.sent.length;
    if (place === 3) await change().finally(changed.open);
    if (place > 3) await changed.opened;
    await new Promise((resolve) => setTimeout(resolve, 30));
    return statusOf(200);
  };
}

/** Recorded by whoever took it, however late. */
const recorded = (shop: WebhookShop, taken: Taken, statusCode: number) =>
  db.app.run(shop.session, async (ctx) => {
    await holdEndpoint(ctx, taken.endpointId);
    const attempt = {
      id: `wha_${taken.id.slice(4)}` as const,
      startedAt: new Date(),
      durationMs: 1,
      statusCode,
      error: statusCode === 200 ? null : 'It failed.',
      responseBody: null,
      isTimeout: false,
      retryAfterSeconds: undefined,
      isOurs: false,
    };
    return recordAttempts(ctx, taken.endpointId, [{ taken, attempt }]);
  });

test('what waits in a worker never goes to the old address with the new secrets', async () => {
  const { shop, endpoint, sender } = await shopWith(2 * HELD_MAX);
  await db.app.run(shop.session, (ctx) => updateEndpoint(ctx, endpoint, { headers: { 'x-token': 'old' } }));
  // More than is held at once: what is taken after the change meets what was taken before it.
  const changed = { url: 'https://new.example.com/hook', headers: { 'x-token': 'new' } };
  changing(sender, () => db.app.run(shop.session, (ctx) => updateEndpoint(ctx, endpoint, changed)));
  await shop.turn(endpoint, sender);
  const went = new Set(sender.sent.map(({ url, headers }) => `${headers['x-token']} ${url}`));
  expect(went).toEqual(new Set(['old https://example.com/hook', 'new https://new.example.com/hook']));
  expect(await shop.counts()).toEqual({ succeeded: 2 * HELD_MAX });
  expect(sender.sent).toHaveLength(2 * HELD_MAX);
});

test('after a rotation no more is signed with the old secret than was about to be sent', async () => {
  const { shop, endpoint, sender } = await shopWith(HELD_MAX);
  let secret = '';
  changing(sender, async () => {
    ({ secret } = await db.app.run(shop.session, (ctx) => rotateSecret(ctx, endpoint, { overlapHours: 0 })));
  });
  await shop.turn(endpoint, sender);
  shop.secrets.set(endpoint, secret);
  for (const request of sender.sent.slice(3 + 3 * LANES)) expect(() => shop.verified(endpoint, request)).not.toThrow();
  expect(await shop.counts()).toEqual({ succeeded: HELD_MAX });
});

test.each([
  [
    'switched off',
    (shop: WebhookShop, id: Taken['endpointId']) =>
      db.app.run(shop.session, (ctx) => updateEndpoint(ctx, id, { status: 'disabled' })),
  ],
  [
    'deleted',
    (shop: WebhookShop, id: Taken['endpointId']) => db.app.run(shop.session, (ctx) => deleteEndpoint(ctx, id)),
  ],
])('an endpoint that is %s is sent no more of what was taken for it', async (_how, ended) => {
  const { shop, endpoint, sender } = await shopWith(HELD_MAX);
  changing(sender, () => ended(shop, endpoint));
  await shop.turn(endpoint, sender);
  expect(sender.sent.length).toBeLessThanOrEqual(3 + 3 * LANES);
  for (const { status, attempts, is_leased } of await shop.deliveries())
    if (status === 'pending') expect([attempts, is_leased]).toEqual([0, false]);
});

test('what was sent before the database went away is recorded when it is back, and nothing is sent meanwhile', async () => {
  const { shop, endpoint, sender } = await shopWith(HELD_MAX);
  let awayUntil = Number.POSITIVE_INFINITY;
  const tries: number[] = [];
  const run: Run = async (session, work) => {
    if (sender.sent.length > 0 && performance.now() < awayUntil) {
      tries.push(sender.sent.length);
      throw new DatabaseUnavailable('away');
    }
    return db.app.run(session, work);
  };
  const turn = shop.turn(endpoint, sender, { run });
  await vi.waitFor(() => expect(tries.length).toBeGreaterThan(5), 10_000); // for longer than a moment
  const sent = sender.sent.length;
  expect(new Set(tries.slice(1))).toEqual(new Set([sent]));
  awayUntil = 0;
  await turn;
  expect(await shop.counts()).toEqual({ succeeded: HELD_MAX });
  expect(sender.sent).toHaveLength(HELD_MAX);
  expect(await shop.attempts()).toHaveLength(HELD_MAX);
}, 20_000);

test('a worker that stops while the database is away does not wait for it', async () => {
  const { shop, endpoint, sender } = await shopWith(2);
  let isStopping = false;
  sender.answer = () => {
    isStopping = true;
    return statusOf(200);
  };
  const run: Run = async (session, work) => {
    if (sender.sent.length > 0) throw new DatabaseUnavailable('away');
    return db.app.run(session, work);
  };
  await expect(shop.turn(endpoint, sender, { run, isStopping: () => isStopping })).rejects.toThrow(DatabaseUnavailable);
}, 15_000);

test('a delivery that kills workers is given up alone: what was taken beside it is delivered', async () => {
  const { shop, endpoint, ids, sender } = await shopWith(30);
  let isDead = false;
  const run: Run = async (session, work) => {
    if (isDead) throw new Error('the worker is dead');
    return db.app.run(session, work);
  };
  sender.answer = ({ headers }) => {
    if (headers['webhook-id'] === ids[4]) isDead = true;
    return statusOf(200);
  };
  for (let died = 0; died < 20; died++) {
    isDead = false;
    await shop.turn(endpoint, sender, { run }).catch(() => undefined);
    await shop.later(LONG_AFTER);
  }
  const deliveries = await shop.deliveries();
  expect(deliveries.map(({ status, event_id }) => [event_id, status])).toEqual(
    ids.map((id, at) => [id, at === 4 ? 'failed' : 'succeeded']),
  );
  for (const { attempts, event_id } of deliveries)
    expect(attempts).toBeLessThanOrEqual(event_id === ids[4] ? ATTEMPTS_MAX : 2);
  const attempts = await shop.attempts();
  const given = deliveries[4];
  expect(given).toMatchObject({ attempts: ATTEMPTS_MAX, last_error: expect.stringContaining('worker stopped') });
  expect(attempts.filter(({ delivery_id }) => delivery_id === given?.id)).toMatchObject([
    { number: 1, status_code: null, error: expect.stringContaining('worker stopped') },
  ]);
});

test('a delivery that workers died of twelve times, with longer and longer pauses, is given up and says why', async () => {
  const { shop, endpoint, sender } = await shopWith(1);
  let seconds = 0;
  for (let died = 0; died < ATTEMPTS_MAX; ) {
    if ((await shop.take(endpoint)).length > 0) died += 1;
    await shop.later(LEASE_SECONDS + 1);
    seconds += LEASE_SECONDS + 1;
  }
  expect(seconds).toBeGreaterThan(1_800);
  await shop.later(LONG_AFTER);
  expect((await shop.turn(endpoint, sender)).outcomes).toEqual([]);
  expect(sender.sent).toEqual([]);
  const error = expect.stringContaining('worker stopped');
  expect(await shop.deliveries()).toMatchObject([
    { status: 'failed', attempts: ATTEMPTS_MAX, last_error: error, is_leased: false },
  ]);
  expect(await shop.attempts()).toMatchObject([{ number: 1, status_code: null, error }]);
});

test('one that is given up does not keep a turn from what stands behind it', async () => {
  const { shop, endpoint, ids, sender } = await shopWith(2, { isOrdered: true });
  await db.admin`update webhook_deliveries set attempts = ${ATTEMPTS_MAX}, leased_until = now() - interval '1 hour',
    due_at = now() - interval '1 hour' where event_id = ${ids[0] ?? ''}`;
  await shop.turn(endpoint, sender);
  expect(sender.ids()).toEqual([ids[1]]);
  expect(await shop.counts()).toEqual({ failed: 1, succeeded: 1 });
});

test('a success of a worker that was thought dead counts, also of what was given up for it', async () => {
  const { shop, endpoint } = await shopWith(2);
  await db.admin`update webhook_deliveries set attempts = ${ATTEMPTS_MAX - 1} where company_id = ${shop.companyId}`;
  const [first, second] = await shop.take(endpoint);
  if (!first || !second) throw new Error('nothing was taken');
  await shop.later(LONG_AFTER);
  expect(await shop.take(endpoint)).toEqual([]);
  expect(await shop.counts()).toEqual({ failed: 2 });
  expect(await recorded(shop, first, 200)).toEqual(['succeeded']);
  expect(await recorded(shop, second, 500)).toEqual(['lost']);
  const told = Object.fromEntries((await shop.deliveries()).map((one) => [one.id, [one.status, one.last_error]]));
  expect(told).toEqual({
    [first.id]: ['succeeded', null],
    [second.id]: ['failed', expect.stringContaining('worker stopped')],
  });
});

test.each([[0], [1]])(
  'a success does not undo what a server asked for that is asked too often (answer %i)',
  async (at) => {
    const { shop, endpoint, sender } = await shopWith(30);
    const both = gate();
    sender.answer = async () => {
      const place = sender.sent.length - 1;
      if (place === 1) both.open();
      await both.opened; // both lanes answer at once, and are recorded together or one after the other
      return place === at ? statusOf(429, 600) : statusOf(200);
    };
    await shop.turn(endpoint, sender);
    expect(sender.sent.length).toBeLessThanOrEqual(2 * LANES);
    expect((await shop.endpointRow(endpoint)).paused_for).toBeGreaterThan(590);
    sender.answer = () => statusOf(200);
    await shop.later(601);
    await shop.turn(endpoint, sender);
    expect(await shop.counts()).toEqual({ succeeded: 30 });
    expect((await shop.endpointRow(endpoint)).paused_for).toBeNull();
  },
);

test('a server that says it is gone is believed, though another request of the same moment went well', async () => {
  const { shop, endpoint } = await shopWith(2);
  const taken = await shop.take(endpoint);
  const attempts = taken.map((one, at) => ({
    taken: one,
    attempt: {
      id: `wha_${one.id.slice(4)}` as const,
      startedAt: new Date(),
      durationMs: 1,
      statusCode: at === 0 ? 410 : 200,
      error: at === 0 ? 'The server answered 410.' : null,
      responseBody: null,
      isTimeout: false,
      retryAfterSeconds: undefined,
      isOurs: false,
    },
  }));
  await db.app.run(shop.session, async (ctx) => {
    await holdEndpoint(ctx, endpoint);
    return recordAttempts(ctx, endpoint, attempts);
  });
  expect(await shop.endpointRow(endpoint)).toMatchObject({ status: 'disabled', disabled_reason: 'gone' });
});

test('what is given back keeps its place in the line, and is not given back for somebody else', async () => {
  const { shop, endpoint } = await shopWith(3);
  await shop.later(500);
  const due = async () => (await shop.deliveries()).map(({ due_in }) => Math.round(due_in / 100));
  const taken = await shop.take(endpoint, 3);
  const back = () =>
    db.app.run(shop.session, async (ctx) => {
      await holdEndpoint(ctx, endpoint);
      await giveBack(ctx, taken);
    });
  await back();
  expect(await due()).toEqual([-5, -5, -5]);
  for (const one of await shop.deliveries()) expect(one).toMatchObject({ attempts: 0, is_leased: false });
  await shop.take(endpoint, 3); // another worker, with the same attempt
  await back();
  for (const one of await shop.deliveries()) expect(one).toMatchObject({ attempts: 1, is_leased: true });
});

test('a take whose commit may have been kept burns no attempt and leaves nothing behind', async () => {
  const { shop, endpoint, sender } = await shopWith(HELD_MAX);
  let isFirst = true;
  const run: Run = async (session, work) => {
    const done = await db.app.run(session, work);
    if (isFirst) {
      isFirst = false;
      throw new CommitUnknown();
    }
    return done;
  };
  await shop.turn(endpoint, sender, { run });
  expect(sender.sent).toHaveLength(HELD_MAX);
  expect(await shop.counts()).toEqual({ succeeded: HELD_MAX });
  for (const { attempts } of await shop.deliveries()) expect(attempts).toBe(1);
});

test('signs of life wait for nobody, and renew what was not taken by others', async () => {
  const { shop, endpoint } = await shopWith(2);
  const [first, second] = await shop.take(endpoint);
  if (!first || !second) throw new Error('nothing was taken');
  await shop.later(3);
  const [isLocked, mayEnd] = [gate(), gate()];
  onTestFinished(mayEnd.open);
  const writer = db.admin.begin(async (sql) => {
    await sql`select id from webhook_deliveries where id = ${first.id} for update`;
    isLocked.open();
    await mayEnd.opened;
  });
  await isLocked.opened;
  await db.app.run(shop.session, (ctx) => renewLeases(ctx, [first, second]));
  mayEnd.open();
  await writer;
  const dueIn = async () => new Map((await shop.deliveries()).map(({ id, due_in }) => [id, due_in]));
  expect((await dueIn()).get(first.id)).toBeLessThan(LEASE_SECONDS - 2);
  expect((await dueIn()).get(second.id)).toBeGreaterThan(LEASE_SECONDS - 2);
  const before = await dueIn();
  await db.app.run(shop.session, (ctx) => renewLeases(ctx, [{ ...first, attempt: first.attempt + 1 }]));
  expect((await dueIn()).get(first.id)).toBeLessThanOrEqual(before.get(first.id) ?? 0);
});

test('what waits behind requests that hang is given back to others, in its place, before its lease ends', async () => {
  const { shop, endpoint, sender } = await shopWith(HELD_MAX);
  await shop.later(500);
  const { open, opened } = gate();
  onTestFinished(open);
  sender.answer = async () => {
    await opened;
    return statusOf(200);
  };
  const turn = shop.turn(endpoint, sender, { forMs: 1_000 });
  const free = async () => (await shop.deliveries()).filter(({ is_leased }) => !is_leased);
  await vi.waitFor(async () => expect(await free()).toHaveLength(HELD_MAX - LANES), 5_000);
  for (const { due_in, attempts } of await free()) expect([due_in < -499, attempts]).toEqual([true, 0]);
  open();
  expect((await turn).isLeft).toBe(true);
});

test('in strict order nothing waits for an event that the endpoint does not want', async () => {
  const shop = new WebhookShop(db);
  const endpoint = await shop.endpoint({ isOrdered: true, eventTypes: ['order.*'] });
  const [other] = await shop.announced(1, { type: 'product.created' });
  const [wanted] = await shop.announced(1);
  await shop.relayed();
  await db.admin`update events set dispatched_at = null where id = ${other ?? ''}`;
  const sender = new FakeSender();
  await shop.turn(endpoint, sender);
  expect(sender.ids()).toEqual([wanted]);
});
