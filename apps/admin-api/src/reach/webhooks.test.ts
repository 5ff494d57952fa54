import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { bootAdmin, register } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);

interface Made {
  id: string;
  secret: string;
  version: number;
}
interface Faulty {
  code: string;
  detail: string;
  errors: { pointer: string; code: string; message: string }[];
}

// A public address, so that no name has to be looked up.
const URL = 'https://8.8.8.8/souk';

async function given() {
  const { tokens } = await register(admin);
  return <T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => admin.call<T>(method, path, { token: tokens.accessToken, body, headers });
}

test('an endpoint is made, read, changed under its version, and deleted over HTTP; its secret is shown once', async () => {
  const call = await given();
  const body = {
    url: URL,
    events: ['order.*'],
    description: 'Warehouse',
    headers: { Authorization: 'Bearer top-secret' },
  };
  const made = await call<Made>('POST', '/v1/webhook-endpoints', body);
  expect(made).toMatchObject({
    status: 201,
    body: { events: ['order.*'], headerNames: ['authorization'], version: 1 },
  });
  const path = `/v1/webhook-endpoints/${made.body.id}`;
  for (const answer of [await call('GET', path), await call('GET', '/v1/webhook-endpoints')]) {
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(made.body.id);
    expect(answer.text).not.toMatch(/whsec_|top-secret/);
  }
  expect(await call('PATCH', path, { ordered: true }, { 'if-match': '"2"' })).toMatchObject({ status: 412 });
  const changed = await call('PATCH', path, { ordered: true, status: 'disabled' }, { 'if-match': '"1"' });
  expect(changed).toMatchObject({ status: 200, body: { ordered: true, status: 'disabled', version: 2 } });
  expect(await call('GET', '/v1/webhook-endpoints?status=enabled')).toMatchObject({ body: { data: [] } });
  expect(await call('DELETE', path, undefined, { 'if-match': '"1"' })).toMatchObject({ status: 412 });
  expect(await call('DELETE', path)).toMatchObject({ status: 204 });
  expect(await call('GET', path)).toMatchObject({ status: 404 });
});

test('addresses that are not for us to ask are refused at /url, with the reason, made or changed', async () => {
  const call = await given();
  const { body: made } = await call<Made>('POST', '/v1/webhook-endpoints', { url: URL, events: ['*'] });
  const refused = [
    'http://8.8.8.8/',
    'https://10.0.0.1/',
    'https://0x7f.1/',
    'https://[fd00::1]/',
    'https://169.254.169.254/',
  ];
  for (const url of refused) {
    const answers = [
      await call<Faulty>('POST', '/v1/webhook-endpoints', { url, events: ['*'] }),
      await call<Faulty>('PATCH', `/v1/webhook-endpoints/${made.id}`, { url }),
    ];
    for (const { status, body } of answers) {
      expect([url, status, body.errors[0]?.pointer]).toEqual([url, 400, '/url']);
      expect(body.errors[0]?.message).toMatch(/^[A-Z].{10,}/);
    }
  }
});

test('what is wrong is named by its field, and a pattern of nothing by what may have been meant', async () => {
  const call = await given();
  const body = { url: URL, events: ['order.payed'], headers: { host: 'x' }, odd: 1 };
  const answer = await call<Faulty>('POST', '/v1/webhook-endpoints', body);
  expect(answer.status).toBe(400);
  const pointers = answer.body.errors.map(({ pointer }) => pointer);
  expect(pointers).toEqual(expect.arrayContaining(['/events/0', '/headers/host', '/odd']));
  expect(answer.text).toContain('Did you mean order.paid');
});

test('a secret is rotated, and a repeated rotation under its key is the same one', async () => {
  const call = await given();
  const { body: made } = await call<Made>('POST', '/v1/webhook-endpoints', { url: URL, events: ['*'] });
  const path = `/v1/webhook-endpoints/${made.id}/secret-rotation`;
  const first = await call<Made>('POST', path, { overlapHours: 1 }, { 'idempotency-key': 'r1' });
  expect(first).toMatchObject({ status: 201, body: { previousSecretUntil: expect.any(String), version: 2 } });
  expect(first.body.secret).not.toBe(made.secret);
  const again = await call<Made>('POST', path, { overlapHours: 1 }, { 'idempotency-key': 'r1' });
  expect([again.status, again.text]).toEqual([201, first.text]);
  expect(await call('POST', path, { overlapHours: 169 })).toMatchObject({ status: 400 });
  expect(await call('POST', path, {})).toMatchObject({ status: 201, body: { version: 3 } });
});

