import { expect, test } from 'vitest';
import { z } from 'zod';
import { companies } from '../../company/companies/companies.schema.ts';
import { patchSettings } from '../../company/settings/settings.service.ts';
import { type Session, systemSession } from '../../kernel/ctx.ts';
import { dispatchEvents, sweepEvents } from '../../kernel/dispatch.ts';
import { type CompanyId, type Id, newId } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import { parseMasterKeys, seal, sealWith } from '../../kernel/sealing.ts';
import { orderPaid } from '../../sales/orders/orders.events.ts';
import { useDatabase } from '../../testing/database.ts';
import { FakeMailer } from '../../testing/fake-mailer.ts';
import { MailRefused, MailServerAway } from './mailer.ts';
import { sendDue } from './notifications.flow.ts';
import {
  announce,
  companiesWithDueNotifications,
  forgetNotifications,
  recordFailure,
  recordSent,
  takeDue,
} from './notifications.service.ts';
import { ATTEMPTS_MAX, AWAY_HOURS_MAX } from './sending-attempts.ts';

const db = useDatabase();
const PLACE = { adminUrl: 'https://admin.example.com', storefrontUrl: 'https://api.example.com' };
const TOKEN = 'canary-token-of-an-invite';
const row = z.object({
  status: z.string(),
  attempts: z.number(),
  parameters: z.string().nullable(),
  last_error: z.string().nullable(),
});

async function company(name = 'Ada & Sons'): Promise<Session> {
  const companyId = newId('com');
  const session: Session = { ...systemSession(companyId, 'test'), actor: { type: 'nobody', id: 'nobody' } };
  await db.app.run(session, (ctx) =>
    ctx.tx
      .insert(companies)
      .values({ companyId, handle: companyId, name, country: 'NG', currency: 'NGN', timezone: 'Africa/Lagos' }),
  );
  return systemSession(companyId, 'notifications');
}

/** An invite's event, as it waits in the outbox. */
async function invited(
  session: Session,
  email = 'ada@example.com',
  expiresAt = '2999-01-01T00:00:00.000Z',
): Promise<Id<'evt'>> {
  const id = newId('evt');
  await db.app.run(session, (ctx) =>
    ctx.tx.insert(events).values({
      companyId: ctx.companyId,
      id,
      type: 'staff.invited',
      version: 1,
      aggregateId: 'inv_1',
      sequence: 1,
      data: { invite: { email } },
      privately: seal(JSON.stringify({ token: TOKEN, expiresAt }), `${ctx.companyId}|events|${id}`),
    }),
  );
  return id;
}

const dispatch = (session: Session) =>
  db.app.run(session, (ctx) =>
    dispatchEvents(ctx, async (inner, waiting) => void (await announce(inner, waiting)), { max: 100 }),
  );

const rowsOf = async ({ companyId }: { companyId: CompanyId }) =>
  z
    .array(row)
    .parse(
      await db.admin`select status, attempts, parameters, last_error from notifications where company_id = ${companyId} order by id`,
    );

const makeDue = ({ companyId }: { companyId: CompanyId }) =>
  db.admin`update notifications set due_at = now() where company_id = ${companyId} and status = 'pending'`;

test('an invite becomes one mail, and nothing of its token stays', async () => {
  const session = await company();
  const id = await invited(session);
  await dispatch(session);
  expect((await rowsOf(session))[0]?.parameters).not.toContain(TOKEN);
  const mailer = new FakeMailer();
  expect(await sendDue(db.app.run, mailer, session, PLACE)).toEqual({ sent: 1, postponed: 0, failed: 0 });
  expect(mailer.sent[0]).toMatchObject({
    to: 'ada@example.com',
    fromName: 'Ada & Sons',
    text: expect.stringContaining(TOKEN),
  });
  expect(await rowsOf(session)).toMatchObject([{ status: 'sent', attempts: 1, parameters: null, last_error: null }]);
  expect(await db.admin`select privately from events where id = ${id}`).toEqual([{ privately: null }]);
  expect(await sendDue(db.app.run, mailer, session, PLACE)).toEqual({ sent: 0, postponed: 0, failed: 0 });
});

test('a worker that dies before the stamp loses nothing and doubles nothing', async () => {
  const session = await company();
  await invited(session);
  const dying = db.app.run(session, async (ctx) => {
    await dispatchEvents(ctx, async (inner, waiting) => void (await announce(inner, waiting)), { max: 100 });
    throw new Error('killed');
  });
  await expect(dying).rejects.toThrow('killed');
  expect(await rowsOf(session)).toEqual([]);
  await dispatch(session);
  await dispatch(session);
  expect(await rowsOf(session)).toHaveLength(1);
});

