import { z } from 'zod';
import { baseUrl, decodedUrl, masterKeys, networks, onOff, port, urlOf, wholeNumber } from './setting.ts';
import { saysStorefront } from './storefront-url.ts';

/** The master key of development. Everybody knows it, so production refuses it. */
export const DEVELOPMENT_MASTER_KEY = `development:${Buffer.from('souk-development-key-not-secret!').toString('base64')}`;
const DEVELOPMENT_ADMIN_URL = 'http://localhost:4000';
const DEVELOPMENT_FILES_DIR = '.data/files';
const DEVELOPMENT_MAIL_FROM = 'Souk <souk@localhost>';
/** Passwords of examples and tutorials. A production database reached with one of them is open to all. */
const KNOWN_PASSWORDS = new Set([
  '',
  'souk',
  'souk_app',
  'souk_relay',
  'postgres',
  'password',
  'development',
  'secret',
  'changeme',
]);

/** What one process reads from its environment, in capitals as there. `z.infer` of it is the process's config. */
const everyProcess = {
  NODE_ENV: z.enum(['development', 'test', 'production']),
  DATABASE_URL: urlOf('postgres:', 'postgresql:'),
  DATABASE_POOL_SIZE: wholeNumber(1, 200).optional(),
  DATABASE_PREPARE: onOff.default(true),
  REDIS_URL: urlOf('redis:', 'rediss:').optional(),
  MASTER_KEYS: masterKeys,
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
};

const mail = {
  ADMIN_URL: baseUrl,
  /**
   * Where browsers reach the storefront API. Left out: what `FILES_URL` says of it, else this machine, which production
   * refuses (`storefront-url.ts`).
   */
  STOREFRONT_URL: baseUrl.optional(),
  SMTP_URL: urlOf('smtp:', 'smtps:').optional(),
  MAIL_FROM: z.string().min(3).max(320),
};

const metrics = (defaultPort: number) => ({
  METRICS_PORT: port.default(defaultPort),
  METRICS_HOST: z.string().min(1).default('127.0.0.1'),
});

/** Requests a minute. Budgets of traffic, not of safety: logins and codes have their own (`attempts.ts`). */
const trafficLimits = {
  RATE_LIMIT_PER_KEY: wholeNumber(1, 10_000_000).default(12_000),
  RATE_LIMIT_PER_COMPANY: wholeNumber(1, 10_000_000).default(60_000),
  RATE_LIMIT_PER_ADDRESS: wholeNumber(1, 10_000_000).default(1_200),
};

/** Where files lie: a folder that all processes share, or an S3 bucket. */
const files = {
  FILES_DIR: z.string().min(1).optional(),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: 'is not the name of a bucket' })
    .optional(),
  /** Left out: that of AWS in the region. */
  S3_ENDPOINT: urlOf('http:', 'https:').optional(),
  /** Under which browsers reach the same store, for uploads and downloads. Left out: `S3_ENDPOINT`. */
  S3_PUBLIC_ENDPOINT: urlOf('http:', 'https:').optional(),
  S3_REGION: z.string().min(1).max(60).default('us-east-1'),
  S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  S3_FORCE_PATH_STYLE: onOff.optional(),
  S3_CHECKSUMS: z.enum(['when_required', 'when_supported']).default('when_required'),
  /** Where visitors fetch pictures; by default the storefront API on this machine, at `STOREFRONT_PORT`. */
  FILES_URL: baseUrl.optional(),
  STOREFRONT_PORT: port.default(4_100),
  FILES_QUOTA_MB: wholeNumber(1, 100_000_000).default(5_120),
  FILE_MAX_MB: wholeNumber(1, 200).default(20),
  IMAGE_PIXELS_MAX: wholeNumber(10_000, 500_000_000).default(50_000_000),
};

/**
 * Development and tests fetch from this very machine, and hand webhooks to it; in production that would open it to
 * everybody's imports and endpoints.
 */
const fetching = { FETCH_ALLOW_LOOPBACK: onOff.default(false), ADMIN_PORT: port.default(4_000) };

/** Where Paystack is asked; a simulator on this machine in development. */
const payments = {
  PAYSTACK_URL: baseUrl.default('https://api.paystack.co'),
  /** Shortens the waits between questions about payments and refunds: for trials. 1 is the schedule as it is. */
  PAYMENT_CHECK_PACE: z.coerce.number().gt(0).max(1).default(1),
};

