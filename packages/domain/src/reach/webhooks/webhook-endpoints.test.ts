import { expect, test } from 'vitest';
import { rotateDataKey } from '../../company/secrets/secrets.service.ts';
import { lookingOnly, type Run } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, warmUp } from '../../testing/people.ts';
import { givenWebhooks } from '../../testing/webhooks.ts';
import { endpointHeaders, signingSecrets } from './endpoint-secrets.service.ts';
import { type EndpointPatch, newEndpoint } from './webhook-endpoints.contract.ts';
import { EndpointLimitReached } from './webhook-endpoints.errors.ts';
import { addEndpoint, changeEndpoint } from './webhook-endpoints.flow.ts';
import {
  deleteEndpoint,
  disableEndpoint,
  ENDPOINTS_MAX,
  getEndpoint,
  listEndpoints,
  rotateSecret,
  updateEndpoint,
} from './webhook-endpoints.service.ts';

const db = useDatabase();
const HOUR_MS = 3_600_000;
const run: Run = (session, work) => db.app.run(session, work);

async function given() {
  const shop = await givenShop(db);
  const session = await shop.as(await shop.hire('owner'));
  const webhooks = givenWebhooks(db, session);
  const secretsOf = (id: Id<'wep'>) => run(session, (ctx) => signingSecrets(ctx, { id }));
  return {
    ...shop,
    ...webhooks,
    session,
    secretsOf,
    headersOf: (id: Id<'wep'>) => run(session, async (ctx) => endpointHeaders(ctx, await getEndpoint(ctx, id))),
    patch: (id: Id<'wep'>, patch: EndpointPatch, version?: number) =>
      run(session, (ctx) => updateEndpoint(ctx, id, patch, version)),
    rotate: (id: Id<'wep'>, overlapHours = 24) => run(session, (ctx) => rotateSecret(ctx, id, { overlapHours })),
    get: (id: Id<'wep'>) => run(session, (ctx) => getEndpoint(ctx, id)),
    /** Everything the database holds of this company that is not sealed, as one text. */
    everything: async () => {
      const [row] = await db.admin<{ text: string }[]>`
        select (select jsonb_agg(e) from events e where company_id = ${shop.companyId})::text
          || (select jsonb_agg(a) from audit_entries a where company_id = ${shop.companyId})::text
          || (select jsonb_agg(w) from webhook_endpoints w where company_id = ${shop.companyId})::text
          || (select jsonb_agg(s) from company_secrets s where company_id = ${shop.companyId})::text as text`;
      return row?.text ?? '';
    },
  };
}

test('the secret is shown when it is made and never again, nor are the values of headers', async () => {
  const { session, endpoint, secretsOf, headersOf, everything, eventsOf, auditOf, patch } = await given();
  const headers = { Authorization: 'Bearer very-secret-token' };
  const made = await endpoint({ headers });
  expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(made).toMatchObject({
    headerNames: ['authorization'],
    status: 'enabled',
    version: 1,
    secretLastFour: made.secret.slice(-4),
  });
  await patch(made.id, { description: 'Changed' });
  const shown = JSON.stringify(
    await run(session, async (ctx) => [await getEndpoint(ctx, made.id), await listEndpoints(ctx, { limit: 20 })]),
  );
  for (const told of [shown, await everything()]) {
    expect(told).not.toContain(made.secret.slice(6, -1));
    expect(told).not.toContain('very-secret-token');
  }
  expect(shown).toContain(made.secretFingerprint);
  expect(await secretsOf(made.id)).toEqual([made.secret]);
  expect(await headersOf(made.id)).toEqual({ authorization: 'Bearer very-secret-token' });
  expect((await eventsOf(made.id)).map(({ type, sequence }) => [type, sequence])).toEqual([
    ['webhook_endpoint.created', 1],
    ['webhook_endpoint.updated', 2],
  ]);
  expect(await auditOf(made.id)).toEqual(['webhook_endpoint.created', 'webhook_endpoint.updated']);
});

