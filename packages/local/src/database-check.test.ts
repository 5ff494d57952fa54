import { expect, inject, test } from 'vitest';
import { databaseFault, listenerFault } from './database-check.ts';
import { freePort } from './ports.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { adminUrl: string; template: string; password: string };
  }
}

const { adminUrl, template, password } = inject('postgres');

function urlOf(change: Partial<Pick<URL, 'username' | 'password' | 'port' | 'pathname'>>): string {
  return Object.assign(new URL(adminUrl), change).href;
}
const app = { username: 'souk_app', password, pathname: `/${template}` };

test('a role that fits its purpose has no fault', async () => {
  expect(await databaseFault(adminUrl, 'admin')).toBeUndefined();
  expect(await databaseFault(urlOf(app), 'app')).toBeUndefined();
});

test('a role that is too strong or too weak is named', async () => {
  expect(await databaseFault(adminUrl, 'app')).toContain('row level security does not bind');
  expect(await databaseFault(urlOf(app), 'admin')).toContain('may not create roles and databases');
});

test('a wrong password, database or port is told by its reason, without the password', async () => {
  const faults = await Promise.all([
    databaseFault(urlOf({ ...app, password: 'hunter2' }), 'app'),
    databaseFault(urlOf({ ...app, pathname: '/nowhere' }), 'app'),
    databaseFault(urlOf({ ...app, port: String(await freePort()) }), 'app'),
  ]);
  expect(faults).toEqual([
    expect.stringContaining('password authentication failed'),
    expect.stringContaining('nowhere'),
    expect.stringContaining('ECONNREFUSED'),
  ]);
  expect(faults.join()).not.toMatch(/hunter2/);
});

test('a place where nobody listens is told apart from one where somebody does', async () => {
  expect(await listenerFault(`redis://127.0.0.1:${await freePort()}`, 6_379)).toContain('ECONNREFUSED');
  expect(await listenerFault(adminUrl, 5_432)).toBeUndefined();
});