const http = {
  HOST: z.string().min(1),
  TRUSTED_PROXIES: networks.default([]),
  REGISTRATION: z.enum(['open', 'invite', 'closed']),
  ...mail,
  ...files,
  ...fetching,
  ...payments,
  ...trafficLimits,
  /** Memory for ready answers of the storefront; 0 turns it off. */
  STOREFRONT_CACHE_MB: wholeNumber(0, 16_384).default(64),
  /** How long a stream of events lives before its client has to connect again. */
  EVENT_STREAM_SECONDS: wholeNumber(1, 3_600).default(600),
};

const adminSchema = z.object({ ...everyProcess, ...http, ...metrics(9_400) });
const storefrontSchema = z.object({ ...everyProcess, ...http, ...metrics(9_401) });
const workerSchema = z.object({
  ...everyProcess,
  ...mail,
  ...files,
  ...fetching,
  ...payments,
  ...metrics(9_402),
  DATABASE_RELAY_URL: urlOf('postgres:', 'postgresql:'),
  /** For the queue when there is no Redis, past any connection pooler. Left out: `DATABASE_URL`. */
  DATABASE_QUEUE_URL: urlOf('postgres:', 'postgresql:').optional(),
});
const cliSchema = z.object({ ...everyProcess, ...mail, ...files, REGISTRATION: http.REGISTRATION });

export type AdminConfig = z.infer<typeof adminSchema>;
export type StorefrontConfig = z.infer<typeof storefrontSchema>;
export type WorkerConfig = z.infer<typeof workerSchema>;
export type CliConfig = z.infer<typeof cliSchema>;
/** What says where payment providers are. */
export type PaymentsConfig = Pick<WorkerConfig, keyof typeof payments>;
/** What says where files lie, of any process. */
export type FilesConfig = Pick<CliConfig, keyof typeof files | 'ADMIN_URL' | 'MASTER_KEYS'>;
/** What says which servers that strangers name are asked, of any process that asks them. */
export type FetchingConfig = Pick<
  WorkerConfig,
  keyof typeof fetching | 'STOREFRONT_PORT' | 'METRICS_PORT' | 'ADMIN_URL' | 'STOREFRONT_URL'
>;
/** What the two APIs have in common. */
export type ApiConfig = AdminConfig;

export type Environment = Readonly<Record<string, string | undefined>>;

const COMMAND = 'souk command';

/** Reads a process's settings once. Throws `SettingsWrong` that lists every fault. */
export const readAdminConfig = (env: Environment = process.env): AdminConfig => read('admin API', adminSchema, env);
export const readStorefrontConfig = (env: Environment = process.env): StorefrontConfig =>
  read('storefront API', storefrontSchema, env);
export const readWorkerConfig = (env: Environment = process.env): WorkerConfig => read('worker', workerSchema, env);
export const readCliConfig = (env: Environment = process.env): CliConfig => read(COMMAND, cliSchema, env);

const EXAMPLES: Record<string, string> = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://souk_app:<password>@localhost:5432/souk',
  DATABASE_RELAY_URL: 'postgres://souk_relay:<password>@localhost:5432/souk',
  DATABASE_QUEUE_URL: 'postgres://souk_app:<password>@localhost:5432/souk   (PostgreSQL itself, not a pooler)',
  DATABASE_POOL_SIZE: '8',
  DATABASE_PREPARE: 'true',
  REDIS_URL: 'redis://localhost:6379',
  MASTER_KEYS: '2026-11:<32 random bytes in base64>   (openssl rand -base64 32)',
  LOG_LEVEL: 'info',
  ADMIN_URL: 'https://admin.example.com',
  SMTP_URL: 'smtp://user:<password>@mail.example.com:587',
  MAIL_FROM: 'Example Shops <shops@example.com>',
  FILES_DIR: '/var/lib/souk/files   (a folder all processes share; or S3_BUCKET)',
  FILES_URL: 'https://shop.example.com/files',
  FILES_QUOTA_MB: '5120   (of each company)',
  FILE_MAX_MB: '20   (of a picture)',
  IMAGE_PIXELS_MAX: '50000000   (width times height)',
  S3_ENDPOINT: 'https://s3.eu-west-1.amazonaws.com',
  S3_PUBLIC_ENDPOINT: 'https://files.example.com',
  S3_BUCKET: 'souk-files',
  S3_REGION: 'eu-west-1',
  S3_ACCESS_KEY_ID: '<id of the access key>',
  S3_SECRET_ACCESS_KEY: '<secret of the access key>',
  S3_FORCE_PATH_STYLE: 'true   (for most stores that are not AWS)',
  S3_CHECKSUMS: 'when_required   (or when_supported)',
  FETCH_ALLOW_LOOPBACK: 'false',
  PAYSTACK_URL: 'https://api.paystack.co   (http only for a simulator on this machine, in development)',
  STOREFRONT_URL: 'https://shop.example.com   (of the storefront API; mails lead there for shops without an address)',
  PAYMENT_CHECK_PACE: '1   (0.01 asks a hundred times as often, for trials)',
  METRICS_PORT: '9400   (0 turns it off)',
  METRICS_HOST: '127.0.0.1',
  HOST: '0.0.0.0',
  TRUSTED_PROXIES: '10.0.0.0/8,192.168.1.7',
  REGISTRATION: 'open   (or invite, or closed)',
  ADMIN_PORT: '4000',
  STOREFRONT_PORT: '4100',
  STOREFRONT_CACHE_MB: '64   (0 turns it off)',
  RATE_LIMIT_PER_KEY: '12000   (requests a minute)',
  RATE_LIMIT_PER_COMPANY: '60000   (requests a minute)',
  RATE_LIMIT_PER_ADDRESS: '1200   (requests a minute)',
};

