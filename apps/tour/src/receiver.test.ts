import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Receiver } from './receiver.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = new Receiver();
  await receiver.open();
});
afterEach(() => receiver.close());

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;
const BODY = JSON.stringify({
  id: 'evt_1',
  type: 'order.paid',
  timestamp: new Date().toISOString(),
  sequence: 3,
  data: {},
});

function signed(body: string, ...secrets: string[]): RequestInit {
  const now = new Date();
  const signature = secrets.map((secret) => new Webhook(secret).sign('evt_1', now, body)).join(' ');
  const seconds = String(Math.floor(now.getTime() / 1_000));
  return {
    method: 'POST',
    body,
    headers: { 'webhook-id': 'evt_1', 'webhook-timestamp': seconds, 'webhook-signature': signature },
  };
}

test('a signed request is taken, and it is told which secrets signed it', async () => {
  const [first, second] = [newSecret(), newSecret()];
  receiver.trust('first', first);
  receiver.trust('second', second);
  expect((await fetch(receiver.base, signed(BODY, second, first))).status).toBe(204);
  const [arrival] = receiver.arrivals;
  expect(arrival).toMatchObject({ id: 'evt_1', type: 'order.paid', sequence: 3, isTest: false });
  expect(arrival && receiver.signedWith(arrival)).toEqual(['first', 'second']);
});

test('a request with a wrong signature, or with one byte more, is refused and remembered', {
  timeout: 20_000,
}, async () => {
  const secret = newSecret();
  receiver.trust('first', secret);
  const forged = [signed(BODY, newSecret()), { ...signed(BODY, secret), body: `${BODY} ` }];
  const answers = await Promise.all(forged.map((request) => fetch(receiver.base, request)));
  expect(answers.map(({ status }) => status)).toEqual([401, 401]);
  expect(receiver.arrivals).toEqual([]);
  expect(receiver.forged).toHaveLength(2);
});

test('a request that is faster than the answer with its secret is taken once the secret is known', async () => {
  const secret = newSecret();
  const answer = fetch(receiver.base, signed(BODY, secret));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(receiver.arrivals).toEqual([]);
  receiver.trust('first', secret);
  expect((await answer).status).toBe(204);
});
