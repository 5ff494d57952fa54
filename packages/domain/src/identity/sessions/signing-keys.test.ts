import { expect, test } from 'vitest';
import { useMasterKeys } from '../../kernel/sealing.ts';
import { useDatabase } from '../../testing/database.ts';
import { ensureSigningKey, loadSigningKeys, rotateSigningKey } from './signing-keys.service.ts';

const db = useDatabase();
const load = () => db.app.unscoped((tx) => loadSigningKeys(tx, 'staff'));

test('ten processes that start at once agree on one key', async () => {
  await Promise.all(Array.from({ length: 10 }, () => db.app.unscoped((tx) => ensureSigningKey(tx, 'staff'))));
  const keys = await load();
  expect(keys).toHaveLength(1);
  expect(keys[0]?.secret).toHaveLength(32);
});

test('a rotation signs with a new key and still verifies with the old one, for an hour', async () => {
  const [old] = await load();
  await db.app.unscoped((tx) => rotateSigningKey(tx, 'staff'));
  const [fresh, retired, ...others] = await load();
  expect(others).toEqual([]);
  expect(fresh?.retiredAt).toBeNull();
  expect(retired).toMatchObject({ kid: old?.kid, secret: old?.secret });
  expect(retired?.retiredAt).not.toBeNull();
  await db.admin`update signing_keys set retired_at = now() - interval '61 minutes' where kid = ${old?.kid ?? ''}`;
  expect((await load()).map(({ kid }) => kid)).toEqual([fresh?.kid]);
});

test('staff and customers have keys of their own', async () => {
  await db.app.unscoped((tx) => ensureSigningKey(tx, 'customer'));
  const [customer] = await db.app.unscoped((tx) => loadSigningKeys(tx, 'customer'));
  const staff = await load();
  expect(staff.some(({ kid, secret }) => kid === customer?.kid || secret.equals(customer?.secret ?? Buffer.of()))).toBe(
    false,
  );
});

test('the secrets are sealed in the database, and one sealed with a lost master key is replaced', async () => {
  const [key] = await load();
  const [row] = await db.admin<{ sealed: string }[]>`select sealed from signing_keys where kid = ${key?.kid ?? ''}`;
  expect(row?.sealed).not.toContain(key?.secret.toString('base64url') ?? '?');
  useMasterKeys(new Map([['other', Buffer.alloc(32, 9)]]));
  expect(await load()).toEqual([]);
  await db.app.unscoped((tx) => ensureSigningKey(tx, 'staff'));
  expect(await load()).toHaveLength(1);
  useMasterKeys(new Map([['test', Buffer.alloc(32, 7)]]));
});
