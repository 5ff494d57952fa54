import net from 'node:net';
import { companies } from '@souk/domain/company/companies/companies.schema';
import { type Session, systemSession } from '@souk/domain/kernel/ctx';
import { type CompanyId, newId } from '@souk/domain/kernel/ids';
import { events } from '@souk/domain/kernel/outbox.schema';
import { seal } from '@souk/domain/kernel/sealing';
import { useDatabase } from '@souk/domain/testing/database';
import { type Mailbox, startMailbox } from '@souk/local/mailbox';
import { freePort } from '@souk/local/ports';
import { readWorkerConfig } from '@souk/platform/config';
import { createLoggers } from '@souk/platform/logger';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { startWorker } from './worker.ts';

// A database of its own in Redis: other test files have queues of the same names.
const REDIS_URL = process.env['SOUK_TEST_REDIS_URL'] && new URL('/2', process.env['SOUK_TEST_REDIS_URL']).href;
const db = useDatabase();
const loggers = createLoggers({ level: process.env['SOUK_TEST_LOG'] ?? 'silent', process: 'test' });

const stores: { name: string; redisUrl?: string }[] = [{ name: 'PostgreSQL' }];
if (REDIS_URL) stores.push({ name: 'Redis', redisUrl: REDIS_URL });
else console.warn('SOUK_TEST_REDIS_URL is not set: the worker is tested with its queue on PostgreSQL only.');

const MASTER_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;

interface StartOptions {
  redisUrl?: string;
  smtpUrl?: string;
  queueUrl?: string;
}

async function start({ redisUrl, smtpUrl, queueUrl }: StartOptions) {
  const port = await freePort();
  const config = readWorkerConfig({
    NODE_ENV: 'test',
    DATABASE_URL: db.urls.app,
    DATABASE_RELAY_URL: db.urls.relay,
    DATABASE_QUEUE_URL: queueUrl,
    REDIS_URL: redisUrl,
    SMTP_URL: smtpUrl,
    METRICS_PORT: String(port),
    MASTER_KEYS,
  });
  const worker = await startWorker(config, loggers);
  onTestFinished(() => worker.stop());
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  return { worker, get };
}

async function mailbox(smtpPort?: number): Promise<Mailbox> {
  const started = await startMailbox({ smtpPort });
  onTestFinished(() => started.stop());
  return started;
}