test('an event that comes a second time makes no second notification', async () => {
  const session = await company();
  const id = await invited(session);
  await dispatch(session);
  await db.admin`update events set dispatched_at = null, privately = ${seal(JSON.stringify({ token: TOKEN, expiresAt: '2999-01-01T00:00:00Z' }), `${session.companyId}|events|${id}`)} where id = ${id}`;
  await dispatch(session);
  expect(await rowsOf(session)).toHaveLength(1);
});

test('a worker that dies after taking sends later; one that dies after sending sends again under the same message id', async () => {
  const session = await company();
  await invited(session);
  await dispatch(session);
  await db.app.run(session, (ctx) => takeDue(ctx, 10)); // and then it died
  const mailer = new FakeMailer();
  expect((await sendDue(db.app.run, mailer, session, PLACE)).sent).toBe(0); // its lease still holds
  await makeDue(session);

  let isFirst = true;
  const dyingAfterSend: typeof db.app.run = async (who, work) => {
    if (mailer.sent.length === 1 && isFirst) {
      isFirst = false;
      throw new Error('killed');
    }
    return db.app.run(who, work);
  };
  await expect(sendDue(dyingAfterSend, mailer, session, PLACE)).rejects.toThrow('killed');
  await makeDue(session);
  expect((await sendDue(db.app.run, mailer, session, PLACE)).sent).toBe(1);
  expect(mailer.sent).toHaveLength(2);
  expect(new Set(mailer.sent.map(({ messageId }) => messageId)).size).toBe(1);
  expect(await rowsOf(session)).toMatchObject([{ status: 'sent', attempts: 3 }]);
});

test('two workers at once send each mail once', async () => {
  const session = await company();
  for (let i = 0; i < 20; i++) await invited(session, `ada${i}@example.com`);
  await Promise.all([dispatch(session), dispatch(session), dispatch(session)]);
  expect(await rowsOf(session)).toHaveLength(20);
  const mailer = new FakeMailer();
  await Promise.all(Array.from({ length: 8 }, () => sendDue(db.app.run, mailer, session, PLACE)));
  while ((await sendDue(db.app.run, mailer, session, PLACE)).sent > 0);
  expect(mailer.sent.map(({ to }) => to).toSorted()).toEqual(
    Array.from({ length: 20 }, (_, i) => `ada${i}@example.com`).toSorted(),
  );
});

test('while the mail server is down the mail waits; when it is back it goes out', async () => {
  const session = await company();
  await invited(session);
  await dispatch(session);
  const mailer = new FakeMailer();
  mailer.answer = () => Promise.reject(new Error('connect ECONNREFUSED'));
  expect(await sendDue(db.app.run, mailer, session, PLACE)).toMatchObject({ postponed: 1 });
  expect(await rowsOf(session)).toMatchObject([{ status: 'pending', attempts: 1, last_error: 'connect ECONNREFUSED' }]);
  const [{ waits } = { waits: 0 }] =
    await db.admin`select extract(epoch from due_at - now())::float as waits from notifications where company_id = ${session.companyId}`;
  expect(waits).toBeGreaterThan(3);
  expect(waits).toBeLessThan(16);
  mailer.answer = async () => undefined;
  await makeDue(session);
  expect(await sendDue(db.app.run, mailer, session, PLACE)).toMatchObject({ sent: 1 });
});

test('after eight attempts, after a refusal, or when its link has expired, a mail is given up and emptied', async () => {
  const mailer = new FakeMailer();
  const tired = await company();
  await invited(tired);
  await dispatch(tired);
  mailer.answer = () => Promise.reject(new Error('down'));
  for (let i = 0; i < ATTEMPTS_MAX; i++) {
    await makeDue(tired);
    await sendDue(db.app.run, mailer, tired, PLACE);
  }
  expect(await rowsOf(tired)).toMatchObject([
    { status: 'failed', attempts: ATTEMPTS_MAX, parameters: null, last_error: 'down' },
  ]);

  const refused = await company();
  await invited(refused);
  await dispatch(refused);
  mailer.answer = () => Promise.reject(new MailRefused('550 no such user'));
  expect(await sendDue(db.app.run, mailer, refused, PLACE)).toMatchObject({ failed: 1 });
  expect(await rowsOf(refused)).toMatchObject([{ status: 'failed', attempts: 1, parameters: null }]);

  const late = await company();
  await invited(late, 'ada@example.com', '2020-01-01T00:00:00.000Z');
  await dispatch(late);
  expect(await sendDue(db.app.run, mailer, late, PLACE)).toMatchObject({ failed: 1 });
  expect((await rowsOf(late))[0]?.last_error).toContain('expired');
});

