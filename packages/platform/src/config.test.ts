import { expect, test } from 'vitest';
import { DEVELOPMENT_MASTER_KEY, readAdminConfig, readStorefrontConfig, readWorkerConfig } from './config.ts';

const key = `prod:${Buffer.from('thirty-two bytes that are a key!').toString('base64')}`;
const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://souk_app:f83kfd9s@db:5432/souk',
  DATABASE_RELAY_URL: 'postgres://souk_relay:f83kfd9s@db:5432/souk',
  MASTER_KEYS: key,
  ADMIN_URL: 'https://admin.example.com/',
  MAIL_FROM: 'Shops <shops@example.com>',
  FILES_DIR: '/var/lib/souk/files',
  FILES_URL: 'https://shop.example.com/files/',
};
const complaint = (env: Record<string, string>, read: (env: Record<string, string>) => unknown = readAdminConfig) => {
  try {
    read(env);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

test('development needs a database and nothing else', () => {
  const config = readAdminConfig({ DATABASE_URL: 'postgres://souk_app:x@localhost/souk' });
  expect(config).toMatchObject({ NODE_ENV: 'development', HOST: '127.0.0.1', ADMIN_PORT: 4000, REGISTRATION: 'open' });
  expect(readStorefrontConfig({ DATABASE_URL: 'postgres://souk_app:x@localhost/souk' }).STOREFRONT_PORT).toBe(4100);
});

test('production listens to all, closes registration, and keeps metrics on loopback', () => {
  expect(readAdminConfig(production)).toMatchObject({
    HOST: '0.0.0.0',
    REGISTRATION: 'closed',
    METRICS_HOST: '127.0.0.1',
    ADMIN_URL: 'https://admin.example.com',
  });
});

test('all faults come in one message with the variable, the fault and an example', () => {
  const message = complaint({ NODE_ENV: 'production', ADMIN_PORT: 'four', TRUSTED_PROXIES: '2', LOG_LEVEL: 'loud' });
  for (const name of [
    'DATABASE_URL: is missing',
    'MASTER_KEYS: is missing',
    'ADMIN_URL: is missing',
    'MAIL_FROM: is missing',
    'FILES_DIR: is missing (or S3_BUCKET)',
    'FILES_URL: is missing',
  ]) {
    expect(message).toContain(name);
  }
  expect(message).toContain('ADMIN_PORT: expected a whole number from 0 to 65535. Example: ADMIN_PORT=4000');
  expect(message).toContain('TRUSTED_PROXIES: expected addresses or networks');
  expect(message).toContain('LOG_LEVEL: expected one of fatal');
  expect(message.split('\n')).toHaveLength(10);
});

test('production refuses the key of development, alone or beside another', () => {
  expect(complaint({ ...production, MASTER_KEYS: DEVELOPMENT_MASTER_KEY })).toContain('everybody knows');
  const renamed = DEVELOPMENT_MASTER_KEY.replace('development:', 'mine:');
  expect(complaint({ ...production, MASTER_KEYS: `${key},${renamed}` })).toContain('everybody knows');
});

test('production refuses a database password from an example', () => {
  expect(complaint({ ...production, DATABASE_URL: 'postgres://souk_app:postgres@db/souk' })).toContain(
    'DATABASE_URL: has no password',
  );
  expect(complaint({ ...production, DATABASE_RELAY_URL: 'postgres://souk_relay@db/souk' }, readWorkerConfig)).toContain(
    'DATABASE_RELAY_URL: has no password',
  );
  expect(
    complaint({ ...production, DATABASE_QUEUE_URL: 'postgres://souk_app:souk@db/souk' }, readWorkerConfig),
  ).toContain('DATABASE_QUEUE_URL: has no password');
});

test('Paystack is asked over https, or on this very machine in development', () => {
  const development = { DATABASE_URL: 'postgres://souk_app:x@localhost/souk' };
  expect(readAdminConfig(production).PAYSTACK_URL).toBe('https://api.paystack.co');
  expect(readStorefrontConfig(development).PAYSTACK_URL).toBe('https://api.paystack.co');
  const local = 'http://127.0.0.1:4300';
  expect(readStorefrontConfig({ ...development, PAYSTACK_URL: `${local}/` }).PAYSTACK_URL).toBe(local);
  expect(complaint({ ...production, PAYSTACK_URL: local })).toContain('PAYSTACK_URL: must begin with https://');
  for (const url of ['http://paystack.example', 'http://127.0.0.1.example:4300', 'ftp://localhost']) {
    expect(complaint({ ...development, PAYSTACK_URL: url })).toContain('PAYSTACK_URL: ');
  }
});

test('the queue has a database URL of its own if it needs one', () => {
  const queueUrl = 'postgres://souk_app:f83kfd9s@db-direct:5432/souk';
  expect(readWorkerConfig({ ...production, DATABASE_QUEUE_URL: queueUrl }).DATABASE_QUEUE_URL).toBe(queueUrl);
  expect(readWorkerConfig(production).DATABASE_QUEUE_URL).toBeUndefined();
  expect(complaint({ ...production, DATABASE_QUEUE_URL: 'db-direct' }, readWorkerConfig)).toContain(
    'Example: DATABASE_QUEUE_URL=postgres://souk_app:<password>@localhost:5432/souk   (PostgreSQL itself',
  );
});

test('a message never shows a value, for it may be a secret', () => {
  const message = complaint({ ...production, MASTER_KEYS: 'prod:c2hvcnQ=', DATABASE_URL: 'mysql://u:hunter2@db/souk' });
  expect(message).toContain('entry 1 has 5 bytes and needs 32');
  expect(message).not.toContain('hunter2');
  expect(message).not.toContain('c2hvcnQ');
});

test('no piece of any value of the environment stands in a message, whatever is wrong with it', () => {
  const names = [...complaint({ NODE_ENV: 'production' }).matchAll(/^ {2}(\w+): /gm)].map(([, name]) => name ?? '');
  const others = [
    'REDIS_URL',
    'SMTP_URL',
    'TRUSTED_PROXIES',
    'ADMIN_PORT',
    'METRICS_PORT',
    'LOG_LEVEL',
    'REGISTRATION',
  ];
  const more = ['DATABASE_POOL_SIZE', 'DATABASE_PREPARE', 'HOST', 'METRICS_HOST', 'RATE_LIMIT_PER_KEY', 'NODE_ENV'];
  expect(names).toContain('MASTER_KEYS');
  for (const name of [...names, ...others, ...more]) {
    for (const value of [
      'hunter2',
      'hunter2:x',
      'x:hunter2',
      'postgres://u:hunter2%@db/souk',
      'hunter2://x',
      '7'.repeat(400),
    ]) {
      for (const read of [readAdminConfig, readStorefrontConfig, readWorkerConfig]) {
        expect(complaint({ ...production, [name]: value }, read)).not.toMatch(/hunter2|7777/);
      }
    }
  }
});

test('a % that stands for itself in a URL is a fault among the others', () => {
  const message = complaint({ ...production, DATABASE_URL: 'postgres://souk_app:50%off@db/souk', ADMIN_PORT: 'four' });
  expect(message).toContain('DATABASE_URL: has a % that stands for itself; write %25');
  expect(message).toContain('ADMIN_PORT: ');
  expect(complaint({ ...production, REDIS_URL: 'redis://:50%off@cache' })).toContain('REDIS_URL: has a %');
  expect(readAdminConfig({ ...production, DATABASE_URL: 'postgres://souk_app:50%25off@db/souk' })).toBeDefined();
});

test('production refuses links without encryption, except to this machine', () => {
  for (const url of ['http://admin.example.com', 'http://127.0.0.1.example.com', 'http://localhost.example.com']) {
    expect(complaint({ ...production, ADMIN_URL: url })).toContain('ADMIN_URL: must begin with https://');
  }
  for (const url of ['http://localhost:4000', 'http://127.0.0.1:4000', 'http://[::1]:4000', 'https://10.0.0.7']) {
    expect(complaint({ ...production, ADMIN_URL: url })).toBe('');
  }
});

test('production refuses a master key of equal bytes, first or last', () => {
  const zeros = `zeros:${Buffer.alloc(32).toString('base64')}`;
  expect(complaint({ ...production, MASTER_KEYS: zeros })).toContain('MASTER_KEYS: holds a key whose bytes are all');
  expect(complaint({ ...production, MASTER_KEYS: `${key},${zeros}` })).toContain('MASTER_KEYS: holds a key whose');
});

test('production trusts no proxy that could be anybody', () => {
  for (const all of ['0.0.0.0/0', '::/0', '10.0.0.0/8, 0.0.0.0/00']) {
    expect(complaint({ ...production, TRUSTED_PROXIES: all })).toContain('TRUSTED_PROXIES: trusts every address');
  }
});

test('requests a minute: a secret key 12,000, a company 60,000, an address 1,200', () => {
  expect(readAdminConfig(production)).toMatchObject({
    RATE_LIMIT_PER_KEY: 12_000,
    RATE_LIMIT_PER_COMPANY: 60_000,
    RATE_LIMIT_PER_ADDRESS: 1_200,
  });
});

test('an empty variable counts as left out', () => {
  expect(readAdminConfig({ ...production, REDIS_URL: '', REGISTRATION: ' ' })).toMatchObject({
    REGISTRATION: 'closed',
  });
});

test('proxies are addresses and networks, never a number of hops', () => {
  expect(readAdminConfig({ ...production, TRUSTED_PROXIES: '10.0.0.0/8, ::1' }).TRUSTED_PROXIES).toEqual([
    '10.0.0.0/8',
    '::1',
  ]);
  expect(complaint({ ...production, TRUSTED_PROXIES: '10.0.0.0/99' })).toContain('TRUSTED_PROXIES');
});

test('files lie in a folder by default, and in a bucket if one is named', () => {
  expect(readAdminConfig({ DATABASE_URL: 'postgres://souk_app:x@localhost/souk' }).FILES_DIR).toBe('.data/files');
  expect(readAdminConfig(production)).toMatchObject({
    FILES_DIR: '/var/lib/souk/files',
    FILES_URL: 'https://shop.example.com/files',
    FILES_QUOTA_MB: 5_120,
    FILE_MAX_MB: 20,
    IMAGE_PIXELS_MAX: 50_000_000,
  });
  const bucket = { ...production, FILES_DIR: '', S3_BUCKET: 'souk', S3_FORCE_PATH_STYLE: 'true' };
  expect(readAdminConfig(bucket)).toMatchObject({ S3_BUCKET: 'souk', S3_FORCE_PATH_STYLE: true });
  expect(readAdminConfig(bucket).FILES_DIR).toBeUndefined();
});

test('half a bucket, or two places at once, is refused', () => {
  const bucket = { ...production, FILES_DIR: '', S3_BUCKET: 'souk' };
  expect(complaint({ ...bucket, S3_BUCKET: '', S3_ENDPOINT: 'https://s3.example.com' })).toContain(
    'S3_BUCKET: is missing, while S3_ENDPOINT is set',
  );
  expect(complaint({ ...bucket, FILES_DIR: '/files' })).toContain('FILES_DIR: and S3_BUCKET are both set');
  expect(complaint({ ...bucket, S3_ACCESS_KEY_ID: 'id' })).toContain('S3_SECRET_ACCESS_KEY: is missing');
  expect(complaint({ ...bucket, S3_SECRET_ACCESS_KEY: 'secret' })).toContain('S3_ACCESS_KEY_ID: is missing');
});

test('production never lets an import or a webhook reach the machine itself', () => {
  const loopback = { FETCH_ALLOW_LOOPBACK: 'true' };
  for (const readConfig of [readWorkerConfig, readAdminConfig]) {
    expect(complaint({ ...production, ...loopback }, readConfig)).toContain('FETCH_ALLOW_LOOPBACK: lets imports');
    expect(readConfig(production).FETCH_ALLOW_LOOPBACK).toBe(false);
  }
  const { DATABASE_URL, DATABASE_RELAY_URL } = production;
  expect(readWorkerConfig({ DATABASE_URL, DATABASE_RELAY_URL, ...loopback }).FETCH_ALLOW_LOOPBACK).toBe(true);
  expect(readWorkerConfig(production).FETCH_ALLOW_LOOPBACK).toBe(false);
});

test('production does not start when links in mails to customers would lead to this machine, or travel in the open', () => {
  const elsewhere = { ...production, FILES_URL: 'https://cdn.example.com/pictures' };
  expect(complaint(elsewhere, readWorkerConfig)).toContain(
    'STOREFRONT_URL: is missing, and FILES_URL does not end in /files',
  );
  const said = { ...elsewhere, STOREFRONT_URL: 'https://shop.example.com' };
  expect(complaint(said, readWorkerConfig)).toBe('');
  expect(complaint(production, readWorkerConfig)).toBe('');
  const open = { ...said, STOREFRONT_URL: 'http://shop.example.com' };
  expect(complaint(open, readWorkerConfig)).toContain('STOREFRONT_URL: must begin with https://');
  expect(complaint({ DATABASE_URL: 'postgres://souk_app:x@localhost/souk' })).toBe('');
});
