import { type TestApi, useApi } from '@souk/platform/testing/app';
import { controllers } from '../app.module.ts';

/** The admin API for a test file; call it once at its top, after `useDatabase()`. `env` are settings as in the environment. */
export const bootAdmin = (db: { urls: { app: string } }, env?: Record<string, string>): TestApi =>
  useApi({ name: 'admin', controllers }, db, env);

/** What registration gives: a company with its owner logged in. */
export interface Registered {
  company: { id: string; handle: string };
  staff: { id: string; email: string };
  tokens: { accessToken: string; refreshToken: string };
  apiKey: { id: string; key: string };
}

let registrations = 0;

/** Registers a company over HTTP, from an address of its own. */
export async function register(admin: TestApi, password = 'correct horse battery staple'): Promise<Registered> {
  registrations += 1;
  const handle = `shop-${registrations}-${Math.random().toString(36).slice(2, 8)}`;
  const { status, body, text } = await admin.call<Registered>('POST', '/v1/companies', {
    from: `10.1.${registrations >> 8}.${registrations & 255}`,
    body: {
      company: { name: `Shop ${registrations}`, handle, country: 'NG', currency: 'NGN', timezone: 'Africa/Lagos' },
      owner: { name: 'Ada Obi', email: `ada@${handle}.example`, password },
    },
  });
  if (status !== 201) throw new Error(`Registration answered ${status}: ${text}`);
  return body;
}
