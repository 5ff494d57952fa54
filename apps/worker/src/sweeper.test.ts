import { beginUpload } from '@souk/domain/catalog/files/uploads.flow';
import type { Run } from '@souk/domain/kernel/ctx';
import { firstIdAt } from '@souk/domain/kernel/id-time';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { givenCompany } from '@souk/domain/testing/goods';
import { memoryStore } from '@souk/domain/testing/memory-store';
import { givenWebhooks } from '@souk/domain/testing/webhooks';
import { createLoggers } from '@souk/platform/logger';
import { expect, test } from 'vitest';
import { Sweeper } from './sweeper.ts';

const db = useDatabase();
const { log } = createLoggers({ level: 'silent', process: 'test' });

test('every company has its hour once a day, however long rounds take', async () => {
  const companies = await Promise.all(Array.from({ length: 5 }, () => givenCompany(db)));
  const listed: string[] = [];
  const store = memoryStore();
  const list: typeof store.list = (prefix) => {
    listed.push(prefix);
    return store.list(prefix);
  };
  let hour = 0;
  const now = () => new Date(Date.UTC(2026, 10, 21, hour));
  const sweeper = new Sweeper({ run: db.app.run, lookAround: db.relay.unscoped, store: { ...store, list }, log, now });
  await sweeper.round();
  listed.length = 0;
  for (hour of [5, 5, 11, 12, 23, 24]) await sweeper.round();
  const each = companies.map(({ companyId }) => `${companyId.slice(4)}/`).sort();
  expect(listed.sort()).toEqual(each);
  hour = 24 + 100;
  await sweeper.round();
  expect(listed.sort()).toEqual([...each, ...each].sort());
});

test('a step of the housekeeping that fails is told, and stops none of the others', async () => {
  const session = await givenCompany(db);
  const store = memoryStore();
  const announced = { name: 'x', contentType: 'image/png' as const, sizeBytes: 100 };
  const { file } = await beginUpload(db.app.run, store, session, announced);
  await db.admin`update files set created_at = now() - interval '25 hours' where id = ${file.id}`;
  let isFirst = true;
  const run: Run = async (who, work) => {
    if (who.companyId === session.companyId && isFirst) {
      isFirst = false;
      throw new Error('not today');
    }
    return db.app.run(who, work);
  };
  const told: object[] = [];
  const listening = Object.assign(Object.create(log), { error: (about: object) => told.push(about) });
  await new Sweeper({ run, lookAround: db.relay.unscoped, store, log: listening }).round();
  expect(told).toMatchObject([{ companyId: session.companyId, step: 'keys', err: { message: 'not today' } }]);
  expect(await db.admin`select id from files where id = ${file.id}`).toEqual([]);
});

test('an event that is past its time goes with its deliveries, on their way or not', async () => {
  const session = await givenCompany(db);
  const { companyId } = session;
  const webhooks = givenWebhooks(db, session);
  const { id: endpointId } = await webhooks.endpoint();
  const id = firstIdAt('evt', Date.now() - 31 * 86_400_000);
  const about = { type: 'order.paid', version: 1, aggregate_id: newId('ord'), sequence: 1, data: '{}' };
  await db.admin`insert into events ${db.admin({ company_id: companyId, id, ...about, dispatched_at: new Date() })}`;
  await webhooks.deliver(endpointId, [id]);
  await new Sweeper({ run: db.app.run, lookAround: db.relay.unscoped, store: memoryStore(), log }).round();
  expect(await webhooks.deliveries(endpointId)).toEqual([]);
  expect(await db.admin`select id from events where company_id = ${companyId} and id = ${id}`).toEqual([]);
});
