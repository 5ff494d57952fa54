import { type Run, systemSession } from '@souk/domain/kernel/ctx';
import { firstIdAt } from '@souk/domain/kernel/id-time';
import { type CompanyId, newId } from '@souk/domain/kernel/ids';
import { events } from '@souk/domain/kernel/outbox.schema';
import { seal, useMasterKeys } from '@souk/domain/kernel/sealing';
import { useDatabase } from '@souk/domain/testing/database';
import { memoryStore } from '@souk/domain/testing/memory-store';
import { WebhookShop } from '@souk/domain/testing/webhook-shop';
import { createLoggers } from '@souk/platform/logger';
import { beforeEach, expect, test } from 'vitest';
import { CompanyWork } from './company-work.ts';
import { DueRinger } from './due-ringer.ts';
import { dueWork } from './due-work.ts';
import { Relay } from './relay.ts';
import { Sweeper } from './sweeper.ts';

const db = useDatabase();
const { log } = createLoggers({ level: 'silent', process: 'test' });
const rung: CompanyId[] = [];

beforeEach(async () => {
  rung.length = 0;
  await db.admin`update events set dispatched_at = now() where dispatched_at is null`;
});

function relayWith(run: Run = db.app.run, companiesPerRound?: number) {
  const ring = async (companyId: CompanyId) => {
    rung.push(companyId);
    return true;
  };
  const ringEndpoint = async () => true;
  return new Relay({ run, lookAround: db.relay.unscoped, ring, ringEndpoint, log, companiesPerRound });
}

/** None of these tests makes pictures. */
const never = () => Promise.reject(new Error('not in this test'));
const noPictures = { remote: { fetch: never }, typeOf: never, maker: { develop: never } };

function auditLinker(run: Run, companiesPerRound?: number) {
  const [kind] = dueWork({ run, log, store: memoryStore(), pictures: noPictures, gateways: new Map() }).filter(
    ({ name }) => name === 'audit-linker',
  );
  if (!kind) throw new Error('There is no audit linker');
  return new CompanyWork(kind, { lookAround: db.relay.unscoped, log, companiesPerRound });
}

async function company(): Promise<CompanyId> {
  const companyId = newId('com');
  await db.admin`insert into companies ${db.admin({ company_id: companyId, handle: companyId, name: 'A shop', country: 'NG', currency: 'NGN', timezone: 'Africa/Lagos' })}`;
  return companyId;
}

const STAFF = { name: 'Ada', email: 'ada@example.com' };

async function announced(companyId: CompanyId, count = 1): Promise<void> {
  const rows = Array.from({ length: count }, () => ({
    companyId,
    id: newId('evt'),
    type: 'staff.password_changed',
    version: 1,
    aggregateId: 'stf_1',
    sequence: 1,
    data: { staff: STAFF },
  }));
  await db.app.run({ ...systemSession(companyId, 'test'), actor: { type: 'nobody', id: 'nobody' } }, (ctx) =>
    ctx.tx.insert(events).values(rows),
  );
}

const count = async (table: 'events' | 'notifications', companyId: CompanyId) =>
  Number((await db.admin`select count(*) from ${db.admin(table)} where company_id = ${companyId}`)[0]?.['count']);
const waiting = async (companyId: CompanyId) =>
  Number(
    (await db.admin`select count(*) from events where company_id = ${companyId} and dispatched_at is null`)[0]?.[
      'count'
    ],
  );

test('events of many companies are dispatched, each company is rung for after its commit', async () => {
  const all = [await company(), await company(), await company()];
  for (const companyId of all) await announced(companyId, 3);
  expect(await relayWith().round()).toBe(true);
  for (const companyId of all)
    expect([await waiting(companyId), await count('notifications', companyId)]).toEqual([0, 3]);
  expect(rung.toSorted()).toEqual(all.toSorted());
  expect(await relayWith().round()).toBe(false);
});

