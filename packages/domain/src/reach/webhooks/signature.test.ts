import { randomBytes } from 'node:crypto';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { signatureOf, signedHeaders } from './signature.ts';

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;
const now = () => Math.floor(Date.now() / 1_000);

test('the two vectors of the specification come out', () => {
  expect(
    signatureOf({ id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330, body: '{"test": 2432232314}' }, [
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    ]),
  ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  expect(
    signatureOf(
      {
        id: 'msg_loFOjxBNrRLzqYUf',
        timestamp: 1_731_705_121,
        body: '{"event_type":"ping","data":{"success":true}}',
      },
      ['whsec_plJ3nmyCDGBKInavdOK15jsl'],
    ),
  ).toBe('v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=');
});

test('the independent library verifies what we sign, whatever the body holds', () => {
  const secret = newSecret();
  for (const text of ['', 'plain', 'Zoë · 日本 · 👩🏽‍🚀', '\\u0000"\n', 'x'.repeat(100_000)]) {
    const body = JSON.stringify({ text });
    const headers = signedHeaders({ id: 'evt_1', timestamp: now(), body }, [secret]);
    expect(new Webhook(secret).verify(body, headers)).toEqual({ text });
  }
});

test('with two secrets a receiver that knows either is content, and one that knows neither is not', () => {
  const [fresh, previous] = [newSecret(), newSecret()];
  const body = '{"a":1}';
  const headers = signedHeaders({ id: 'evt_1', timestamp: now(), body }, [fresh, previous]);
  expect(headers['webhook-signature']?.split(' ')).toHaveLength(2);
  for (const secret of [fresh, previous]) expect(new Webhook(secret).verify(body, headers)).toEqual({ a: 1 });
  expect(() => new Webhook(newSecret()).verify(body, headers)).toThrow(WebhookVerificationError);
});

test('another body, id or time does not verify', () => {
  const secret = newSecret();
  const headers = signedHeaders({ id: 'evt_1', timestamp: now(), body: '{"a":1}' }, [secret]);
  const verify = (body: string, more = {}) => new Webhook(secret).verify(body, { ...headers, ...more });
  expect(verify('{"a":1}')).toEqual({ a: 1 });
  expect(() => verify('{"a":2}')).toThrow(WebhookVerificationError);
  expect(() => verify('{"a":1}', { 'webhook-id': 'evt_2' })).toThrow(WebhookVerificationError);
  expect(() => verify('{"a":1}', { 'webhook-timestamp': String(now() + 1) })).toThrow(WebhookVerificationError);
});

test('what could be read in two ways is not signed', () => {
  const signed = { id: 'evt_1', timestamp: 1, body: '' };
  const secret = newSecret();
  expect(() => signatureOf({ ...signed, id: 'evt.1' }, [secret])).toThrow(RangeError);
  expect(() => signatureOf({ ...signed, timestamp: 1.5 }, [secret])).toThrow(RangeError);
  expect(() => signatureOf(signed, [])).toThrow(RangeError);
  expect(() => signatureOf(signed, ['whsec_'])).toThrow(RangeError);
  expect(() => signatureOf(signed, ['other_AAAA'])).toThrow(RangeError);
});
