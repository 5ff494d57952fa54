import { expect, test } from 'vitest';
import { seedAccess } from '../../company/iam/access-seed.service.ts';
import '../../setup/declarations/declarations.ts'; // declares the scopes
import { closeCompany, createCompany, suspendCompany } from '../../company/companies/companies.service.ts';
import { can as roles } from '../../company/iam/iam.access.ts';
import { type Session, systemSession } from '../../kernel/ctx.ts';
import { NotFound, PermissionMissing } from '../../kernel/errors.ts';
import { type CompanyId, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { can } from './api-keys.access.ts';
import { type NewApiKey, newApiKey } from './api-keys.contract.ts';
import { ApiKeyNotActive, ApiKeyRotatedBefore } from './api-keys.errors.ts';
import { getKey, listKeys, mintKey, recordKeyUse, revokeKey, rotateKey } from './api-keys.service.ts';
import { readKey } from './key-form.ts';
import { keyStanding } from './standing.service.ts';

const db = useDatabase();
const DAY_SECONDS = 24 * 3600;

async function givenCompany(parentCompanyId?: CompanyId) {
  const system = systemSession(newId('com'), 'test');
  const company = {
    name: 'A',
    handle: system.companyId.slice(4),
    country: 'NG',
    currency: 'NGN',
    timezone: 'Africa/Lagos',
    parentCompanyId,
  };
  await db.app.run(system, async (ctx) => {
    await createCompany(ctx, company);
    await seedAccess(ctx);
  });
  return system;
}

const asStaff = (session: Session, ...permissions: string[]): Session => ({
  ...session,
  actor: { type: 'staff', id: newId('stf') },
  permissions: new Set(permissions),
});

const publishable: NewApiKey = { name: 'Web', type: 'publishable', scopes: ['store.read', 'carts.write'] };
const mint = (session: Session, more: Partial<NewApiKey> = {}) =>
  db.app.run(session, (ctx) => mintKey(ctx, { ...publishable, ...more }));
const standingOf = (session: Session, key: string) =>
  db.app.run(session, (ctx) => keyStanding(ctx, readKey(key)?.hash ?? ''));

test('a minted key stands for its company with its scopes and origins, and only a hash of it is kept', async () => {
  const system = await givenCompany();
  const made = await mint(system, { allowedOrigins: ['https://b.example', 'https://a.example', 'https://b.example'] });
  expect(await standingOf(system, made.key)).toEqual({
    keyId: made.id,
    type: 'publishable',
    scopes: ['carts.write', 'store.read'],
    origins: ['https://a.example', 'https://b.example'],
    expiresAt: null,
    companyStatus: 'active',
    companyMode: 'live',
  });
  const everything =
    await db.admin`select (select jsonb_agg(k) from api_keys k)::text || (select jsonb_agg(e) from events e)::text
    || (select jsonb_agg(a) from audit_entries a)::text as text`;
  expect(everything[0]?.['text']).not.toContain(made.key.slice(-40));
});

test('a live company mints live keys and its sandbox test keys', async () => {
  const live = await givenCompany();
  const sandbox = await givenCompany(live.companyId);
  expect((await mint(live)).key).toMatch(/^souk_pk_live_/);
  expect((await mint(sandbox, { type: 'secret' })).key).toMatch(/^souk_sk_test_/);
});

test('a key works in its own company only', async () => {
  const [a, b] = [await givenCompany(), await givenCompany()];
  const { key } = await mint(a);
  expect(await standingOf(b, key)).toBeUndefined();
});

test('unknown scopes, unpublishable scopes, no scopes, a past expiry and origins on a secret key are refused by name', async () => {
  const system = await givenCompany();
  await expect(mint(system, { scopes: ['store.read', 'planets.read'] })).rejects.toMatchObject({
    faults: [{ pointer: '/scopes/1' }],
  });
  await expect(mint(system, { scopes: [roles.read] })).rejects.toMatchObject({ faults: [{ code: 'not_publishable' }] });
  await expect(mint(system, { expiresAt: '2020-01-01T00:00:00Z' })).rejects.toMatchObject({
    faults: [{ pointer: '/expiresAt' }],
  });
  await expect(mint(system, { expiresAt: '9999-12-31T23:59:59Z' })).rejects.toMatchObject({
    faults: [{ pointer: '/expiresAt' }],
  });
  await expect(mint(system, { type: 'secret', allowedOrigins: ['https://a.example'] })).rejects.toMatchObject({
    status: 400,
  });
  expect(newApiKey.safeParse({ ...publishable, scopes: [] }).success).toBe(false);
  expect(newApiKey.safeParse({ ...publishable, allowedOrigins: ['https://a.example/path'] }).success).toBe(false);
});

test('nobody mints or rotates a key that may do more than they may', async () => {
  const system = await givenCompany();
  const weak = asStaff(system, can.write, roles.read);
  const strong = await mint(system, { type: 'secret', scopes: [roles.write] });
  await expect(mint(weak, { type: 'secret', scopes: [roles.write] })).rejects.toBeInstanceOf(PermissionMissing);
  await expect(mint(weak, { type: 'secret', scopes: [roles.read, 'store.read'] })).resolves.toBeDefined();
  await expect(db.app.run(weak, (ctx) => rotateKey(ctx, strong.id, { overlapSeconds: 0 }))).rejects.toBeInstanceOf(
    PermissionMissing,
  );
  const asKey: Session = { ...weak, actor: { type: 'key', id: newId('key') } };
  await expect(mint(asKey)).rejects.toThrow('carts.write');
});

test('after a rotation both keys work, the old one until the overlap ends, and the new one reaches as far', async () => {
  const system = await givenCompany();
  const old = await mint(system, { allowedOrigins: ['https://a.example'] });
  const next = await db.app.run(system, (ctx) => rotateKey(ctx, old.id, { overlapSeconds: 60 }));
  const [was, is] = [await standingOf(system, old.key), await standingOf(system, next.key)];
  expect(is).toEqual({ ...was, keyId: next.id, expiresAt: null });
  expect(next.rotatedFrom).toBe(old.id);
  const left = Date.parse(was?.expiresAt ?? '') - Date.now();
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(60_000);
});

test('an overlap of nothing ends the old key at once', async () => {
  const system = await givenCompany();
  const old = await mint(system);
  const next = await db.app.run(system, (ctx) => rotateKey(ctx, old.id, { overlapSeconds: 0 }));
  expect(await standingOf(system, old.key)).toBeUndefined();
  expect(await standingOf(system, next.key)).toBeDefined();
});

test('rotation never lengthens the life of the old key, and its successor lives as long as it was meant to', async () => {
  const system = await givenCompany();
  const expiresAt = new Date(Date.now() + DAY_SECONDS * 1000).toISOString();
  const old = await mint(system, { expiresAt });
  const next = await db.app.run(system, (ctx) => rotateKey(ctx, old.id, { overlapSeconds: 7 * DAY_SECONDS }));
  expect((await db.app.run(system, (ctx) => getKey(ctx, old.id))).expiresAt).toBe(expiresAt);
  expect(Math.abs(Date.parse(next.expiresAt ?? '') - Date.parse(expiresAt))).toBeLessThan(60_000);
});

test('of two rotations at once one wins', async () => {
  const system = await givenCompany();
  const old = await mint(system);
  const rotate = () => db.app.run(system, (ctx) => rotateKey(ctx, old.id, { overlapSeconds: 60 }));
  // Connections are opened on demand: without some at hand the rotations would come one after the other.
  await Promise.all([1, 2, 3, 4].map(() => db.app.run(system, (ctx) => getKey(ctx, old.id))));
  const outcomes = await Promise.allSettled([rotate(), rotate(), rotate(), rotate()]);
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ApiKeyRotatedBefore);
  expect((await db.app.run(system, (ctx) => listKeys(ctx, { limit: 10 }))).data).toHaveLength(2);
});

