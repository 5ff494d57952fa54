import { type TestApi, useApi } from '@souk/platform/testing/app';
import { controllers } from '../app.module.ts';

/** The storefront API for a test file; call it once at its top, after `useDatabase()`. `env` are settings as in the environment. */
export const bootStorefront = (db: { urls: { app: string } }, env?: Record<string, string>): TestApi =>
  useApi({ name: 'storefront', controllers }, db, env);
