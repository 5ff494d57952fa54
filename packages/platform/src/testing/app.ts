import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll } from 'vitest';
import { createApi } from '../api.ts';
import type { ApiDescription } from '../api-description.ts';
import { type ApiParts, openApiParts } from '../api-parts.ts';
import { type Environment, readAdminConfig } from '../config.ts';
import { createLoggers } from '../logger.ts';
import { openApiDocument } from '../openapi/document.ts';
import { ContractCheck } from './contract-check.ts';

/** What to send. At most one of `token` and `key` is usual. */
export interface Sent {
  /** Access token of staff. */
  token?: string;
  /** API key. */
  key?: string;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  /** The caller's address; tests that must not share a limit take different ones. */
  from?: string;
}

/** What came back. `body` is the parsed JSON; undefined if there was none. */
export interface Answer<Body = unknown> {
  status: number;
  headers: Record<string, string | number | string[] | undefined>;
  body: Body;
  text: string;
}

/** A running API of a test: real Fastify, real PostgreSQL, no socket. */
export interface TestApi {
  /** Sends a request and holds the answer against the OpenAPI document. */
  call<Body = unknown>(method: string, path: string, sent?: Sent): Promise<Answer<Body>>;
  parts: ApiParts;
  app: NestFastifyApplication;
  document: Record<string, unknown>;
  /** Lines of the log so far. */
  log: string[];
}

// The key `useDatabase()` gives the process: what one of them sealed, the other opens.
const TEST_MASTER_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;

// Suites send thousands of requests from one address; what limits do is tested where they are.
const NO_LIMITS = {
  RATE_LIMIT_PER_KEY: '10000000',
  RATE_LIMIT_PER_COMPANY: '10000000',
  RATE_LIMIT_PER_ADDRESS: '10000000',
};

/** Boots an API on a test's database. Close `app`, then `parts`. */
export async function bootApi(
  api: ApiDescription,
  db: { urls: { app: string } },
  env: Environment = {},
): Promise<TestApi> {
  const filesDir = await mkdtemp(path.join(tmpdir(), 'souk-test-files-'));
  const config = readAdminConfig({
    NODE_ENV: 'test',
    ...(env['S3_BUCKET'] === undefined && { FILES_DIR: filesDir }),
    DATABASE_URL: db.urls.app,
    MASTER_KEYS: TEST_MASTER_KEYS,
    DATABASE_POOL_SIZE: '8',
    // Whoever calls every route waits for the end of each answer.
    EVENT_STREAM_SECONDS: '1',
    // Tests' own servers are on this machine.
    FETCH_ALLOW_LOOPBACK: 'true',
    ...NO_LIMITS,
    ...env,
  });
  const log: string[] = [];
  const loggers = createLoggers({ level: 'info', process: api.name, to: { write: (line) => void log.push(line) } });
  const opened = await openApiParts(config, loggers, { name: `souk-test-${api.name}` });
  const close = async () => {
    await opened.close();
    await rm(filesDir, { recursive: true, force: true });
  };
  const parts: ApiParts = { ...opened, close };
  const app = await createApi(api, parts);
  // As JSON: what is checked is what is served.
  const document = JSON.parse(JSON.stringify(openApiDocument(api))) as Record<string, unknown>;
  const contract = new ContractCheck(document);
  return { call: callerOf(app, contract), parts, app, document, log };
}

function callerOf(app: NestFastifyApplication, contract: ContractCheck): TestApi['call'] {
  return async <Body>(method: string, path: string, { token, key, body, headers, from = '127.0.0.1' }: Sent = {}) => {
    const answer = await app.inject({
      method: method as 'GET', // inject takes any method, its type only the usual ones
      url: path,
      remoteAddress: from,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(key !== undefined && { 'x-api-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const contentType = answer.headers['content-type']?.toString();
    if (path.startsWith('/v1/') && method !== 'OPTIONS') {
      contract.check({
        method,
        path: path.split('?')[0] ?? '',
        status: answer.statusCode,
        contentType,
        headers: answer.headers,
        body: answer.body,
      });
    }
    const isJson = contentType?.includes('json') && answer.body !== '';
    // Whoever asks names the shape; it was held against the document above.
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: (isJson ? JSON.parse(answer.body) : undefined) as Body,
      text: answer.body,
    };
  };
}

/** Boots an API for a test file and closes it at the end. Call it once at the top, after `useDatabase()`. */
export function useApi(api: ApiDescription, db: { urls: { app: string } }, env: Environment = {}): TestApi {
  const given = {} as TestApi; // filled before the first test runs
  beforeAll(async () => {
    Object.assign(given, await bootApi(api, db, env));
  });
  afterAll(async () => {
    await given.app?.close();
    await given.parts?.close();
  });
  return given;
}
