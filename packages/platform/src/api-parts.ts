import type { CustomerTokens } from '@souk/domain/identity/customer-sessions/customer-tokens';
import type { AccessTokens } from '@souk/domain/identity/sessions/access-tokens';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import { ensureSigningKey } from '@souk/domain/identity/sessions/signing-keys.service';
import { readCatalogueVersions } from '@souk/domain/kernel/catalogue-version-reader';
import { type Database, openDatabase } from '@souk/domain/kernel/database';
import { createPool } from '@souk/domain/kernel/pool';
import { useMasterKeys } from '@souk/domain/kernel/sealing';
import type { WebhookSender } from '@souk/domain/reach/webhooks/webhook-sender';
import type { Gateways } from '@souk/domain/sales/payments/gateway';
import type { Registry } from 'prom-client';
import { SignedAccessTokens } from './access-tokens.ts';
import { AnswerCache } from './answer-cache.ts';
import { attemptsInsured, attemptsOnPostgres, attemptsOnRedis } from './attempts.ts';
import { CatalogueVersions } from './catalogue-versions.ts';
import type { ApiConfig } from './config.ts';
import { SignedCustomerTokens } from './customer-tokens.ts';
import { type Files, openFiles } from './files.ts';
import { openGateways } from './gateways.ts';
import { type Check, Readiness } from './health.ts';
import { KeyMemory } from './http/key-memory.ts';
import { KeyUse } from './key-use.ts';
import { Limits } from './limits.ts';
import type { Loggers } from './logger.ts';
import { processMetrics } from './metrics.ts';
import { nudger } from './queue-nudge.ts';
import { ReadyAnswers } from './ready-answers.ts';
import { openRedis } from './redis.ts';
import { SharedAnswers } from './shared-answers.ts';
import { Standings } from './standings.ts';
import { refuseOldSchema, refuseUnfitDatabase } from './startup-check.ts';
import { StorefrontReads } from './storefront-reads.ts';
import { hearTouched, tellTouched } from './touched.ts';
import { openWebhookSender } from './webhook-sender.ts';

const MEGABYTE = 1_048_576;

/** What an API process is made of, besides its controllers. */
export interface ApiParts {
  readonly config: ApiConfig;
  readonly loggers: Loggers;
  readonly database: Database;
  readonly standings: Standings;
  readonly readyAnswers: ReadyAnswers;
  readonly storefrontReads: StorefrontReads;
  readonly keyMemory: KeyMemory;
  readonly limits: Limits;
  readonly keyUse: KeyUse;
  readonly attempts: Attempts;
  readonly accessTokens: AccessTokens;
  readonly customerTokens: CustomerTokens;
  readonly readiness: Readiness;
  readonly files: Files;
  readonly gateways: Gateways;
  /** Only asked which addresses it refuses; a worker sends. */
  readonly webhookSender: WebhookSender;
  readonly registry: Registry;
  /** Writes down what waits in memory and closes connections, the database last. */
  close(): Promise<void>;
}

export interface ApiPartsOptions {
  /** Stands in PostgreSQL's list of connections: souk-admin, souk-storefront. */
  name: string;
}

/**
 * Opens everything an API process needs. Throws if the database's role could walk through the walls or migrations are
 * missing; Redis may come later.
 */