test('a mail whose worker dies every time is given up instead of being sent for ever', async () => {
  const session = await company();
  await invited(session);
  await dispatch(session);
  for (let i = 0; i < ATTEMPTS_MAX; i++) {
    await makeDue(session);
    expect(await db.app.run(session, (ctx) => takeDue(ctx, 10))).toHaveLength(1);
  }
  await makeDue(session);
  expect(await db.app.run(session, (ctx) => takeDue(ctx, 10))).toEqual([]);
  expect(await rowsOf(session)).toMatchObject([{ status: 'failed', parameters: null }]);
});

test('a worker that lost its lease records nothing over the one that has it', async () => {
  const session = await company();
  await invited(session);
  await dispatch(session);
  const slow = new FakeMailer();
  const quick = new FakeMailer();
  slow.answer = async () => {
    await makeDue(session);
    await sendDue(db.app.run, quick, session, PLACE);
    throw new Error('too late');
  };
  await sendDue(db.app.run, slow, session, PLACE);
  expect(await rowsOf(session)).toMatchObject([{ status: 'sent', last_error: null }]);
});

test('a worker that lost its lease and was refused for good changes nothing: the other one still sends', async () => {
  const session = await company();
  await invited(session);
  await dispatch(session);
  const take = async () => {
    await makeDue(session);
    const [taken] = await db.app.run(session, (ctx) => takeDue(ctx, 5));
    return taken ?? expect.fail('nothing was due');
  };
  const slow = await take();
  const quick = await take();
  const before = await rowsOf(session);
  expect(await db.app.run(session, (ctx) => recordFailure(ctx, slow, { reason: 'no such user', kind: 'final' }))).toBe(
    'again',
  );
  expect(await rowsOf(session)).toEqual(before);
  await db.app.run(session, (ctx) => recordSent(ctx, quick));
  expect(await rowsOf(session)).toMatchObject([{ status: 'sent', last_error: null }]);
});

test('an event that cannot be read is kept as failed and holds up nobody', async () => {
  const session = await company();
  const broken = await invited(session);
  await db.admin`update events set privately = 'v1.test.broken.broken' where id = ${broken}`;
  await invited(session, 'eve@example.com');
  await dispatch(session);
  expect((await rowsOf(session)).map(({ status }) => status).toSorted()).toEqual(['failed', 'pending']);
});

test('a mail server that is away for days loses no mail; what it says afterwards has all its attempts', async () => {
  const session = await company();
  await invited(session);
  await dispatch(session);
  const mailer = new FakeMailer();
  const send = async () => {
    await makeDue(session);
    return sendDue(db.app.run, mailer, session, PLACE);
  };
  mailer.answer = () => Promise.reject(new MailServerAway('connect ECONNREFUSED'));
  for (let i = 0; i < 5 * ATTEMPTS_MAX; i++) expect(await send()).toMatchObject({ postponed: 1 });
  mailer.answer = () => Promise.reject(new Error('451 come back later'));
  for (let i = 1; i < ATTEMPTS_MAX; i++) expect(await send()).toMatchObject({ postponed: 1 });
  mailer.answer = async () => undefined;
  expect(await send()).toMatchObject({ sent: 1 });
  expect(await rowsOf(session)).toMatchObject([{ status: 'sent', attempts: 6 * ATTEMPTS_MAX }]);
});

test('a mail server that does not come back is given up on after two days, and sooner when the link expires', async () => {
  const mailer = new FakeMailer();
  mailer.answer = () => Promise.reject(new MailServerAway('connect ECONNREFUSED'));
  const session = await company();
  await invited(session);
  await dispatch(session);
  const older = (hours: number) =>
    db.admin`update notifications set due_at = now(), created_at = now() - make_interval(hours => ${hours})
      where company_id = ${session.companyId}`;
  await older(AWAY_HOURS_MAX - 1);
  expect(await sendDue(db.app.run, mailer, session, PLACE)).toMatchObject({ postponed: 1 });
  await older(AWAY_HOURS_MAX + 1);
  expect(await sendDue(db.app.run, mailer, session, PLACE)).toMatchObject({ failed: 1 });
  expect(await rowsOf(session)).toMatchObject([
    { status: 'failed', parameters: null, last_error: 'The mail server is away: connect ECONNREFUSED' },
  ]);
});