test('a company with much to say gets a share per round, and the others their turn', async () => {
  const [loud, quiet] = [await company(), await company()];
  await announced(loud, 250);
  await announced(quiet, 1);
  const relay = relayWith();
  await relay.round();
  expect([await waiting(loud), await waiting(quiet)]).toEqual([150, 0]);
  while (await relay.round());
  expect(await count('notifications', loud)).toBe(250);
});

test('wherever a relay dies, nothing is lost and nothing doubled', async () => {
  const companyId = await company();
  await announced(companyId, 5);
  // Dies before the transaction, inside it after all its work, and after its commit.
  const deaths: Run[] = [
    () => Promise.reject(new Error('killed')),
    (session, work) =>
      db.app.run(session, async (ctx) => {
        await work(ctx);
        throw new Error('killed');
      }),
    async (session, work) => {
      await db.app.run(session, work);
      throw new Error('killed');
    },
  ];
  for (const run of deaths) {
    await relayWith(run).round();
    expect([0, 5]).toContain(await count('notifications', companyId));
    expect((await count('notifications', companyId)) + (await waiting(companyId))).toBe(5);
  }
  await relayWith().round();
  expect([await waiting(companyId), await count('notifications', companyId), await count('events', companyId)]).toEqual(
    [0, 5, 5],
  );
});

test('many relays at once dispatch every event once', async () => {
  const all = await Promise.all(Array.from({ length: 5 }, company));
  for (const companyId of all) await announced(companyId, 40);
  const relays = Array.from({ length: 4 }, () => relayWith());
  while ((await Promise.all(relays.map((relay) => relay.round()))).some(Boolean));
  for (const companyId of all)
    expect([await waiting(companyId), await count('notifications', companyId)]).toEqual([0, 40]);
});

test('an event that cannot be dispatched is set aside; those before and behind it go', async () => {
  const companyId = await company();
  await announced(companyId, 3);
  const [, poison] = await db.admin`select id from events where company_id = ${companyId} order by id`;
  await db.admin`update events set data = jsonb_set(data, '{staff,email}', to_jsonb(repeat('x', 40) || '@example.com')) where id = ${poison?.['id']}`;
  await db.admin.unsafe(`alter table notifications add constraint poison check (length(recipient) < 40) not valid`);
  const relay = relayWith();
  await relay.round();
  expect([await waiting(companyId), await count('notifications', companyId)]).toEqual([1, 2]);
  await announced(companyId, 2);
  await relay.round();
  expect([await waiting(companyId), await count('notifications', companyId)]).toEqual([1, 4]);
  await db.admin.unsafe('alter table notifications drop constraint poison');
  await relayWith().round();
  expect(await waiting(companyId)).toBe(0);
});

/** A relay whose clock goes on by a minute with every round: what was set aside is tried in each. */
function patientRelay() {
  let now = Date.now();
  const parts = { run: db.app.run, lookAround: db.relay.unscoped, log, now: () => now };
  const relay = new Relay({ ...parts, ring: async () => true, ringEndpoint: async () => true });
  return async (rounds: number) => {
    for (let round = 0; round < rounds; round++, now += 60_000) await relay.round();
  };
}
const delivered = async (companyId: CompanyId) =>
  (await db.admin`select event_id from webhook_deliveries where company_id = ${companyId} order by event_id`).map(
    (row) => row['event_id'],
  );

