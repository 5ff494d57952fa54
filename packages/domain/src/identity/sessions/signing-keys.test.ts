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

/** So many seconds go by for the keys of staff. */
const pass = (seconds: number) =>
  db.admin`update signing_keys set created_at = created_at - make_interval(secs => ${seconds}),
    retired_at = retired_at - make_interval(secs => ${seconds}) where audience = 'staff'`;
const signer = async () => (await load()).filter(({ signs }) => signs).map(({ kid }) => kid);

test('a new key verifies at once and signs when every process knows it; the old one verifies for an hour more', async () => {
  const [old] = await load();
  expect(await signer()).toEqual([old?.kid]);
  await db.app.unscoped((tx) => rotateSigningKey(tx, 'staff'));
  const [fresh, former, ...others] = await load();
  expect(others).toEqual([]);
  expect(former).toMatchObject({ kid: old?.kid, secret: old?.secret });
  await pass(115);
  expect(await signer()).toEqual([old?.kid]);
  await pass(10);
  expect(await signer()).toEqual([fresh?.kid]);
  await pass(59 * 60);
  expect((await load()).map(({ kid }) => kid)).toEqual([fresh?.kid, old?.kid]);
  await pass(2 * 60);
  expect((await load()).map(({ kid }) => kid)).toEqual([fresh?.kid]);
});

test('two rotations in one minute: one key signs at any time, each in its turn', async () => {
  const [first] = await load();
  await db.app.unscoped((tx) => rotateSigningKey(tx, 'staff'));
  const second = (await load())[0];
  await pass(30);
  await db.app.unscoped((tx) => rotateSigningKey(tx, 'staff'));
  const third = (await load())[0];
  expect(new Set([first?.kid, second?.kid, third?.kid]).size).toBe(3);
  expect(await signer()).toEqual([first?.kid]);
  await pass(95);
  expect(await signer()).toEqual([second?.kid]);
  await pass(30);
  expect(await signer()).toEqual([third?.kid]);
  await db.admin`delete from signing_keys where kid <> ${third?.kid ?? ''} and audience = 'staff'`;
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
