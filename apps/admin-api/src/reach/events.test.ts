import { once } from 'node:events';
import { get, type IncomingMessage, type Server } from 'node:http';
import { type Id, newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { beforeAll, expect, test } from 'vitest';
import { bootAdmin, register } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db, { EVENT_STREAM_SECONDS: '60' });
const hasty = bootAdmin(db, { EVENT_STREAM_SECONDS: '2' });

interface Event {
  id: Id<'evt'>;
  type: string;
  sequence: number;
  timestamp: string;
  data: { role?: { name: string } };
}

let address = '';
beforeAll(async () => {
  await admin.app.listen(0, '127.0.0.1');
  address = await admin.app.getUrl();
});

async function givenShop() {
  const { tokens } = await register(admin);
  const token = tokens.accessToken;
  const makeRole = (name: string) =>
    admin.call('POST', '/v1/roles', { token, body: { name, permissions: ['orders.read'] } });
  return { token, makeRole };
}

/** Not by `fetch`: when it hangs up it connects once more, and the server waits for that connection's request. */
async function listen(token: string, query = '', headers: Record<string, string> = {}) {
  const request = get(`${address}/v1/events/stream${query}`, {
    agent: false,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  const [answer] = (await once(request, 'response')) as [IncomingMessage]; // what that event carries
  answer.setEncoding('utf8');
  const pieces: AsyncIterator<string> = answer[Symbol.asyncIterator]();
  let told = '';
  /** Everything said until some words came, or the end. */
  const until = async (words: string) => {
    while (!told.includes(words)) {
      const piece = await pieces.next();
      if (piece.done) break;
      told += piece.value;
    }
    return told;
  };
  return { status: answer.statusCode, headers: answer.headers, until, close: () => request.destroy() };
}

test('what happened is listed and shown, and the catalogue says what it means', async () => {
  const { token, makeRole } = await givenShop();
  await makeRole('Packers');
  const { body } = await admin.call<{ data: Event[] }>('GET', '/v1/events?type=role.*&limit=1', { token });
  const [event] = body.data;
  expect(event).toMatchObject({ type: 'role.created', sequence: 1, data: { role: { name: 'Packers' } } });
  expect((await admin.call('GET', `/v1/events/${event?.id}`, { token })).body).toEqual(event);
  const types = await admin.call<{ data: { type: string; description: string }[] }>('GET', '/v1/event-types', {
    token,
  });
  expect(types.body.data.find(({ type }) => type === 'role.created')?.description).toBe('A role for staff was made.');
  const wrong = await admin.call<{ detail: string }>('GET', '/v1/events?type=roles.created', { token });
  expect([wrong.status, wrong.body.detail]).toEqual([400, expect.stringContaining('Did you mean role.created?')]);
});

test('events are heard as they happen, and after a break from the last one on', async () => {
  const { token, makeRole } = await givenShop();
  const first = await listen(token, '?types=role.*');
  expect([first.status, first.headers['content-type']]).toEqual([200, 'text/event-stream']);
  expect(first.headers['cache-control']).toBe('no-store');
  await first.until('retry');
  await makeRole('Packers');
  const heard = await first.until('Packers');
  first.close();
  const id = /^id: (\S+)$/m.exec(heard)?.[1] ?? '';
  await makeRole('Drivers');
  const second = await listen(token, '?types=role.*', { 'last-event-id': id });
  const again = await second.until('Drivers');
  second.close();
  expect(again).toContain('event: role.created\ndata: {"id":"evt_');
  expect(again).not.toContain(id);
  const bad = await listen(token, '', { 'last-event-id': 'nonsense' });
  expect([bad.status, await bad.until('evt_')]).toEqual([400, expect.stringContaining('Last-Event-ID')]);
});

test('a stream ends with the session it was opened in', async () => {
  const { token } = await givenShop();
  const { until } = await listen(token);
  await until('retry');
  expect((await admin.call('POST', '/v1/auth/logout', { token })).status).toBe(204);
  expect(await until('never said')).toBe('retry: 1000\n\n');
}, 15_000);

test('a sixth stream is refused until one of the five is closed', async () => {
  const { token } = await givenShop();
  const streams = await Promise.all(Array.from({ length: 5 }, () => listen(token)));
  const refused = await listen(token);
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '10']);
  expect(await refused.until('requestId')).toContain('too_many_streams');
  streams[0]?.close();
  await expect
    .poll(async () => {
      const next = await listen(token);
      next.close();
      return next.status;
    })
    .toBe(200);
  for (const { close } of streams) close();
});

test('a listener that never reads is hung up on when its time is over', async () => {
  const { tokens, company } = await register(admin);
  await hasty.app.listen(0, '127.0.0.1');
  const server = hasty.app.getHttpServer() as Server; // Nest's type is any
  const connections = () => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
  const last = newId('evt');
  // Far more than the buffers of the system take.
  await db.admin`insert into events (company_id, id, type, version, aggregate_id, sequence, data)
    select ${company.id}, ${last.slice(0, 'evt_'.length + 10)} || 'zz' || lpad(to_hex(n), 14, '0'), 'role.created', 1, 'rol_1', n,
      jsonb_build_object('filler', repeat('x', 8000)) from generate_series(1, 4000) n`;
  const request = get(`${await hasty.app.getUrl()}/v1/events/stream`, {
    agent: false,
    headers: { authorization: `Bearer ${tokens.accessToken}`, 'last-event-id': last },
  });
  request.on('error', () => undefined); // the connection ends in the middle
  const [answer] = (await once(request, 'response')) as [IncomingMessage]; // what that event carries
  expect([answer.statusCode, await connections()]).toEqual([200, 1]);
  await expect.poll(connections, { timeout: 10_000 }).toBe(0);
  request.destroy();
}, 30_000);