test('a revoked key stands for nothing from the commit on; revoking again changes nothing; it cannot be rotated', async () => {
  const system = await givenCompany();
  const { id, key } = await mint(system);
  db.committed.length = 0;
  const first = await db.app.run(system, (ctx) => revokeKey(ctx, id));
  expect(db.committed).toEqual([{ companyId: system.companyId, touched: true, nudged: true }]);
  expect(await standingOf(system, key)).toBeUndefined();
  expect(await db.app.run(asStaff(system, can.write), (ctx) => revokeKey(ctx, id))).toEqual(first);
  expect(first.status).toBe('revoked');
  await expect(db.app.run(system, (ctx) => rotateKey(ctx, id, { overlapSeconds: 0 }))).rejects.toBeInstanceOf(
    ApiKeyNotActive,
  );
});

test('a suspended company is told so, and no key of a closed one stands for anything', async () => {
  const system = await givenCompany();
  const { key } = await mint(system);
  await db.app.run(system, (ctx) => suspendCompany(ctx, 'unpaid'));
  expect(await standingOf(system, key)).toMatchObject({ companyStatus: 'suspended' });
  await db.app.run(system, closeCompany);
  expect(await standingOf(system, key)).toBeUndefined();
});

test('a key without origins of its own answers to those of the storefront settings', async () => {
  const system = await givenCompany();
  const { key } = await mint(system);
  await db.admin`insert into company_settings (company_id, "group", overrides, version)
    values (${system.companyId}, 'storefront', '{"allowedOrigins":["https://shop.example"]}', 1)`;
  expect((await standingOf(system, key))?.origins).toEqual(['https://shop.example']);
});