test('an event whose mail fails again and again goes to webhooks all the same, and the log of mails says so', async () => {
  const companyId = await company();
  await new WebhookShop(db, companyId).endpoint();
  await announced(companyId, 1);
  const [poison] = await db.admin`select id from events where company_id = ${companyId}`;
  await db.admin`update events set data = jsonb_set(data, '{staff,email}', to_jsonb(repeat('x', 40) || '@example.com')) where id = ${poison?.['id']}`;
  await db.admin.unsafe(`alter table notifications add constraint poison check (length(recipient) < 40) not valid`);
  const rounds = patientRelay();
  await rounds(4);
  expect([await waiting(companyId), await delivered(companyId)]).toEqual([1, []]);
  await rounds(1);
  await db.admin.unsafe('alter table notifications drop constraint poison');
  expect([await waiting(companyId), await delivered(companyId)]).toEqual([0, [poison?.['id']]]);
  expect(
    await db.admin`select status, recipient, last_error from notifications where company_id = ${companyId}`,
  ).toEqual([
    { status: 'failed', recipient: '', last_error: expect.stringContaining('could not be turned into a message') },
  ]);
});

test('mails that wait for a master key go on waiting for it, and their events go to webhooks meanwhile', async () => {
  const companyId = await company();
  await new WebhookShop(db, companyId).endpoint();
  const id = newId('evt');
  const keys = new Map([['test', Buffer.alloc(32, 7)]]);
  const contents = JSON.stringify({ token: 't'.repeat(43), expiresAt: '2999-01-01T00:00:00.000Z' });
  useMasterKeys(new Map([['missing', Buffer.alloc(32, 8)], ...keys]));
  const privately = seal(contents, `${companyId}|events|${id}`);
  useMasterKeys(keys);
  const type = 'staff.password_reset_requested';
  const row = { companyId, id, type, version: 1, aggregateId: 'stf_1', sequence: 1, data: { staff: STAFF }, privately };
  await db.app.run({ ...systemSession(companyId, 'test'), actor: { type: 'nobody', id: 'nobody' } }, (ctx) =>
    ctx.tx.insert(events).values(row),
  );
  const rounds = patientRelay();
  await rounds(7);
  expect([await waiting(companyId), await count('notifications', companyId), await delivered(companyId)]).toEqual([
    1,
    0,
    [id],
  ]);
  useMasterKeys(new Map([['missing', Buffer.alloc(32, 8)], ...keys]));
  try {
    await rounds(6);
  } finally {
    useMasterKeys(keys);
  }
  expect([await waiting(companyId), await count('notifications', companyId), await delivered(companyId)]).toEqual([
    0,
    1,
    [id],
  ]);
});

test('one company that fails does not stop the others', async () => {
  const [broken, fine] = [await company(), await company()];
  await announced(broken);
  await announced(fine);
  const run: Run = (session, work) =>
    session.companyId === broken ? Promise.reject(new Error('broken')) : db.app.run(session, work);
  await relayWith(run).round();
  expect([await waiting(broken), await waiting(fine)]).toEqual([1, 0]);
});

test('companies that fail, though they fill a whole round, do not keep the others from their turn', async () => {
  const broken = [await company(), await company()];
  const fine = await company(); // a younger company: its id comes behind theirs
  for (const companyId of [...broken, fine]) {
    await announced(companyId);
    await db.app.run(systemSession(companyId, 'test'), async (ctx) =>
      ctx.audit({ action: 'role.created', entity: { type: 'role', id: 'role_1' } }),
    );
  }
  const run: Run = (session, work) =>
    broken.includes(session.companyId) ? Promise.reject(new Error('broken')) : db.app.run(session, work);
  const relay = relayWith(run, 2);
  expect([await relay.round(), await relay.round()]).toEqual([false, true]);
  expect(await waiting(fine)).toBe(0);

  const before = new Set((await db.admin`select company_id from audit_pending`).map((row) => row['company_id']));
  const linker = auditLinker(run, 2);
  for (let round = 0; round <= before.size; round++) await linker.round();
  expect(await db.admin`select 1 from audit_links where company_id = ${fine}`).toHaveLength(1);
});

test('a round of the linker in which every company fails does not ask for another at once', async () => {
  for (const companyId of [await company(), await company()]) {
    await db.app.run(systemSession(companyId, 'test'), async (ctx) =>
      ctx.audit({ action: 'role.created', entity: { type: 'role', id: 'role_1' } }),
    );
  }
  const run: Run = () => Promise.reject(new Error('broken'));
  const linker = auditLinker(run, 2);
  expect(await linker.round()).toBe(false);
});