/** A mail server that answers RCPT TO only when it is told to. */
async function mailServerThatWaits() {
  const held: (() => void)[] = [];
  const server = net.createServer((socket) => {
    const say = (line: string) => socket.write(`${line}\r\n`);
    let text: string | undefined;
    say('220 here');
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const said = chunk.toString();
      if (text !== undefined) {
        text += said;
        if (!text.endsWith('\r\n.\r\n')) return;
        text = undefined;
        say('250 taken');
      } else if (said.startsWith('RCPT')) {
        held.push(() => say('250 ok'));
      } else if (said.startsWith('DATA')) {
        text = '';
        say('354 go on');
      } else say('250 ok');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return {
    smtpUrl: `smtp://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    held,
  };
}

async function company(): Promise<Session> {
  const companyId = newId('com');
  const session: Session = { ...systemSession(companyId, 'test'), actor: { type: 'nobody', id: 'nobody' } };
  await db.app.run(session, (ctx) =>
    ctx.tx.insert(companies).values({
      companyId,
      handle: companyId,
      name: 'Ada & Sons',
      country: 'NG',
      currency: 'NGN',
      timezone: 'Africa/Lagos',
    }),
  );
  return session;
}

/** What inviting somebody leaves in the outbox and in the audit log. */
async function invite(session: Session, email: string): Promise<void> {
  const id = newId('evt');
  await db.app.run(session, async (ctx) => {
    await ctx.tx.insert(events).values({
      companyId: ctx.companyId,
      id,
      type: 'staff.invited',
      version: 1,
      aggregateId: 'inv_1',
      sequence: 1,
      data: { invite: { email } },
      privately: seal(
        JSON.stringify({ token: 'the-token', expiresAt: '2999-01-01T00:00:00.000Z' }),
        `${ctx.companyId}|events|${id}`,
      ),
    });
    ctx.audit({ action: 'invite.created', entity: { type: 'invite', id: 'inv_1' } });
  });
}

const statusOf = async ({ companyId }: { companyId: CompanyId }) =>
  (await db.admin`select status from notifications where company_id = ${companyId}`).map((row) => row['status']);

describe.each(stores)('with its queue on $name', ({ redisUrl }) => {
  test('an invite becomes a mail and its audit entry a link, without anybody asking', async () => {
    const mails = await mailbox();
    await start({ redisUrl, smtpUrl: mails.smtpUrl });
    const session = await company();
    await invite(session, 'bola@example.com');
    const mail = await mails.waitFor((message) => message.recipients.includes('bola@example.com'), 10_000);
    expect(mail.from).toContain('Ada & Sons');
    expect(mail.text).toContain('/accept-invite#token=the-token');
    await vi.waitFor(async () => expect(await statusOf(session)).toEqual(['sent']), 5_000);
    await vi.waitFor(
      async () =>
        expect(await db.admin`select seq from audit_links where company_id = ${session.companyId}`).toHaveLength(1),
      10_000,
    );
  });

  test('a mail server that was away gets the mail when it is back', async () => {
    const port = await freePort();
    const { worker } = await start({ redisUrl, smtpUrl: `smtp://127.0.0.1:${port}` });
    const session = await company();
    await invite(session, 'late@example.com');
    await vi.waitFor(
      async () =>
        expect(
          await db.admin`select last_error from notifications where company_id = ${session.companyId} and attempts = 1 and last_error is not null`,
        ).toHaveLength(1),
      10_000,
    );
    const mails = await mailbox(port);
    await db.admin`update notifications set due_at = now() where company_id = ${session.companyId}`;
    await mails.waitFor((message) => message.recipients.includes('late@example.com'), 15_000);
    await worker.stop(); // before the mailbox, which waits for those who are connected
  });

  test('mails of several companies are under way side by side: none spends its time in line', async () => {
    const server = await mailServerThatWaits();
    const sessions = await Promise.all(Array.from({ length: 4 }, company));
    for (const session of sessions) {
      for (let i = 0; i < 5; i++) await invite(session, `many-${i}@example.com`);
    }
    await start({ redisUrl, smtpUrl: server.smtpUrl });
    await vi.waitFor(() => expect(server.held).toHaveLength(20), 15_000);
    for (const go of server.held) go();
    for (const session of sessions) {
      await vi.waitFor(
        async () => expect(await statusOf(session)).toEqual(Array.from({ length: 5 }, () => 'sent')),
        15_000,
      );
    }
  });

  test('two workers send each mail once', async () => {
    const mails = await mailbox();
    await start({ redisUrl, smtpUrl: mails.smtpUrl });
    await start({ redisUrl, smtpUrl: mails.smtpUrl });
    const sessions = await Promise.all(Array.from({ length: 4 }, company));
    const readers = sessions.flatMap((session, shop) =>
      Array.from({ length: 5 }, (_, i) => ({ session, email: `reader-${shop}-${i}@example.com` })),
    );
    await Promise.all(readers.map(({ session, email }) => invite(session, email)));
    await vi.waitFor(() => expect(mails.messages().length).toBeGreaterThanOrEqual(20), 20_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(
      mails
        .messages()
        .flatMap(({ recipients }) => recipients)
        .toSorted(),
    ).toEqual(readers.map(({ email }) => email).toSorted());
  });

  test('it is ready, tells its numbers, and a stop leaves nothing half-done', async () => {
    const mails = await mailbox();
    const { worker, get } = await start({ redisUrl, smtpUrl: mails.smtpUrl });
    await vi.waitFor(async () => expect((await get('/readyz')).status).toBe(200), 5_000);
    const session = await company();
    await invite(session, 'last@example.com');
    await worker.stop();
    await expect(get('/healthz')).rejects.toThrow();
    const [event] =
      await db.admin`select dispatched_at is not null as dispatched from events where company_id = ${session.companyId}`;
    expect((await statusOf(session)).length).toBe(event?.['dispatched'] ? 1 : 0);
    const next = await start({ redisUrl, smtpUrl: mails.smtpUrl });
    await db.admin`update notifications set due_at = now() where company_id = ${session.companyId} and status = 'pending'`;
    await mails.waitFor((message) => message.recipients.includes('last@example.com'), 15_000);
    expect(await (await next.get('/metrics')).text()).toContain('souk_events_dispatched_total');
  });
});

test('what is past its time is deleted, without anybody asking', async () => {
  const session = await company();
  const { companyId } = session;
  await db.admin`insert into idempotency_keys (company_id, principal, route, key, digest, created_at)
    values (${companyId}, 'staff:1', 'POST /x', 'old', 'd', now() - interval '73 hours')`;
  await start({});
  await vi.waitFor(
    async () => expect(await db.admin`select 1 from idempotency_keys where company_id = ${companyId}`).toHaveLength(0),
    5_000,
  );
});

test('a worker whose queue cannot be reached says so and does not start', async () => {
  const away = new URL(db.urls.app);
  away.port = String(await freePort());
  await expect(start({ smtpUrl: 'smtp://127.0.0.1:1', queueUrl: away.href })).rejects.toThrow(
    /ECONNREFUSED.*DATABASE_QUEUE_URL/s,
  );
});

test('a worker whose queue has no tables says so and does not start', async () => {
  await db.admin.unsafe('alter schema queue rename to queue_away');
  onTestFinished(async () => void (await db.admin.unsafe('alter schema queue_away rename to queue')));
  await expect(start({ smtpUrl: 'smtp://127.0.0.1:1' })).rejects.toThrow('souk migrate');
});

test.skipIf(!REDIS_URL)('Redis may come later: the worker starts without it, and sends when it is there', async () => {
  const there = new URL(REDIS_URL ?? '');
  const later = new URL(there);
  later.port = String(await freePort());
  const mails = await mailbox();
  const { get } = await start({ redisUrl: later.href, smtpUrl: mails.smtpUrl });
  expect((await get('/healthz')).status).toBe(200);
  const way = net.createServer((client) => {
    const redis = net.connect(Number(there.port) || 6379, there.hostname);
    for (const end of [client, redis]) end.on('error', () => undefined);
    client.pipe(redis).pipe(client);
  });
  await new Promise<void>((resolve) => void way.listen(Number(later.port), later.hostname, resolve));
  onTestFinished(() => void way.close());
  await invite(await company(), 'patient@example.com');
  await mails.waitFor((message) => message.recipients.includes('patient@example.com'), 20_000);
});

test('a worker whose database goes away and comes back sends what came meanwhile', async () => {
  const mails = await mailbox();
  const { get } = await start({ smtpUrl: mails.smtpUrl });
  const session = await company();
  await invite(session, 'before@example.com');
  await mails.waitFor((message) => message.recipients.includes('before@example.com'), 10_000);

  const name = new URL(db.urls.app).pathname.slice(1);
  await db.admin.unsafe(`alter database ${name} connection limit 0`);
  await db.admin`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = ${name} and usename in ('souk_app', 'souk_relay')`;
  await vi.waitFor(async () => expect((await get('/readyz')).status).toBe(503), 10_000);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await db.admin.unsafe(`alter database ${name} connection limit -1`);

  await invite(session, 'after@example.com');
  await mails.waitFor((message) => message.recipients.includes('after@example.com'), 20_000);
  await vi.waitFor(async () => expect((await get('/readyz')).status).toBe(200), 15_000);
});

test('without a mail server mails wait, and nobody counts attempts', async () => {
  await start({});
  const session = await company();
  await invite(session, 'waiting@example.com');
  await vi.waitFor(async () => expect(await statusOf(session)).toEqual(['pending']), 5_000);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await db.admin`select attempts from notifications where company_id = ${session.companyId}`).toEqual([
    { attempts: 0 },
  ]);
});

test('a worker whose roles could walk through the walls does not start', async () => {
  const config = readWorkerConfig({
    NODE_ENV: 'test',
    DATABASE_URL: db.urls.app,
    DATABASE_RELAY_URL: db.urls.admin,
    METRICS_PORT: '0',
    MASTER_KEYS,
  });
  await expect(startWorker(config, loggers)).rejects.toThrow('row level security');
});