test('keys are listed newest first, page by page, without the keys themselves', async () => {
  const system = await givenCompany();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push((await mint(system, { name: `Key ${i}` })).id);
  const first = await db.app.run(system, (ctx) => listKeys(ctx, { limit: 3 }));
  const second = await db.app.run(system, (ctx) => listKeys(ctx, { limit: 3, after: first.page.next ?? '' }));
  expect([...first.data, ...second.data].map((key) => key.id)).toEqual(ids.reverse());
  expect(second.page).toEqual({ hasMore: false, next: null });
  expect(JSON.stringify(first)).not.toMatch(/souk_pk_|hash/i);
  expect((await db.app.run(system, (ctx) => listKeys(ctx, { limit: 3, type: 'secret' }))).data).toEqual([]);
});

test('the latest use wins whichever process stores it last, without an audit note', async () => {
  const system = await givenCompany();
  const [a, b] = [await mint(system), await mint(system)];
  const use = (usedAt: string) =>
    db.app.run(system, (ctx) =>
      recordKeyUse(
        ctx,
        [a, b].map(({ id }) => ({ keyId: id, usedAt })),
      ),
    );
  await Promise.all(['2026-11-21T10:00:00.000Z', '2026-11-21T12:00:00.000Z', '2026-11-21T11:00:00.000Z'].map(use));
  await db.app.run(system, (ctx) => recordKeyUse(ctx, []));
  expect((await db.app.run(system, (ctx) => getKey(ctx, a.id))).lastUsedAt).toBe('2026-11-21T12:00:00.000Z');
});

test("another company's key is like a missing one", async () => {
  const [a, b] = [await givenCompany(), await givenCompany()];
  const { id } = await mint(a);
  for (const unknown of [id, newId('key')]) {
    await expect(db.app.run(b, (ctx) => getKey(ctx, unknown))).rejects.toBeInstanceOf(NotFound);
    await expect(db.app.run(b, (ctx) => revokeKey(ctx, unknown))).rejects.toBeInstanceOf(NotFound);
    await expect(db.app.run(b, (ctx) => rotateKey(ctx, unknown, { overlapSeconds: 0 }))).rejects.toBeInstanceOf(
      NotFound,
    );
  }
});
