import { afterEach, expect, test } from 'vitest';
import { type Session, systemSession } from '../../kernel/ctx.ts';
import { newId } from '../../kernel/ids.ts';
import { seal, unseal, useMasterKeys } from '../../kernel/sealing.ts';
import { useDatabase } from '../../testing/database.ts';
import { rewrapDataKeys } from './data-keys.service.ts';
import { SecretUnreadable } from './secrets.errors.ts';
import { deleteSecret, describeSecret, putSecret, revealSecret, rotateDataKey } from './secrets.service.ts';

const db = useDatabase();
const NAME = 'payment-provider.paystack';
const PLAIN = 'sk_live_0123456789abcdef';
const TEST_KEY = ['test', Buffer.alloc(32, 7)] as const;

const given = () => systemSession(newId('com'), 'test');
const put = (session: Session, name = NAME, plain = PLAIN) => db.app.run(session, (ctx) => putSecret(ctx, name, plain));
const reveal = (session: Session, name = NAME) => db.app.run(session, (ctx) => revealSecret(ctx, name));
const rowsOf = (session: Session) =>
  db.admin`select id, sealed, data_key_id from company_secrets where company_id = ${session.companyId} order by name`;

afterEach(() => useMasterKeys(new Map([TEST_KEY])));

test('a secret comes back as it was stored, and lies in the database sealed', async () => {
  const session = given();
  const view = await put(session);
  expect(await reveal(session)).toBe(PLAIN);
  expect(view).toMatchObject({ name: NAME, lastFour: 'cdef', version: 1 });
  const everything =
    await db.admin`select (select jsonb_agg(s)::text from company_secrets s) || (select jsonb_agg(k)::text from company_data_keys k)
    || (select jsonb_agg(a)::text from audit_entries a) as text`;
  expect(everything[0]?.['text']).not.toContain(PLAIN);
  expect(everything[0]?.['text']).not.toContain(Buffer.from(PLAIN).toString('base64').slice(0, 20));
  expect((await rowsOf(session))[0]?.['sealed']).toMatch(/^v1\.dek_[0-9a-z]{26}\.[\w-]{16}\.[\w-]+$/);
});

test('a new value replaces the old one; a deleted one is gone; an unknown name is nothing', async () => {
  const session = given();
  const first = await put(session);
  expect(await put(session, NAME, 'another-secret-value')).toMatchObject({
    id: first.id,
    version: 2,
    lastFour: 'alue',
  });
  expect(await reveal(session)).toBe('another-secret-value');
  expect(await db.app.run(session, (ctx) => deleteSecret(ctx, NAME))).toBe(true);
  expect(await db.app.run(session, (ctx) => deleteSecret(ctx, NAME))).toBe(false);
  expect(await db.app.run(session, (ctx) => describeSecret(ctx, NAME))).toBeUndefined();
  expect(await reveal(session)).toBeUndefined();
});

test('nothing is told of the characters of a short secret', async () => {
  expect(await put(given(), NAME, 'short')).toMatchObject({ lastFour: '' });
});

test('two who store at once make one data key and one row', async () => {
  const session = given();
  await Promise.all([
    put(session, NAME, 'first-secret-value-1'),
    put(session, NAME, 'first-secret-value-2'),
    put(session, 'other', 'x'),
  ]);
  expect(await rowsOf(session)).toHaveLength(2);
  expect(await db.admin`select 1 from company_data_keys where company_id = ${session.companyId}`).toHaveLength(1);
});

test('a sealed value moved to another row of the same company does not open', async () => {
  const session = given();
  await put(session, 'a', 'secret of a');
  await put(session, 'b', 'secret of b');
  await db.admin`update company_secrets set sealed = (select sealed from company_secrets where company_id = ${session.companyId} and name = 'a')
    where company_id = ${session.companyId} and name = 'b'`;
  await expect(reveal(session, 'b')).rejects.toBeInstanceOf(SecretUnreadable);
  expect(await reveal(session, 'a')).toBe('secret of a');
});

test('a row copied to another company whole, with its data key opened for that company, does not open', async () => {
  const [a, b] = [given(), given()];
  await put(a);
  const [key] = await db.admin`select id, wrapped from company_data_keys where company_id = ${a.companyId}`;
  const bound = (session: Session) => `${session.companyId}|company_data_keys|wrapped|${key?.['id']}`;
  const wrapped = seal(unseal(String(key?.['wrapped']), bound(a)), bound(b));
  await db.admin`insert into company_data_keys (company_id, id, wrapped) values (${b.companyId}, ${key?.['id']}, ${wrapped})`;
  await db.admin`insert into company_secrets (company_id, id, name, data_key_id, sealed, last_four, fingerprint)
    select ${b.companyId}, id, name, data_key_id, sealed, last_four, fingerprint from company_secrets where company_id = ${a.companyId}`;
  await expect(reveal(b)).rejects.toBeInstanceOf(SecretUnreadable);
  expect(await reveal(a)).toBe(PLAIN);
});

test('one changed character of a sealed value is noticed', async () => {
  const session = given();
  await put(session);
  const sealed = String((await rowsOf(session))[0]?.['sealed']);
  const changed = sealed.slice(0, -5) + (sealed.at(-5) === 'A' ? 'B' : 'A') + sealed.slice(-4);
  await db.admin`update company_secrets set sealed = ${changed} where company_id = ${session.companyId}`;
  await expect(reveal(session)).rejects.toBeInstanceOf(SecretUnreadable);
});

test('rotating the data key seals every secret anew, keeps their values and forgets the old key', async () => {
  const session = given();
  await put(session, 'a', 'secret of a');
  await put(session, 'b', 'secret of b');
  const before = await rowsOf(session);
  expect(await db.app.run(session, rotateDataKey)).toBe(2);
  const after = await rowsOf(session);
  expect(await Promise.all(['a', 'b'].map((name) => reveal(session, name)))).toEqual(['secret of a', 'secret of b']);
  expect(after.map((row) => row['sealed'])).not.toEqual(before.map((row) => row['sealed']));
  expect(await db.admin`select id from company_data_keys where company_id = ${session.companyId}`).toEqual([
    { id: after[0]?.['data_key_id'] },
  ]);
});

test('a rotation beside a writer and readers loses nothing', async () => {
  const session = given();
  await put(session, 'a', 'secret of a');
  const [, , , ...read] = await Promise.all([
    db.app.run(session, rotateDataKey),
    put(session, 'b', 'secret of b'),
    db.app.run(session, rotateDataKey),
    ...Array.from({ length: 5 }, () => reveal(session, 'a')),
  ]);
  expect(read).toEqual(Array.from({ length: 5 }, () => 'secret of a'));
  expect(await Promise.all(['a', 'b'].map((name) => reveal(session, name)))).toEqual(['secret of a', 'secret of b']);
});

test('after wrapping the data keys with a new master key the old one can be dropped', async () => {
  const session = given();
  await put(session);
  const fresh = ['fresh', Buffer.alloc(32, 9)] as const;
  useMasterKeys(new Map([fresh]));
  await expect(reveal(session)).rejects.toBeInstanceOf(SecretUnreadable);
  useMasterKeys(new Map([fresh, TEST_KEY]));
  expect(await reveal(session)).toBe(PLAIN);
  const [before] = await rowsOf(session);
  expect(await db.app.run(session, rewrapDataKeys)).toBe(1);
  expect(await db.app.run(session, rewrapDataKeys)).toBe(0);
  useMasterKeys(new Map([fresh]));
  expect(await reveal(session)).toBe(PLAIN);
  expect((await rowsOf(session))[0]).toEqual(before);
});
