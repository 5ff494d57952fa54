import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestDatabase } from '@souk/domain/testing/database';
import { createApi } from '@souk/platform/api';
import { type ApiParts, openApiParts } from '@souk/platform/api-parts';
import { readStorefrontConfig } from '@souk/platform/config';
import { createLoggers } from '@souk/platform/logger';
import { afterAll, beforeAll } from 'vitest';
import { controllers } from '../app.module.ts';

const MASTER_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`; // as useDatabase() gives it to the process
const NO_LIMITS = {
  RATE_LIMIT_PER_KEY: '10000000',
  RATE_LIMIT_PER_COMPANY: '10000000',
  RATE_LIMIT_PER_ADDRESS: '10000000',
};

/** The API of a test at a real port, with as many connections to the database as production has by default. */
export interface ListeningApi {
  url: string;
  parts: ApiParts;
  /** Lines of the log so far. */
  log: string[];
}

/** Starts the storefront API for a test file; call it once at its top. `env` is asked for when it starts. */
export function listeningStorefront(
  db: TestDatabase,
  env: () => Promise<Record<string, string>> = async () => ({}),
): ListeningApi {
  const given = { log: [] as string[] } as unknown as ListeningApi; // filled before the first test runs
  let close: () => Promise<void> = async () => undefined;
  beforeAll(async () => {
    const filesDir = await mkdtemp(path.join(tmpdir(), 'souk-test-files-'));
    const config = readStorefrontConfig({
      NODE_ENV: 'test',
      FILES_DIR: filesDir,
      DATABASE_URL: db.urls.app,
      MASTER_KEYS,
      ...NO_LIMITS,
      ...(await env()),
    });
    const to = { write: (line: string) => void given.log.push(line) };
    const parts = await openApiParts(config, createLoggers({ level: 'warn', process: 'storefront', to }), {
      name: 'souk-test-storefront',
    });
    const app = await createApi({ name: 'storefront', controllers }, parts);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const server: unknown = app.getHttpServer();
    const address = server instanceof Server ? server.address() : null;
    // A server that listens on TCP has an AddressInfo.
    Object.assign(given, { parts, url: `http://127.0.0.1:${(address as AddressInfo).port}` });
    close = async () => {
      await app.close();
      await parts.close();
      await rm(filesDir, { recursive: true, force: true });
    };
  });
  afterAll(() => close());
  return given;
}