test('headers are merged by name, and null removes one', async () => {
  const { endpoint, patch, headersOf } = await given();
  const { id } = await endpoint({ headers: { 'X-One': '1', 'x-two': '2' } });
  expect(await patch(id, { headers: { 'X-TWO': 'zwei', 'x-three': '3' } })).toMatchObject({
    headerNames: ['x-one', 'x-three', 'x-two'],
  });
  expect(await headersOf(id)).toEqual({ 'x-one': '1', 'x-two': 'zwei', 'x-three': '3' });
  await patch(id, { headers: { 'x-one': null, 'x-two': null, 'x-three': null } });
  expect(await headersOf(id)).toEqual({});
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`x-${at}`, 'x']));
  await patch(id, { headers: many });
  await expect(patch(id, { headers: { 'x-more': '1' } })).rejects.toMatchObject({ faults: [{ pointer: '/headers' }] });
});

test('a rotation signs with both secrets for its overlap, and the one before that ends', async () => {
  const { session, endpoint, rotate, secretsOf, get } = await given();
  const { id, secret: first } = await endpoint();
  const second = await rotate(id);
  expect(second.secret).not.toBe(first);
  expect(Date.parse(second.previousSecretUntil ?? '') - Date.now()).toBeGreaterThan(23 * HOUR_MS);
  expect(await secretsOf(id)).toEqual([second.secret, first]);
  const third = await rotate(id, 1);
  expect(await secretsOf(id)).toEqual([third.secret, second.secret]);
  await run(session, async (ctx) => {
    await rotateDataKey(ctx);
  });
  expect(await secretsOf(id)).toEqual([third.secret, second.secret]);
  await db.admin`update webhook_endpoints set previous_secret_until = now() where id = ${id}`;
  expect(await secretsOf(id)).toEqual([third.secret]);
  expect(await get(id)).toMatchObject({ previousSecretUntil: null, version: 3 });
  const fourth = await rotate(id, 0);
  expect(await secretsOf(id)).toEqual([fourth.secret]);
  const names = await db.admin`select name from company_secrets where company_id = ${session.companyId} order by name`;
  expect(names.map(({ name }) => name)).toEqual([`webhook-endpoint.${id}`]);
});

test('of rotations at once the last two secrets sign, and each of them was told to somebody', async () => {
  const { endpoint, rotate, secretsOf } = await given();
  const { id } = await endpoint();
  await warmUp(db);
  const told = await Promise.all(Array.from({ length: 5 }, () => rotate(id)));
  const [newest, previous, ...more] = await secretsOf(id);
  expect(more).toEqual([]);
  const bySecret = new Map(told.map(({ secret, version }) => [secret, version]));
  expect([bySecret.get(newest ?? ''), bySecret.get(previous ?? '')]).toEqual([6, 5]);
});

test('deliveries are never signed by a new secret without the one before it, whatever happens meanwhile', async () => {
  const { endpoint, rotate, secretsOf } = await given();
  const { id, secret } = await endpoint();
  await warmUp(db);
  const [, ...seen] = await Promise.all([rotate(id), ...Array.from({ length: 30 }, () => secretsOf(id))]);
  for (const secrets of seen) expect(secrets).toContain(secret);
});

test('there are so many endpoints and no more, also when several are made at once; a deleted one does not count', async () => {
  const { session, endpoint } = await given();
  const first = await endpoint();
  for (let at = 2; at < ENDPOINTS_MAX; at++) await endpoint();
  await warmUp(db);
  const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => endpoint()));
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  expect(refused).toHaveLength(3);
  for (const why of refused) expect(why).toBeInstanceOf(EndpointLimitReached);
  await run(session, (ctx) => deleteEndpoint(ctx, first.id));
  await endpoint();
  const { data } = await run(session, (ctx) => listEndpoints(ctx, { limit: 100 }));
  expect(data).toHaveLength(ENDPOINTS_MAX);
});

test('another company neither sees nor touches an endpoint, nor signs with its secret', async () => {
  const { endpoint, get } = await given();
  const other = await given();
  const { id, url } = await endpoint();
  const outcomes = await Promise.allSettled([
    other.get(id),
    other.patch(id, { url: 'https://evil.example.com' }),
    other.rotate(id),
    run(other.session, (ctx) => deleteEndpoint(ctx, id)),
  ]);
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toEqual(
    outcomes.map(() => expect.any(NotFound)),
  );
  expect(await run(other.session, (ctx) => disableEndpoint(ctx, id, 'gone', null))).toBe(false);
  expect(await other.secretsOf(id)).toEqual([]);
  expect(await get(id)).toMatchObject({ url, version: 1, status: 'enabled' });
});