interface Fault {
  name: string;
  reason: string;
}

/** The environment does not fit. The message lists each setting, what is wrong with it, and an example. */
export class SettingsWrong extends Error {
  constructor(processName: string, faults: readonly Fault[]) {
    const lines = faults.map(({ name, reason }) => `  ${name}: ${reason}. Example: ${name}=${EXAMPLES[name] ?? '…'}`);
    const count = faults.length === 1 ? 'one setting is' : `${faults.length} settings are`;
    super(`The ${processName} cannot start: ${count} wrong in its environment.\n${lines.join('\n')}`);
    this.name = 'SettingsWrong';
  }
}

function read<Schema extends z.ZodType<Record<string, unknown>>>(
  processName: string,
  schema: Schema,
  env: Environment,
): z.infer<Schema> {
  const given = withDefaults(env);
  const parsed = schema.safeParse(given);
  const faults = parsed.success ? [] : parsed.error.issues.map((issue) => faultOf(issue, given));
  if (given['NODE_ENV'] === 'production') faults.push(...developmentSecrets(env, given), ...unsafeSettings(given));
  faults.push(...storeFaults(given, processName !== COMMAND), ...paymentFaults(given));
  const once = [...new Map(faults.map((fault) => [fault.name, fault])).values()];
  if (!parsed.success || once.length > 0) throw new SettingsWrong(processName, once);
  return parsed.data;
}

// An empty variable is one that was left out: compose files write `${NAME:-}`.
function withDefaults(env: Environment): Record<string, string> {
  const set = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1]?.trim())),
  );
  const mode = set['NODE_ENV'] ?? 'development';
  const ofMode: Record<string, string> =
    mode === 'production'
      ? { HOST: '0.0.0.0', REGISTRATION: 'closed' }
      : {
          HOST: '127.0.0.1',
          REGISTRATION: 'open',
          MASTER_KEYS: DEVELOPMENT_MASTER_KEY,
          ADMIN_URL: DEVELOPMENT_ADMIN_URL,
          MAIL_FROM: DEVELOPMENT_MAIL_FROM,
          ...(!set['S3_BUCKET'] && { FILES_DIR: DEVELOPMENT_FILES_DIR }),
        };
  return { ...ofMode, ...set, NODE_ENV: mode };
}

// Values are never shown: half of them are secrets.
function faultOf(issue: z.core.$ZodIssue, given: Record<string, string>): Fault {
  const name = String(issue.path[0] ?? '');
  if (!(name in given)) return { name, reason: 'is missing' };
  if (issue.code === 'invalid_value') return { name, reason: `expected one of ${issue.values.map(String).join(', ')}` };
  return { name, reason: issue.message };
}

