import { expect, test } from 'vitest';
import { givenCustomersOf } from '../../testing/customers.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, PASSWORD, warmUp } from '../../testing/people.ts';
import { countingAttempts } from '../../testing/ports.ts';
import { customerStanding } from '../customer-sessions/customer-standing.service.ts';
import { addAddress } from '../customers/customer-addresses.service.ts';
import { addMembers, createGroup } from '../customers/customer-groups.service.ts';
import { CustomerErased } from '../customers/customers.errors.ts';
import { getCustomer, updateCustomer, updateProfile } from '../customers/customers.service.ts';
import { WrongPassword } from '../passwords/passwords.errors.ts';
import { eraseOneself } from './customer-accounts.flow.ts';
import { disableCustomer, enableCustomer } from './disablement.service.ts';
import { type Eraser, eraseCustomer, exportCustomer } from './personal-data.service.ts';

const db = useDatabase();

/** Words that are nowhere else. */
const CANARY = { firstName: 'Canaryfirst', lastName: 'Canarylast', phone: '+2348000000001' };
const TABLES = [
  'customers',
  'customer_tags',
  'customer_group_members',
  'customer_addresses',
  'customer_sessions',
  'customer_refresh_tokens',
  'customer_tokens',
  'audit_entries',
];

async function given() {
  const shop = await givenShop(db);
  const customers = givenCustomersOf(db, shop.companyId);
  const clerk = await shop.as(await shop.hire('order_manager'));
  const customer = await customers.register({ email: 'canary@example.com', ...CANARY });
  const me = { ...(await customers.as(customer.id)), userAgent: 'CanaryBrowser' };
  await db.app.run(me, (ctx) =>
    addAddress(ctx, customer.id, { address: { ...CANARY, line1: '1 Canary Road', city: 'Lagos', country: 'NG' } }),
  );
  await db.app.run(clerk, async (ctx) => {
    await updateCustomer(ctx, customer.id, { note: 'a Canary note', tags: ['canarytag'] });
    await addMembers(ctx, (await createGroup(ctx, { name: 'Club', description: '' })).id, [customer.id]);
  });
  const held = async () => {
    const texts = await Promise.all(
      TABLES.map(
        (table) =>
          db.admin`select ${table}::text as name, row_to_json(t)::text as row from ${db.admin(table)} t
          where company_id = ${shop.companyId}`,
      ),
    );
    return texts.flat().filter(({ row }) => /canary/i.test(String(row)));
  };
  return { shop, customers, clerk, customer, me, held };
}

test('an export holds all that is known of a person, with the parts of later modules, and is noted', async () => {
  const { shop, clerk, customer, me } = await given();
  const parts = [async () => ['orders', [{ number: '1001' }]] as [string, unknown]];
  const data = await db.app.run(clerk, (ctx) => exportCustomer(ctx, customer.id, parts));
  expect(data).toMatchObject({
    customer: { email: 'canary@example.com', note: 'a Canary note', tags: ['canarytag'], groups: [{ name: 'Club' }] },
    addresses: [{ address: { line1: '1 Canary Road' } }],
    sessions: [{ id: me.customerSessionId, ip: '192.0.2.7' }],
    orders: [{ number: '1001' }],
  });
  expect(JSON.stringify(data)).not.toMatch(/argon2|Hash/);
  expect(await shop.auditOf(customer.id)).toContain('customer.exported');
});

test('erasing leaves nothing that says who it was in any table, ends the sessions and keeps the row', async () => {
  const { shop, customers, clerk, customer, me, held } = await given();
  expect((await held()).length).toBeGreaterThan(3);
  const erased: string[] = [];
  const erasers: Eraser[] = [async (_, id) => void erased.push(id)];
  const view = await db.app.run(clerk, (ctx) => eraseCustomer(ctx, customer.id, erasers));
  expect(view).toMatchObject({ status: 'erased', email: `erased-${customer.id}@invalid`, firstName: null, groups: [] });
  expect(await held()).toEqual([]);
  expect(erased).toEqual([customer.id]);
  for (const table of ['customer_sessions', 'customer_refresh_tokens', 'customer_tokens'])
    expect(await db.admin`select 1 from ${db.admin(table)} where company_id = ${shop.companyId}`).toHaveLength(0);
  const claims = { customerId: customer.id, sessionId: me.customerSessionId ?? ('cses_' as const) };
  expect(await db.app.run(shop.system, (ctx) => customerStanding(ctx, claims))).toBe(false);
  await db.app.run(clerk, (ctx) => eraseCustomer(ctx, customer.id, erasers));
  expect(erased).toHaveLength(1);
  expect((await shop.eventsOf(customer.id)).at(-1)?.type).toBe('customer.erased');
  // The address is free again, for a new account that has nothing to do with the old one.
  expect((await customers.register({ email: 'canary@example.com' })).id).not.toBe(customer.id);
});

test('an erasure whose later part fails leaves the person whole', async () => {
  const { clerk, customer, held } = await given();
  const before = await held();
  const failing: Eraser[] = [() => Promise.reject(new Error('half-way'))];
  await expect(db.app.run(clerk, (ctx) => eraseCustomer(ctx, customer.id, failing))).rejects.toThrow('half-way');
  expect(await held()).toEqual(before);
});

test('nothing is added to somebody who was erased', async () => {
  const { clerk, customer } = await given();
  await db.app.run(clerk, (ctx) => eraseCustomer(ctx, customer.id, []));
  const works = [
    () => db.app.run(clerk, (ctx) => updateCustomer(ctx, customer.id, { note: 'back' })),
    () => db.app.run(clerk, (ctx) => disableCustomer(ctx, customer.id)),
    () => db.app.run(clerk, (ctx) => enableCustomer(ctx, customer.id)),
  ];
  for (const work of works) await expect(work()).rejects.toBeInstanceOf(CustomerErased);
});

test('customers erase themselves with their password, two at once included', async () => {
  await warmUp(db);
  const { shop, customer, me, held } = await given();
  const ports = { attempts: countingAttempts(), erasers: [] };
  await db.app.run(me, (ctx) => updateProfile(ctx, customer.id, { locale: 'en-NG' }));
  const erase = (password: string) => eraseOneself(db.app.run, ports, me, { password });
  await expect(erase('not my password')).rejects.toBeInstanceOf(WrongPassword);
  await Promise.allSettled([erase(PASSWORD), erase(PASSWORD)]);
  expect(await held()).toEqual([]);
  expect((await db.app.run(shop.system, (ctx) => getCustomer(ctx, customer.id))).status).toBe('erased');
  const erasures = (await shop.eventsOf(customer.id)).filter(({ type }) => type === 'customer.erased');
  expect(erasures).toHaveLength(1);
});
