import { NotFound } from '@souk/domain/kernel/errors';
import { DrizzleQueryError } from 'drizzle-orm/errors';
import { expect, test } from 'vitest';
import { createLoggers, masked } from './logger.ts';

function lineOf(write: (log: ReturnType<typeof createLoggers>['log']) => void): string {
  const lines: string[] = [];
  write(createLoggers({ level: 'trace', process: 'test', to: { write: (line) => void lines.push(line) } }).log);
  return lines.join('');
}

test('whatever looks secret is masked, however deep and however it is called', () => {
  const secrets = {
    authorization: 'Bearer hunter2',
    'x-api-key': 'hunter2',
    headers: { cookie: 'a=hunter2', 'x-cart-token': 'hunter2', 'set-cookie': ['hunter2'] },
    body: { owner: { password: 'hunter2', newPassword: 'hunter2' }, list: [{ clientSecret: 'hunter2' }] },
    recoveryCodes: ['hunter2'],
    totpSecret: 'hunter2',
    tokenHash: 'hunter2',
    refreshToken: 'hunter2',
    MASTER_KEYS: 'a:hunter2',
    code: '123456',
    second: { code: 'x7k2-9qpd-m4tw-hunter2' },
    third: { code: 'X7K29QPDM4TWHUNTER2' },
    codes: ['hunter2'],
  };
  const line = lineOf((log) => log.info(secrets, 'a line'));
  expect(line).not.toMatch(/hunter2/i);
  expect(line).not.toContain('123456');
});

test('a secret inside a text is masked as well', () => {
  const line = lineOf((log) =>
    log.warn({
      url: 'postgres://souk_app:hunter2@db/souk',
      note: 'key souk_sk_live_01h455vb4pex5vsknk084sn02q_hunter2 came',
      header: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.hunter2',
    }),
  );
  expect(line).not.toContain('hunter2');
  expect(line).toContain('postgres://souk_app:[secret]@db/souk');
});

test.each([
  ['a refresh token', 'sent souk_rt_01h455vb4pex5vsknk084sn02q_hunter2-_hunter2 again'],
  ['an invite', 'https://admin.example.com/invite#souk_inv_01h455vb4pex5vsknk084sn02q_hunter2'],
  ['a password reset', 'souk_pwr_01h455vb4pex5vsknk084sn02q_hunter2'],
  ['the second step of a login', 'souk_mfa_01h455vb4pex5vsknk084sn02q_v1.key.hunter2.hunter2'],
  ['a key of a gateway', 'Invalid API Key provided: sk_live_hunter2'],
  ['a restricted key of a gateway', 'rk_test_hunter2'],
  ['a secret of two factors', 'otpauth://totp/Souk:ada?issuer=Souk&secret=hunter2&digits=6'],
  ['a password with an @', 'postgres://souk_app:hun@ter2@db/souk'],
])('%s inside a text is masked', (_what, text) => {
  const line = lineOf((log) => log.warn({ note: text }, text));
  expect(line).not.toMatch(/hunter2|ter2/);
  expect(line).toContain('[secret]');
});

test.each([
  '23505',
  '3F000',
  'ECONNREFUSED',
  'ERR_HTTP2_STREAM_ERROR',
  'FST_ERR_CTP_BODY_TOO_LARGE',
  'invalid_input',
  1,
])('the code of an error, %s, stays readable', (code) => expect(masked({ code })).toEqual({ code }));

test('what a failed query was given does not reach the log, its statement and cause do', () => {
  const cause = Object.assign(new Error('duplicate key value'), { code: '23505', constraint_name: 'staff_email' });
  const error = new DrizzleQueryError('insert into staff values ($1)', ['hunter2@example.com'], cause);
  const line = lineOf((log) => log.error({ err: error }, 'failed'));
  expect(line).not.toContain('hunter2');
  expect(JSON.parse(line).err).toMatchObject({
    message: 'Failed query: insert into staff values ($1)',
    cause: { code: '23505', constraint: 'staff_email' },
  });
});

test('an error keeps its name, its stack and the detail meant for the log', () => {
  const error = new NotFound('role');
  expect(masked({ err: error })).toMatchObject({
    err: { name: 'NotFound', code: 'not_found', detail: {}, stack: expect.stringContaining(' at ') },
  });
});

test('what goes round in a circle ends', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  expect(JSON.stringify(masked(circle))).toContain('[deep]');
});