function developmentSecrets(env: Environment, given: Record<string, string>): Fault[] {
  const faults: Fault[] = [];
  const developmentKey = DEVELOPMENT_MASTER_KEY.slice(DEVELOPMENT_MASTER_KEY.indexOf(':') + 1);
  if (env['MASTER_KEYS']?.includes(developmentKey)) {
    faults.push({ name: 'MASTER_KEYS', reason: 'holds the key of development, which everybody knows' });
  }
  for (const name of ['DATABASE_URL', 'DATABASE_RELAY_URL', 'DATABASE_QUEUE_URL']) {
    const url = decodedUrl(given[name] ?? '');
    if (url && KNOWN_PASSWORDS.has(url.password)) {
      faults.push({ name, reason: 'has no password, or one from an example' });
    }
  }
  return faults;
}

const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/;

// What works, and is open to whoever listens or tries.
function unsafeSettings(given: Record<string, string>): Fault[] {
  const faults: Fault[] = [];
  const adminUrl = given['ADMIN_URL'] ?? '';
  if (URL.canParse(adminUrl) && new URL(adminUrl).protocol === 'http:' && !LOOPBACK.test(new URL(adminUrl).hostname)) {
    faults.push({ name: 'ADMIN_URL', reason: 'must begin with https://, for links in mails carry secrets' });
  }
  const shopUrl = given['STOREFRONT_URL'] ?? '';
  if (URL.canParse(shopUrl) && new URL(shopUrl).protocol === 'http:' && !LOOPBACK.test(new URL(shopUrl).hostname)) {
    faults.push({ name: 'STOREFRONT_URL', reason: 'must begin with https://, for links in mails carry secrets' });
  }
  const keys = masterKeys.safeParse(given['MASTER_KEYS']);
  if (keys.success && [...keys.data.values()].some((key) => key.every((byte) => byte === key[0]))) {
    faults.push({ name: 'MASTER_KEYS', reason: 'holds a key whose bytes are all the same' });
  }
  if (onOff.safeParse(given['FETCH_ALLOW_LOOPBACK']).data === true) {
    faults.push({
      name: 'FETCH_ALLOW_LOOPBACK',
      reason: 'lets imports and webhooks reach this very machine; leave it out',
    });
  }
  if (given['TRUSTED_PROXIES']?.split(',').some((part) => /\/0+$/.test(part.trim()))) {
    faults.push({ name: 'TRUSTED_PROXIES', reason: 'trusts every address, so everybody may say where they come from' });
  }
  return faults;
}

/** Secret keys of merchants go there, so nobody on the way may read along. */
function paymentFaults(given: Record<string, string>): Fault[] {
  const url = given['PAYSTACK_URL'] ?? '';
  if (!URL.canParse(url) || new URL(url).protocol !== 'http:') return [];
  const isProduction = given['NODE_ENV'] === 'production';
  if (!isProduction && LOOPBACK.test(new URL(url).hostname)) return [];
  return [{ name: 'PAYSTACK_URL', reason: 'must begin with https://, for it is sent the secret keys of merchants' }];
}

/** The settings of the bucket belong together, and there is one place for files, not two. The command may do without any. */
function storeFaults(given: Record<string, string>, isServing: boolean): Fault[] {
  const faults: Fault[] = [];
  const isProduction = given['NODE_ENV'] === 'production';
  const missing = (name: string, why: string) => faults.push({ name, reason: `is missing${why}` });
  if (isServing && isProduction && !given['FILES_URL']) missing('FILES_URL', ': where visitors fetch pictures');
  if (
    isServing &&
    isProduction &&
    given['FILES_URL'] &&
    !given['STOREFRONT_URL'] &&
    !saysStorefront(given['FILES_URL'])
  )
    missing('STOREFRONT_URL', ', and FILES_URL does not end in /files: links in mails would lead to this machine');
  const [id, secret] = ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;
  if (!given['S3_BUCKET']) {
    const first = ['S3_ENDPOINT', 'S3_PUBLIC_ENDPOINT', 'S3_REGION', id, secret].find((name) => given[name]);
    if (first) missing('S3_BUCKET', `, while ${first} is set`);
    else if (isServing && isProduction && !given['FILES_DIR'])
      missing('FILES_DIR', ' (or S3_BUCKET): pictures, imports and exports need a place');
    return faults;
  }
  if (given['FILES_DIR'])
    faults.push({ name: 'FILES_DIR', reason: 'and S3_BUCKET are both set, and files have one place; unset one' });
  if (given[id] && !given[secret]) missing(secret, `, while ${id} is set`);
  if (given[secret] && !given[id]) missing(id, `, while ${secret} is set`);
  return faults;
}