export async function openApiParts(config: ApiConfig, loggers: Loggers, { name }: ApiPartsOptions): Promise<ApiParts> {
  const { log } = loggers;
  useMasterKeys(config.MASTER_KEYS);
  const redis = config.REDIS_URL ? openRedis(config.REDIS_URL, log, 'commands') : undefined;
  const subscriber = config.REDIS_URL ? openRedis(config.REDIS_URL, log, 'subscriber') : undefined;
  const nudge = nudger(redis, log);
  const files = await openFiles(config);
  const database: Database = openDatabase({
    refuseNesting: config.NODE_ENV !== 'production',
    url: config.DATABASE_URL,
    size: config.DATABASE_POOL_SIZE,
    prepare: config.DATABASE_PREPARE,
    applicationName: name,
    onCommitted: ({ companyId, touched, nudged, customers = [] }) => {
      if (nudged) nudge();
      for (const customerId of touched ? [undefined] : customers) {
        memory.touched(companyId, customerId);
        tellTouched(redis, companyId, log, customerId);
      }
    },
  });
  const standings = new Standings(database.run);
  const readyAnswers = new ReadyAnswers();
  const keyMemory = new KeyMemory();
  const memory = memoryOf(standings, [standings, readyAnswers, keyMemory]);
  const onPostgres = attemptsOnPostgres(config.DATABASE_URL, log, { prepare: config.DATABASE_PREPARE });
  const attempts = redis ? attemptsInsured(attemptsOnRedis(redis), onPostgres) : onPostgres;
  const limits = new Limits({ perMinute: limitsOf(config) });
  const keyUse = new KeyUse(database.run, log);
  const reads = openStorefrontReads(config, name, database, redis && new SharedAnswers(redis, log));
  const close = async () => {
    limits.stop();
    await keyUse.stop();
    subscriber?.disconnect();
    redis?.disconnect();
    await onPostgres.close();
    await reads.close();
    await database.close();
  };
  try {
    await makeReady(database);
    if (redis) limits.settleThrough(redis, log);
    if (subscriber) listen(subscriber, memory, loggers);
  } catch (error) {
    await close();
    throw error;
  }
  const readiness = new Readiness(checksOf(database, redis, loggers));
  const registry = processMetrics(name, database.pool);
  const remembered = { standings, readyAnswers, keyMemory };
  return {
    config,
    loggers,
    database,
    ...remembered,
    storefrontReads: reads.storefrontReads,
    limits,
    keyUse,
    attempts,
    accessTokens: new SignedAccessTokens(database.unscoped),
    customerTokens: new SignedCustomerTokens(database.unscoped),
    readiness,
    files,
    ...serversElsewhere(config),
    registry,
    close,
  };
}

/** Whom an API asks that is not ours. Nothing is contacted yet. */
const serversElsewhere = (config: ApiConfig) => ({
  gateways: openGateways(config),
  webhookSender: openWebhookSender(config),
});

/** Refuses a database that would not keep the walls; makes the first keys that sign access tokens. */
async function makeReady({ unscoped }: Database): Promise<void> {
  await refuseUnfitDatabase(unscoped);
  for (const audience of ['staff', 'customer'] as const) await unscoped((tx) => ensureSigningKey(tx, audience));
}

/** Reads of visitors, with a connection of their own for versions: cached answers must not wait behind slow reads. */
function openStorefrontReads(
  config: ApiConfig,
  name: string,
  { run }: Database,
  shared: SharedAnswers | undefined,
): { storefrontReads: StorefrontReads; close(): Promise<void> } {
  const pool = createPool({
    url: config.DATABASE_URL,
    size: 1,
    prepare: config.DATABASE_PREPARE,
    applicationName: `${name}-versions`,
  });
  const storefrontReads = new StorefrontReads({
    run,
    versions: new CatalogueVersions((companies) => readCatalogueVersions(pool, companies)),
    cache: new AnswerCache({ bytesMax: config.STOREFRONT_CACHE_MB * MEGABYTE, shared }),
  });
  return { storefrontReads, close: () => pool.close() };
}

/** All that a process remembers of companies, and how it forgets. */
function memoryOf(
  standings: Standings,
  caches: readonly Pick<Standings, 'drop' | 'clear'>[],
): Parameters<typeof hearTouched>[1] {
  return {
    touched: (companyId, customerId) => {
      if (customerId !== undefined) return standings.dropCustomer(companyId, customerId);
      for (const cache of caches) cache.drop(companyId);
    },
    missed: () => {
      for (const cache of caches) cache.clear();
    },
  };
}

function listen(subscriber: ReturnType<typeof openRedis>, memory: ReturnType<typeof memoryOf>, { log }: Loggers): void {
  hearTouched(subscriber, memory, log);
}

const limitsOf = (config: ApiConfig) => ({
  key: config.RATE_LIMIT_PER_KEY,
  company: config.RATE_LIMIT_PER_COMPANY,
  address: config.RATE_LIMIT_PER_ADDRESS,
});

function checksOf(database: Database, redis: ReturnType<typeof openRedis> | undefined, { log }: Loggers): Check[] {
  const told = (name: string, ask: () => Promise<unknown>): Check => ({
    name,
    ask: () =>
      ask().catch((error: unknown) => {
        log.warn({ err: error, check: name }, 'not ready');
        throw error;
      }),
  });
  return [
    // One query for both: it needs the database, and tells which migrations it has.
    told('database', () => refuseOldSchema(database.unscoped)),
    ...(redis ? [told('redis', () => redis.ping())] : []),
  ];
}