test('a test event is sent, shown in the log with what it carries, and sent again', async () => {
  const call = await given();
  const { body: made } = await call<Made>('POST', '/v1/webhook-endpoints', { url: URL, events: ['order.paid'] });
  const sent = await call<{ eventId: string; deliveryId: string }>(
    'POST',
    `/v1/webhook-endpoints/${made.id}/test-events`,
    {},
  );
  expect(sent).toMatchObject({ status: 202, body: { type: 'order.paid', endpointCount: 1 } });
  const { eventId, deliveryId } = sent.body;
  const log = `/v1/webhook-deliveries?endpointId=${made.id}&eventId=${eventId}&eventType=order.*&status=pending`;
  expect(await call('GET', log)).toMatchObject({
    status: 200,
    body: { data: [{ id: deliveryId, eventType: 'order.paid' }] },
  });
  const shown = await call('GET', `/v1/webhook-deliveries/${deliveryId}`);
  expect(shown).toMatchObject({
    status: 200,
    body: {
      attempts: [],
      payload: { id: eventId, type: 'order.paid', test: true, data: { order: expect.any(Object) } },
    },
  });
  expect(await call('POST', `/v1/webhook-deliveries/${deliveryId}/redelivery`)).toMatchObject({
    status: 202,
    body: { status: 'pending', redeliveries: 1 },
  });
  expect(await call('POST', '/v1/test-events', { type: 'order.paid' })).toMatchObject({
    status: 202,
    body: { endpointCount: 1, deliveryId: null },
  });
  const unknown = await call<Faulty>('POST', '/v1/test-events', { type: 'order.payed' });
  expect(unknown).toMatchObject({ status: 400, body: { errors: [{ pointer: '/type' }] } });
  expect(unknown.text).toContain('order.paid');
});

test('many are counted first and then sent again; a wish without a time or a status is refused', async () => {
  const call = await given();
  const { body: made } = await call<Made>('POST', '/v1/webhook-endpoints', { url: URL, events: ['company.*'] });
  const since = new Date(Date.now() - 60_000).toISOString();
  const wish = { endpointId: made.id, since };
  const counted = await call<{ count: number }>('POST', '/v1/webhook-redeliveries', { ...wish, dryRun: true });
  // Registration announced it before anybody wanted to know.
  expect(counted).toMatchObject({ status: 202, body: { endpointId: made.id, dryRun: true } });
  expect(counted.body.count).toBeGreaterThan(0);
  expect(await call('POST', '/v1/webhook-redeliveries', wish)).toMatchObject({
    status: 202,
    body: { count: counted.body.count },
  });
  expect(await call('POST', '/v1/webhook-redeliveries', wish)).toMatchObject({ status: 202, body: { count: 0 } });
  const refused = await call<Faulty>('POST', '/v1/webhook-redeliveries', { endpointId: made.id });
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ pointer: '/since' }] } });
});

test('what a disabled endpoint cannot have is refused with 409 and the way out', async () => {
  const call = await given();
  const wish = { url: URL, events: ['order.paid'], active: false };
  const { body: made } = await call<Made>('POST', '/v1/webhook-endpoints', wish);
  const since = new Date(Date.now() - 60_000).toISOString();
  const answers = [
    await call<Faulty>('POST', `/v1/webhook-endpoints/${made.id}/test-events`, {}),
    await call<Faulty>('POST', '/v1/webhook-redeliveries', { endpointId: made.id, since }),
  ];
  for (const { status, body } of answers) {
    expect([status, body.code]).toEqual([409, 'webhook_endpoint_disabled']);
    expect(body.detail).toContain('PATCH');
  }
});
