import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import {
  ensureSigningKey,
  loadSigningKeys,
  rotateSigningKey,
} from '@souk/domain/identity/sessions/signing-keys.service';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { beforeEach, expect, test, vi } from 'vitest';
import { SignedAccessTokens } from './access-tokens.ts';

const db = useDatabase();
const claims = { companyId: newId('com'), staffId: newId('stf'), sessionId: newId('ses') };
let now = Date.now();
let tokens: SignedAccessTokens;

beforeEach(async () => {
  now = Date.now();
  await db.app.unscoped((tx) => ensureSigningKey(tx, 'staff'));
  await db.app.unscoped((tx) => ensureSigningKey(tx, 'customer'));
  tokens = new SignedAccessTokens(db.app.unscoped, () => now);
});

const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const keyOf = async (audience: 'staff' | 'customer') => {
  const [key] = await db.app.unscoped((tx) => loadSigningKeys(tx, audience));
  if (!key) throw new Error('no key');
  return key;
};
const hs = (secret: Buffer | string, header: object, payload: object, hash = 'sha256') => {
  const signed = `${b64(header)}.${b64(payload)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
};

test('a token says who it was signed for, and lives fifteen minutes', async () => {
  const { accessToken, expiresIn } = await tokens.sign(claims);
  expect(expiresIn).toBe(900);
  expect(await tokens.verify(accessToken)).toEqual(claims);
});

test('a token is good until it expires, with five seconds for clocks that differ', async () => {
  const { accessToken } = await tokens.sign(claims);
  now += 900_000 + 4_000;
  expect(await tokens.verify(accessToken)).toEqual(claims);
  now += 3_000;
  expect(await tokens.verify(accessToken)).toBeUndefined();
});

test('a token from the future is not good yet', async () => {
  now += 60_000;
  const { accessToken } = await tokens.sign(claims);
  now -= 60_000;
  expect(await tokens.verify(accessToken)).toBeUndefined();
});

test('through a rotation no good token is refused by any process, and at its end the new key signs', async () => {
  const elsewhere = new SignedAccessTokens(db.app.unscoped, () => now);
  const before = await tokens.sign(claims);
  expect(await elsewhere.verify(before.accessToken)).toEqual(claims);
  await db.app.unscoped((tx) => rotateSigningKey(tx, 'staff'));
  const kidsSeen = new Set<string>();
  for (let seconds = 0; seconds < 300; seconds += 5) {
    // This process has only just started and reads the keys now; the other one reads them when its time comes.
    const { accessToken } = await new SignedAccessTokens(db.app.unscoped, () => now).sign(claims);
    kidsSeen.add(accessToken.split('.')[0] ?? '');
    expect([seconds, await elsewhere.verify(accessToken)]).toEqual([seconds, claims]);
    now += 5_000;
    await db.admin`update signing_keys set created_at = created_at - interval '5 seconds',
      retired_at = retired_at - interval '5 seconds' where audience = 'staff'`;
  }
  expect(kidsSeen.size).toBe(2);
  expect(await elsewhere.verify(before.accessToken)).toEqual(claims);
});

test('made-up key names cause at most one look-up a second', async () => {
  await tokens.sign(claims);
  const acquire = vi.spyOn(db.app.pool, 'acquire');
  for (let i = 0; i < 50; i++) {
    const kid = i.toString(16).padStart(24, '0');
    expect(await tokens.verify(hs('x', { alg: 'HS256', typ: 'at+jwt', kid }, {}))).toBeUndefined();
  }
  expect(acquire.mock.calls.length).toBeLessThanOrEqual(1);
  acquire.mockRestore();
});

test('no forged, edited or borrowed token is believed', async () => {
  const key = await keyOf('staff');
  const foreign = await keyOf('customer');
  const { kid, secret } = key;
  const seconds = Math.floor(now / 1000);
  const header = { alg: 'HS256', typ: 'at+jwt', kid };
  const payload = {
    company: claims.companyId,
    sid: claims.sessionId,
    sub: claims.staffId,
    iss: 'urn:souk',
    aud: 'souk:staff',
    iat: seconds,
    nbf: seconds,
    exp: seconds + 900,
  };
  const good = hs(secret, header, payload);
  expect(await tokens.verify(good)).toEqual(claims);
  const [head = '', body = '', signature = ''] = good.split('.');
  const rsa = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const rsSigned = `${b64({ ...header, alg: 'RS256' })}.${body}`;
  const with_ = (change: object) => hs(secret, header, { ...payload, ...change });
  const headed = (change: object) => hs(secret, { ...header, ...change }, payload);
  const forgeries: Record<string, string> = {
    nothing: '',
    'two dots': '..',
    'no signature': `${head}.${body}.`,
    'no third part': `${head}.${body}`,
    'a fourth part': `${good}.${signature}`,
    'spaces around': ` ${good} `,
    padding: `${good}=`,
    'alg none': `${b64({ ...header, alg: 'none' })}.${body}.`,
    'alg None with a signature': `${b64({ ...header, alg: 'None' })}.${body}.${signature}`,
    'alg HS384': hs(secret, { ...header, alg: 'HS384' }, payload, 'sha384'),
    'alg HS512': hs(secret, { ...header, alg: 'HS512' }, payload, 'sha512'),
    'alg HS512 that says HS256': hs(secret, header, payload, 'sha512'),
    'alg RS256': `${rsSigned}.${createSign('sha256').update(rsSigned).sign(rsa.privateKey, 'base64url')}`,
    'RSA key as the secret': hs(rsa.publicKey, header, payload),
    'no alg': hs(secret, { typ: 'at+jwt', kid }, payload),
    'typ JWT': headed({ typ: 'JWT' }),
    'no typ': hs(secret, { alg: 'HS256', kid }, payload),
    'typ in capitals': headed({ typ: 'AT+JWT' }),
    'no kid': hs(secret, { alg: 'HS256', typ: 'at+jwt' }, payload),
    'an unknown kid': headed({ kid: '0'.repeat(24) }),
    'SQL in the kid': headed({ kid: "' or 1=1 --" }),
    'a path in the kid': headed({ kid: '../../../../dev/null' }),
    'kid as a list': headed({ kid: [kid] }),
    '__proto__ as kid': headed({ kid: '__proto__' }),
    'the key of customers': hs(foreign.secret, { ...header, kid: foreign.kid }, payload),
    'the key of customers under our kid': hs(foreign.secret, header, payload),
    'an empty secret': hs('', header, payload),
    'the kid as secret': hs(kid, header, payload),
    'a guessed secret': hs('secret', header, payload),
    jku: headed({ jku: 'https://evil.example/keys' }),
    jwk: headed({ jwk: { kty: 'oct', k: Buffer.from('secret').toString('base64url') } }),
    x5u: headed({ x5u: 'https://evil.example/cert' }),
    crit: headed({ crit: ['exp'] }),
    'b64 false': headed({ b64: false }),
    'another issuer': with_({ iss: 'urn:other' }),
    'no issuer': with_({ iss: undefined }),
    'the audience of customers': with_({ aud: 'souk:customer' }),
    'a list of audiences': with_({ aud: ['souk:staff', 'souk:customer'] }),
    'no audience': with_({ aud: undefined }),
    expired: with_({ iat: seconds - 2_000, nbf: seconds - 2_000, exp: seconds - 1_000 }),
    'no expiry': with_({ exp: undefined }),
    'expiry as text': with_({ exp: String(seconds + 900) }),
    'an hour of life': with_({ iat: seconds - 1_000, exp: seconds + 3_600 }),
    'not before tomorrow': with_({ nbf: seconds + 86_400 }),
    'no nbf': with_({ nbf: undefined }),
    'no company': with_({ company: undefined }),
    'SQL in the company': with_({ company: "com_'; drop table companies; --" }),
    'another kind of id as company': with_({ company: claims.staffId }),
    'no session': with_({ sid: undefined }),
    'no subject': with_({ sub: undefined }),
    'another company, signature kept': `${head}.${b64({ ...payload, company: newId('com') })}.${signature}`,
    'another person, signature kept': `${head}.${b64({ ...payload, sub: newId('stf') })}.${signature}`,
    'one character of the signature': `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
    'signature cut short': `${head}.${body}.${signature.slice(0, 20)}`,
    'a payload that is a list': hs(secret, header, [payload]),
    'ten thousand characters': `${head}.${'A'.repeat(10_000)}.${signature}`,
  };
  expect(Object.keys(forgeries).length).toBeGreaterThanOrEqual(50);
  for (const [what, token] of Object.entries(forgeries)) {
    expect([what, await tokens.verify(token)]).toEqual([what, undefined]);
  }
});
