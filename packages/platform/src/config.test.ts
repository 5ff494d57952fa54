import { expect, test } from 'vitest';
import { DEVELOPMENT_MASTER_KEY, readAdminConfig, readStorefrontConfig, readWorkerConfig } from './config.ts';

const key = `prod:${Buffer.alloc(32, 5).toString('base64')}`;
const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://souk_app:f83kfd9s@db:5432/souk',
  DATABASE_RELAY_URL: 'postgres://souk_relay:f83kfd9s@db:5432/souk',
  MASTER_KEYS: key,
  ADMIN_URL: 'https://admin.example.com/',
  MAIL_FROM: 'Shops <shops@example.com>',
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
  ]) {
    expect(message).toContain(name);
  }
  expect(message).toContain('ADMIN_PORT: expected a whole number from 0 to 65535. Example: ADMIN_PORT=4000');
  expect(message).toContain('TRUSTED_PROXIES: expected addresses or networks');
  expect(message).toContain('LOG_LEVEL: expected one of fatal');
  expect(message.split('\n')).toHaveLength(8);
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
});

test('a message never shows a value, for it may be a secret', () => {
  const message = complaint({ ...production, MASTER_KEYS: 'prod:c2hvcnQ=', DATABASE_URL: 'mysql://u:hunter2@db/souk' });
  expect(message).toContain('key prod has 5 bytes and needs 32');
  expect(message).not.toContain('hunter2');
  expect(message).not.toContain('c2hvcnQ');
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