/** Sealed as by a process whose first key has another name. */
function sealedElsewhere(plain: string, boundTo: string): string {
  const [[name, key] = expect.fail()] = parseMasterKeys(`elsewhere:${Buffer.alloc(32, 7).toString('base64')}`);
  return `v1.${name}.${sealWith(key, Buffer.from(plain), boundTo)}`;
}

test('an event that this process has no key for waits, whole, and a mail it cannot open is not given up', async () => {
  const session = await company();
  const id = await invited(session);
  const secret = JSON.stringify({ token: TOKEN, expiresAt: '2999-01-01T00:00:00.000Z' });
  const bound = `${session.companyId}|events|${id}`;
  const keyed = sealedElsewhere(secret, bound);
  await db.admin`update events set privately = ${keyed} where id = ${id}`;
  await expect(dispatch(session)).rejects.toThrow('no master key named elsewhere');
  expect(await rowsOf(session)).toEqual([]);
  expect(await db.admin`select privately, dispatched_at from events where id = ${id}`).toEqual([
    { privately: keyed, dispatched_at: null },
  ]);

  await db.admin`update events set privately = ${seal(secret, bound)} where id = ${id}`;
  await dispatch(session);
  const [kept] = await db.admin`select parameters from notifications where company_id = ${session.companyId}`;
  await db.admin`update notifications set parameters = 'v1.elsewhere.x.y' where company_id = ${session.companyId}`;
  const mailer = new FakeMailer();
  for (let i = 0; i <= ATTEMPTS_MAX; i++) {
    await makeDue(session);
    expect(await sendDue(db.app.run, mailer, session, PLACE)).toMatchObject({ postponed: 1 });
  }
  await db.admin`update notifications set parameters = ${kept?.['parameters']}, due_at = now() where company_id = ${session.companyId}`;
  expect(await sendDue(db.app.run, mailer, session, PLACE)).toMatchObject({ sent: 1 });
});

test('another company is neither sent for nor looked into', async () => {
  const [mine, stranger] = [await company(), await company()];
  await invited(stranger);
  await dispatch(stranger);
  const mailer = new FakeMailer();
  expect(await sendDue(db.app.run, mailer, mine, PLACE)).toEqual({ sent: 0, postponed: 0, failed: 0 });
  const due = await db.relay.unscoped((tx) => companiesWithDueNotifications(tx, 1000));
  expect(due).toContain(stranger.companyId);
  expect(due).not.toContain(mine.companyId);
  await expect(db.relay.unscoped((tx) => tx.execute('select recipient from notifications'))).rejects.toMatchObject({
    cause: { code: '42501' },
  });
});

test('events past thirty days go with their notifications; younger and waiting ones stay', async () => {
  const session = await company();
  await invited(session);
  await dispatch(session);
  await invited(session);
  const sweepAt = (now: Date) => db.app.run(session, (ctx) => sweepEvents({ ...ctx, now }, 100, forgetNotifications));
  expect(await sweepAt(new Date())).toBe(0);
  expect(await sweepAt(new Date(Date.now() + 31 * 86_400_000))).toBe(1);
  expect(await rowsOf(session)).toEqual([]);
  expect(await db.admin`select dispatched_at from events where company_id = ${session.companyId}`).toEqual([
    { dispatched_at: null },
  ]);
});

test('who of the company hears of an order that was paid is read when it is told', async () => {
  const session = await company();
  await db.app.run(session, (ctx) => patchSettings(ctx, 'notification', { orderMailsTo: ['shop@example.com'] }));
  const event = { aggregateId: 'ord_1', sequence: 2, type: orderPaid.type, version: 1, data: orderPaid.sample };
  await db.app.run(session, (ctx) =>
    ctx.tx.insert(events).values({ companyId: ctx.companyId, id: newId('evt'), ...event }),
  );
  await db.app.run(session, (ctx) =>
    dispatchEvents(ctx, async (inner, waiting) => void (await announce(inner, waiting)), { max: 100 }),
  );
  const rows =
    await db.admin`select template, recipient from notifications where company_id = ${session.companyId} order by 1`;
  expect(rows).toMatchObject([
    { template: 'order-paid', recipient: 'ada@example.com' },
    { template: 'order-received', recipient: 'shop@example.com' },
  ]);
});