test('a change under an old version is refused and changes nothing', async () => {
  const { session, endpoint, patch, get } = await given();
  const { id } = await endpoint();
  expect(await patch(id, { events: ['*', '*'], ordered: true }, 1)).toMatchObject({
    events: ['*'],
    ordered: true,
    version: 2,
  });
  await expect(patch(id, { ordered: false }, 1)).rejects.toBeInstanceOf(VersionStale);
  await expect(run(session, (ctx) => deleteEndpoint(ctx, id, 1))).rejects.toBeInstanceOf(VersionStale);
  expect(await get(id)).toMatchObject({ ordered: true, version: 2 });
});

/** Three deliveries: one waits, one is in a worker's hands, one has ended. And an endpoint that fares badly. */
async function givenTrouble() {
  const shop = await given();
  const { id } = await shop.endpoint();
  const [waits, held, done] = await shop.events(3);
  const row = { company_id: shop.companyId, endpoint_id: id, event_type: 'order.paid', attempts: 3 };
  const later = new Date(Date.now() + HOUR_MS);
  const rows = [
    {
      ...row,
      id: 'whd_01h455vb4pex5vsknk084sn021',
      event_id: waits,
      status: 'pending',
      due_at: later,
      leased_until: null,
    },
    {
      ...row,
      id: 'whd_01h455vb4pex5vsknk084sn022',
      event_id: held,
      status: 'pending',
      due_at: later,
      leased_until: later,
    },
    {
      ...row,
      id: 'whd_01h455vb4pex5vsknk084sn023',
      event_id: done,
      status: 'succeeded',
      due_at: later,
      leased_until: null,
    },
  ];
  await db.admin`insert into webhook_deliveries ${db.admin(rows)}`;
  await db.admin`update webhook_endpoints set failures_in_a_row = 40, failing_since = now() - interval '1 day',
    paused_until = now() + interval '1 minute' where id = ${id}`;
  return { ...shop, id };
}

test('switched off and on again an endpoint has forgotten its failures, and what waits is due; what a worker holds stays', async () => {
  const { id, patch, deliveries, eventsOf } = await givenTrouble();
  expect(await patch(id, { status: 'disabled' })).toMatchObject({ status: 'disabled', disabledReason: 'by_hand' });
  expect((await deliveries(id)).map(({ status, is_due }) => [status, is_due])).toEqual([
    ['pending', false],
    ['pending', false],
    ['succeeded', false],
  ]);
  expect(await patch(id, { status: 'disabled' })).toMatchObject({ disabledReason: 'by_hand', version: 3 });
  db.committed.length = 0;
  expect(await patch(id, { status: 'enabled' })).toMatchObject({
    status: 'enabled',
    disabledReason: null,
    disabledAt: null,
    failingSince: null,
    pausedUntil: null,
  });
  expect(db.committed).toMatchObject([{ nudged: true }]);
  expect((await deliveries(id)).map(({ status, is_due, attempts }) => [status, is_due, attempts])).toEqual([
    ['pending', true, 3],
    ['pending', false, 3],
    ['succeeded', false, 3],
  ]);
  const [health] = await db.admin`select failures_in_a_row from webhook_endpoints where id = ${id}`;
  expect(health).toEqual({ failures_in_a_row: 0 });
  expect((await eventsOf(id)).map(({ type, sequence }) => [type, sequence])).toEqual([
    ['webhook_endpoint.created', 1],
    ['webhook_endpoint.updated', 2],
    ['webhook_endpoint.disabled', 3],
    ['webhook_endpoint.updated', 4],
    ['webhook_endpoint.updated', 5],
  ]);
});

test('with another address it begins anew as well', async () => {
  const { id, patch, deliveries } = await givenTrouble();
  await patch(id, { description: 'Still the same server' });
  expect((await deliveries(id))[0]?.is_due).toBe(false);
  expect(await patch(id, { url: 'https://new.example.com' })).toMatchObject({ failingSince: null, pausedUntil: null });
  expect((await deliveries(id))[0]?.is_due).toBe(true);
});

