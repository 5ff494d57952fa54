import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { useDatabase } from '../testing/database.ts';
import { createPool } from './pool.ts';

const db = useDatabase();

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void; // the flag above defines it

test('a connection keeps nothing of what was waited for on it', async () => {
  const pool = createPool({ url: db.urls.app, size: 1 });
  const connection = await pool.acquire('');
  const seen: WeakRef<object>[] = [];
  for (let at = 0; at < 20; at++) seen.push(new WeakRef(await connection.whileUp(Promise.resolve({ at }))));
  await new Promise((resolve) => setImmediate(resolve)); // a WeakRef holds on until the turn that read it is over
  collect();
  expect(seen.filter((one) => one.deref() !== undefined).length).toBeLessThan(2);
  pool.release(connection, '');
  await pool.close();
});

test('whoever waits when a connection is lost is told so, and so is whoever asks afterwards', async () => {
  const pool = createPool({ url: db.urls.app, size: 1 });
  const connection = await pool.acquire('');
  const waiting = connection.whileUp(new Promise(() => undefined));
  connection.destroy(new Error('pulled out'));
  await expect(waiting).rejects.toThrow('pulled out');
  await expect(connection.whileUp(Promise.resolve(1))).rejects.toThrow('pulled out');
  pool.release(connection, '');
  await pool.close();
});
