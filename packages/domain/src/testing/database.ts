import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, inject } from 'vitest';
import { type Database, openDatabase } from '../kernel/database.ts';
import { useMasterKeys } from '../kernel/sealing.ts';
import type { Committed } from '../kernel/unit-of-work.ts';

/** What the run's global set-up hands to every test file. */
declare module 'vitest' {
  interface ProvidedContext {
    postgres: { adminUrl: string; template: string; password: string };
  }
}

/** A database of one test file, cloned from the migrated template, reached as the roles production uses. */
export interface TestDatabase {
  app: Database;
  relay: Database;
  urls: { app: string; relay: string; migrate: string; admin: string };
  /** A connection that row security does not hold back: for looking at what is really there, never for the code under test. */
  admin: postgres.Sql;
  /** What units of work announced after their commit, oldest first. */
  committed: Committed[];
}

/** Gives the test file a database of its own; call it once at the top of the file. */
export function useDatabase(): TestDatabase {
  const given = {} as TestDatabase; // filled before the first test runs
  beforeAll(async () => {
    useMasterKeys(new Map([['test', Buffer.alloc(32, 7)]]));
    Object.assign(given, await cloneDatabase());
  });
  afterAll(async () => {
    await Promise.all([given.app?.close(), given.relay?.close(), given.admin?.end({ timeout: 1 })]);
    if (given.urls) await dropDatabase(new URL(given.urls.app).pathname.slice(1));
  });
  return given;
}

async function cloneDatabase(): Promise<TestDatabase> {
  const { adminUrl, template, password } = inject('postgres');
  const name = `souk_test_${randomBytes(6).toString('hex')}`;
  await asAdmin((admin) => admin.unsafe(`create database ${name} template ${template} owner souk_owner`));
  await asAdmin((admin) => admin.unsafe(`grant connect on database ${name} to souk_app, souk_relay, souk_migrate`));
  const urlOf = (role: string) => {
    const url = new URL(adminUrl);
    url.username = role;
    url.password = password;
    url.pathname = `/${name}`;
    return url.href;
  };
  const adminOfClone = new URL(adminUrl);
  adminOfClone.pathname = `/${name}`;
  const urls = {
    app: urlOf('souk_app'),
    relay: urlOf('souk_relay'),
    migrate: urlOf('souk_migrate'),
    admin: adminOfClone.href,
  };
  const committed: Committed[] = [];
  return {
    urls,
    committed,
    app: openDatabase({ url: urls.app, size: 8, onCommitted: (what) => committed.push(what) }),
    relay: openDatabase({ url: urls.relay, size: 2 }),
    admin: postgres(urls.admin, { max: 2, onnotice: () => undefined }),
  };
}

const dropDatabase = (name: string) => asAdmin((admin) => admin.unsafe(`drop database if exists ${name} with (force)`));

async function asAdmin<T>(work: (admin: postgres.Sql) => Promise<T>): Promise<T> {
  const admin = postgres(inject('postgres').adminUrl, { max: 1, onnotice: () => undefined });
  try {
    return await work(admin);
  } finally {
    await admin.end({ timeout: 1 });
  }
}