test('everybody with something due is rung for in turn, not the first few again and again', async () => {
  await db.admin`update notifications set status = 'sent'`;
  const all = [await company(), await company(), await company()];
  for (const companyId of all) await announced(companyId);
  await relayWith().round();
  rung.length = 0;
  const ring = async (companyId: CompanyId) => rung.push(companyId) > 0;
  const ringer = new DueRinger({ lookAround: db.relay.unscoped, ring, companiesPerRound: 2 });
  await ringer.round();
  await ringer.round();
  expect(new Set(rung)).toEqual(new Set(all));
});

test('audit entries of every company are linked, whoever else fails', async () => {
  const [broken, fine] = [await company(), await company()];
  for (const companyId of [broken, fine]) {
    await db.app.run(systemSession(companyId, 'test'), async (ctx) =>
      ctx.audit({ action: 'role.created', entity: { type: 'role', id: 'role_1' } }),
    );
  }
  const run: Run = (session, work) =>
    session.companyId === broken ? Promise.reject(new Error('broken')) : db.app.run(session, work);
  await Promise.all([auditLinker(run).round(), auditLinker(run).round()]);
  await auditLinker(run).round();
  const links = (companyId: CompanyId) => db.admin`select 1 from audit_links where company_id = ${companyId}`;
  expect([(await links(broken)).length, (await links(fine)).length]).toEqual([0, 1]);
});

test('what is past its time goes, company by company', async () => {
  const companyId = await company();
  await db.admin`insert into idempotency_keys (company_id, principal, route, key, digest, created_at)
    values (${companyId}, 'staff:1', 'POST /x', 'old', 'd', now() - interval '73 hours'), (${companyId}, 'staff:1', 'POST /x', 'new', 'd', now())`;
  const staffId = newId('stf');
  await db.admin`insert into staff (company_id, id, name, email, email_key, password_hash) values (${companyId}, ${staffId}, 'Ada', 'ada@example.com', 'ada@example.com', 'x')`;
  const session = (id: string, expiresAt: string) =>
    db.admin`insert into staff_sessions (company_id, id, staff_id, user_agent, last_used_at, expires_at)
      values (${companyId}, ${newId('ses')}, ${staffId}, ${id}, now(), now() + ${expiresAt}::interval)`;
  await session('new', '1 day');
  // More than one batch of those that are past their time.
  await db.admin`insert into staff_sessions (company_id, id, staff_id, user_agent, last_used_at, expires_at)
    select ${companyId}, 'ses_' || lpad(i::text, 26, '0'), ${staffId}, 'old', now(), now() - interval '8 days' from generate_series(1, 1500) i`;
  const event = (id: string, aggregateId: string, isDispatched: boolean) =>
    db.admin`insert into events (company_id, id, type, version, aggregate_id, sequence, data, dispatched_at)
      values (${companyId}, ${id}, 'staff.password_changed', 1, ${aggregateId}, 1, '{}', ${isDispatched ? new Date() : null})`;
  const before = (days: number) => firstIdAt('evt', Date.now() - days * 86_400_000);
  await event(before(31), 'old', true);
  await event(before(32), 'old and waiting', false);
  await event(before(29), 'new', true);

  await new Sweeper({ run: db.app.run, lookAround: db.relay.unscoped, store: memoryStore(), log }).round();

  const left = async (table: string, column: string) =>
    (
      await db.admin`select ${db.admin(column)} as name from ${db.admin(table)} where company_id = ${companyId} order by 1`
    ).map(({ name }) => name);
  expect(await left('idempotency_keys', 'key')).toEqual(['new']);
  expect(await left('staff_sessions', 'user_agent')).toEqual(['new']);
  expect(await left('events', 'aggregate_id')).toEqual(['new', 'old and waiting']);
});
