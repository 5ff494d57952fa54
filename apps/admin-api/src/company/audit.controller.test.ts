import { linkEntries } from '@souk/domain/company/audit/audit-chain.service';
import { systemSession } from '@souk/domain/kernel/ctx';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { bootAdmin, register } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);

/** A company whose owner has made a role, with its entries linked. */
async function givenCompany(roleName: string) {
  const { company, staff, tokens } = await register(admin);
  const token = tokens.accessToken;
  const role = await admin.call('POST', '/v1/roles', { token, body: { name: roleName, permissions: [] } });
  expect(role.status, role.text).toBe(201);
  // The id came from our own API.
  await db.app.run(systemSession(company.id as CompanyId, 'audit-linker'), (ctx) => linkEntries(ctx, 100));
  return { company, staff, token };
}

test('the log of a company is listed, filtered, verified and exported, and holds nobody else', async () => {
  const mine = await givenCompany('Cashier');
  await givenCompany('Somebody else');
  const get = (path: string) =>
    admin.call<{ data: { action: string; actor: { id: string } }[] }>('GET', path, { token: mine.token });

  const list = await get('/v1/audit-entries?action=role.created');
  expect(list.status).toBe(200);
  expect(list.body.data).toMatchObject([
    { action: 'role.created', actor: { type: 'staff', id: mine.staff.id }, after: { name: 'Cashier' } },
  ]);
  expect((await get(`/v1/audit-entries?actor=${mine.staff.id}&limit=1`)).body.data).toHaveLength(1);

  const check = await get('/v1/audit-entries/verification');
  expect(check.body).toMatchObject({ intact: true, complete: true, faults: [] });

  const csv = await get('/v1/audit-entries/export');
  expect([csv.status, csv.headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8; header=present']);
  expect(csv.text.split('\r\n')[0]).toMatch(/^id,createdAt,/);
  expect(csv.text).toContain('Cashier');
  expect(csv.text).not.toContain('Somebody else');
  expect((await get('/v1/audit-entries?action=audit.exported')).body.data).toHaveLength(1);
});

test.each([
  '/v1/audit-entries?limit=0',
  '/v1/audit-entries?from=yesterday',
  '/v1/audit-entries?colour=red',
  '/v1/audit-entries?after=nonsense',
  '/v1/audit-entries/verification?seq=3',
  '/v1/audit-entries/verification?seq=3&hash=abc',
  '/v1/audit-entries/export?limit=5',
])('%s is refused, naming the field', async (path) => {
  const { tokens } = await register(admin);
  const { status, body } = await admin.call<{ errors: { pointer: string }[] }>('GET', path, {
    token: tokens.accessToken,
  });
  expect(status).toBe(400);
  expect(body.errors[0]?.pointer).toMatch(/^\?\w+/);
});