test('an endpoint that is switched off for its answers says so once, with the reason and since when', async () => {
  const { id, system, get, auditOf } = await givenTrouble();
  const off = () => run(system, (ctx) => disableEndpoint(ctx, id, 'failing', 'The server answered 500.'));
  await warmUp(db);
  expect((await Promise.all([off(), off(), off()])).filter(Boolean)).toHaveLength(1);
  expect(await get(id)).toMatchObject({ status: 'disabled', disabledReason: 'failing', pausedUntil: null });
  const told =
    await db.admin`select data from events where aggregate_id = ${id} and type = 'webhook_endpoint.disabled'`;
  expect(told).toEqual([
    {
      data: {
        endpoint: expect.objectContaining({ id, status: 'disabled', failingSince: expect.any(String) }),
        reason: 'failing',
        detail: 'The server answered 500.',
      },
    },
  ]);
  expect(await auditOf(id)).toContain('webhook_endpoint.disabled');
});

test('a deleted endpoint is gone with its secrets, and what was on its way ends with the reason', async () => {
  const { id, session, deliveries, get, secretsOf, rotate, patch } = await givenTrouble();
  await rotate(id);
  await patch(id, { headers: { authorization: 'Bearer x' } });
  await run(session, (ctx) => deleteEndpoint(ctx, id));
  await expect(get(id)).rejects.toBeInstanceOf(NotFound);
  await expect(run(session, (ctx) => deleteEndpoint(ctx, id))).rejects.toBeInstanceOf(NotFound);
  expect(await secretsOf(id)).toEqual([]);
  expect(await db.admin`select 1 from company_secrets where company_id = ${session.companyId}`).toHaveLength(0);
  expect((await deliveries(id)).map(({ status }) => status)).toEqual(['failed', 'failed', 'succeeded']);
  const [row] =
    await db.admin`select last_error, ended_at from webhook_deliveries where endpoint_id = ${id} and status = 'failed'`;
  expect(row).toMatchObject({ last_error: 'The endpoint was deleted.', ended_at: expect.any(Date) });
});

test('an address that is not for us to ask is refused at its field, before anything is written', async () => {
  const { session, endpoint, get } = await given();
  const asked: string[] = [];
  const sender = {
    refusal: async (url: string) => {
      asked.push(url);
      return url.includes('internal') ? 'This address is not on the public internet.' : undefined;
    },
  };
  const wish = newEndpoint.parse({ url: 'https://internal.example.com', events: ['*'] });
  const refusal = await addEndpoint(db.app.run, sender, session, wish).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(InvalidInput);
  expect(refusal).toMatchObject({
    status: 400,
    faults: [{ pointer: '/url', message: 'This address is not on the public internet.' }],
  });
  const { id, url } = await endpoint();
  const change = (patch: EndpointPatch) => changeEndpoint(db.app.run, sender, session, id, patch);
  await expect(change({ url: 'https://internal.example.com' })).rejects.toBeInstanceOf(InvalidInput);
  await change({ url, description: 'The same address is not asked again' });
  expect(asked).toEqual(['https://internal.example.com', 'https://internal.example.com']);
  expect(await get(id)).toMatchObject({ url, version: 2 });
});

test('a request that is repeated gets the same secret, and makes no second endpoint', async () => {
  const { session } = await given();
  let refused = false;
  const sender = { refusal: async () => (refused ? 'The name is gone.' : undefined) };
  const wish = newEndpoint.parse({ url: 'https://erp.example.com', events: ['*'] });
  const claimed = () => ({ ...session, idempotency: { key: 'once', route: 'POST /x', digest: 'a' } });
  const made = await addEndpoint(db.app.run, sender, claimed(), wish);
  refused = true;
  await expect(addEndpoint(db.app.run, sender, claimed(), wish)).rejects.toMatchObject({ answer: made });
  expect((await run(lookingOnly(session), (ctx) => listEndpoints(ctx, { limit: 20 }))).data).toHaveLength(1);
});
