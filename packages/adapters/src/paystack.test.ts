import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import {
  CredentialsRefused,
  type Gateway,
  GatewayUnreachable,
  type PaymentStart,
  type RefundStart,
} from '@souk/domain/sales/payments/gateway';
import { type PaystackSimulator, startPaystackSimulator } from '@souk/local/paystack-simulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { paystack } from './paystack.ts';

const SECRET = 'sk_test_thisMustNeverBeSeen0123456789';
const credentials = { secretKey: SECRET, mode: 'test' } as const;
const TIMEOUT_MS = 700;

let numbered = 0;
const startOf = (more: Partial<PaymentStart> = {}): PaymentStart => ({
  reference: `patt-${Date.now()}-${++numbered}`,
  amount: { amountMinor: 1_250_050n, currency: 'NGN' },
  email: 'ada@example.com',
  returnUrl: 'http://localhost:4100/v1/payments/return',
  metadata: { companyId: 'com_1', orderId: 'ord_1', orderNumber: '1001' },
  ...more,
});

/** The error, after a look at all of it: a secret in it would end in a log. */
async function failure(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    (value) => new Error(`it answered ${inspect(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('not an error');
  expect(inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error)).not.toContain('NeverBeSeen');
  return error;
}
const unreachable = async (promise: Promise<unknown>): Promise<string> => {
  const error = await failure(promise);
  expect(error).toBeInstanceOf(GatewayUnreachable);
  return error.message;
};

describe('against the simulator', () => {
  let simulator: PaystackSimulator;
  let gateway: Gateway;

  beforeEach(async () => {
    simulator = await startPaystackSimulator({ refundStepMs: null });
    gateway = paystack({ baseUrl: simulator.url, timeoutMs: TIMEOUT_MS });
  });
  afterEach(() => simulator.close());

  /** A charge that was paid, and what is needed to refund it. */
  async function paid(amountMinor = 10_000n): Promise<RefundStart> {
    const start = startOf({ amount: { amountMinor, currency: 'NGN' } });
    await gateway.start(credentials, start);
    simulator.control.settle(start.reference, 'pay');
    const { providerReference } = await gateway.verify(credentials, start.reference);
    if (providerReference === null) throw new Error('not charged');
    return {
      reference: start.reference,
      providerReference,
      amount: { amountMinor: 4_000n, currency: 'NGN' },
      refundId: `rfd_${++numbered}`,
      reason: 'torn sleeve',
    };
  }

  test('a start leads to a page, and only a paid one is succeeded', async () => {
    const start = startOf();
    expect((await gateway.verify(credentials, start.reference)).state).toBe('unknown');
    const started = await gateway.start(credentials, start);
    expect(started).toEqual({
      kind: 'redirect',
      redirectUrl: expect.stringMatching(`^${simulator.url}/pay/[0-9a-f]{15}$`),
    });
    expect((await gateway.verify(credentials, start.reference)).state).toBe('abandoned');
    await fetch((started as { redirectUrl: string }).redirectUrl);
    expect((await gateway.verify(credentials, start.reference)).state).toBe('pending');
    simulator.control.settle(start.reference, 'decline');
    expect((await gateway.verify(credentials, start.reference)).state).toBe('failed');
    simulator.control.settle(start.reference, 'cancel');
    expect((await gateway.verify(credentials, start.reference)).state).toBe('abandoned');
    simulator.control.settle(start.reference, 'pay');
    expect(await gateway.verify(credentials, start.reference)).toEqual({
      state: 'succeeded',
      reference: start.reference,
      providerReference: expect.stringMatching(/^\d{10,}$/),
      amount: start.amount,
      mode: 'test',
      paidAt: expect.stringMatching(/^\d{4}-.+Z$/),
      fee: 28_751n,
      channel: 'card',
      message: 'Successful',
    });
    simulator.control.settle(start.reference, 'reverse');
    expect((await gateway.verify(credentials, start.reference)).state).toBe('reversed');
    expect(simulator.control.charge(start.reference)).toMatchObject({ charges: 1, metadata: start.metadata });
  });

  test('a start without an address to come back to is begun all the same', async () => {
    expect(await gateway.start(credentials, startOf({ returnUrl: '' }))).toMatchObject({ kind: 'redirect' });
  });

  test('a reference is taken once, and the refusal says so', async () => {
    const start = startOf();
    await gateway.start(credentials, start);
    expect(await gateway.start(credentials, start)).toEqual({
      kind: 'refused',
      code: 'duplicate_reference',
      message: 'Duplicate Transaction Reference',
    });
  });

  test('what Paystack does not take is refused with its code; a currency it has not, without asking', async () => {
    const wrongEmail = await gateway.start(credentials, startOf({ email: 'ada' }));
    expect(wrongEmail).toMatchObject({ kind: 'refused', code: 'invalid_params' });
    const zero = await gateway.start(credentials, startOf({ amount: { amountMinor: 0n, currency: 'NGN' } }));
    expect(zero).toMatchObject({ kind: 'refused', message: 'Invalid Amount Sent' });
    const yen = await gateway.start(credentials, startOf({ amount: { amountMinor: 5n, currency: 'JPY' } }));
    expect(yen).toMatchObject({ kind: 'refused', code: 'unsupported_currency' });
    expect(simulator.control.charges()).toEqual([]);
  });

  test('credentials it does not know are another error than silence', async () => {
    for (const secretKey of ['sk_test_short', 'nonsense', 'sk_test_NeverBeSeen\r\nx: y']) {
      const error = await failure(gateway.verify({ secretKey, mode: 'test' }, 'r'));
      expect(error).toBeInstanceOf(CredentialsRefused);
    }
  });

  test('test and live keys are different books, and facts say which', async () => {
    const start = startOf();
    const live = { secretKey: 'sk_live_NeverBeSeen0123', mode: 'live' } as const;
    await gateway.start(live, start);
    expect((await gateway.verify(credentials, start.reference)).state).toBe('unknown');
    expect((await gateway.verify(live, start.reference)).mode).toBe('live');
  });

  test('a time-out or a 500 at the start says nothing about what happened, and the question does', async () => {
    for (const [kind, state] of [
      ['timeout-before', 'unknown'],
      ['500-before', 'unknown'],
      ['timeout-after', 'abandoned'],
      ['500-after', 'abandoned'],
    ] as const) {
      const start = startOf();
      simulator.control.addFault({ on: 'initialize', kind, reference: start.reference });
      await unreachable(gateway.start(credentials, start));
      expect((await gateway.verify(credentials, start.reference)).state, kind).toBe(state);
    }
  });

  test('what costs money is sent once, a question once more after a 500 and not after a time-out', async () => {
    const start = startOf();
    simulator.control.addFault({ on: 'initialize', kind: '500-before', times: 1 });
    await unreachable(gateway.start(credentials, start));
    expect(simulator.control.charges()).toEqual([]);
    await gateway.start(credentials, start);

    simulator.control.addFault({ on: 'verify', kind: '500-before', times: 1 });
    expect((await gateway.verify(credentials, start.reference)).state).toBe('abandoned');
    simulator.control.addFault({ on: 'verify', kind: '500-before', times: 2 });
    await unreachable(gateway.verify(credentials, start.reference));
    simulator.control.addFault({ on: 'verify', kind: 'timeout-before', times: 2 });
    expect(await unreachable(gateway.verify(credentials, start.reference))).toContain(`${TIMEOUT_MS / 1_000} s`);
    expect(simulator.control.faults()).toMatchObject([{ left: 1 }]);
  });

  test('slow within the time is slow, past it is a time-out', async () => {
    const start = startOf();
    simulator.control.addFault({ on: 'initialize', kind: 'slow', ms: 30 });
    expect((await gateway.start(credentials, start)).kind).toBe('redirect');
    simulator.control.addFault({ on: 'verify', kind: 'slow', ms: 2_000 });
    await unreachable(gateway.verify(credentials, start.reference));
  });

  test('another amount, currency or mode reaches whoever compares', async () => {
    const { reference } = await paid(10_000n);
    for (const kind of ['wrong-amount', 'wrong-currency', 'wrong-domain'] as const) {
      simulator.control.addFault({ on: 'verify', kind });
    }
    expect(await gateway.verify(credentials, reference)).toMatchObject({
      state: 'succeeded',
      amount: { amountMinor: 10_100n, currency: 'USD' },
      mode: 'live',
    });
    expect(await gateway.verify(credentials, reference)).toMatchObject({
      amount: { amountMinor: 10_000n, currency: 'NGN' },
      mode: 'test',
    });
  });

  test('a refund has a life, and is found by its name', async () => {
    const refund = await paid();
    const begun = await gateway.refund(credentials, refund);
    expect(begun).toMatchObject({ state: 'pending', amount: refund.amount });
    const { providerReference } = begun as { providerReference: string };
    const asked = () => gateway.findRefund(credentials, { ...refund, refundReference: providerReference });
    for (const [status, state] of [
      ['processing', 'pending'],
      ['needs-attention', 'needs_attention'],
      ['failed', 'failed'],
      ['processed', 'succeeded'],
    ] as const) {
      simulator.control.moveRefund(Number(providerReference), status);
      expect(await asked()).toMatchObject({ state, providerReference, amount: refund.amount });
    }
    expect((await gateway.verify(credentials, refund.reference)).state).toBe('succeeded');
  });

  test('after a time-out a refund that was begun is found by our id, and one that was not is not', async () => {
    const refund = await paid();
    const ours = { ...refund, refundReference: null };
    await gateway.refund(credentials, {
      ...refund,
      refundId: `${refund.refundId}0`,
      amount: { amountMinor: 1n, currency: 'NGN' },
    });
    simulator.control.addFault({ on: 'refund', kind: 'timeout-before' });
    await unreachable(gateway.refund(credentials, refund));
    expect(await gateway.findRefund(credentials, ours)).toBeUndefined();
    simulator.control.addFault({ on: 'refund', kind: 'timeout-after' });
    await unreachable(gateway.refund(credentials, refund));
    expect(await gateway.findRefund(credentials, ours)).toMatchObject({ state: 'pending', amount: refund.amount });
    expect(simulator.control.charge(refund.reference)).toMatchObject({ refunded: 4_001 });
  });

  test('more than was paid is refused, and so is the refund of what was not paid', async () => {
    const refund = await paid();
    const all = { ...refund, amount: { amountMinor: 10_000n, currency: 'NGN' } };
    await gateway.refund(credentials, refund);
    expect(await gateway.refund(credentials, all)).toMatchObject({ state: 'refused', code: 'invalid_params' });
    const unpaid = startOf();
    await gateway.start(credentials, unpaid);
    const [, { id } = { id: 0 }] = simulator.control.charges();
    const early = { ...refund, providerReference: String(id), reference: unpaid.reference };
    expect(await gateway.refund(credentials, early)).toMatchObject({ state: 'refused' });
  });
});

describe('against a server that is not well', () => {
  let server: Server;
  let gateway: Gateway;
  let requests: { url: string; body: string }[];
  let answer: (response: ServerResponse, request: IncomingMessage) => void;

  beforeEach(async () => {
    requests = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (piece: Buffer) => {
        body += String(piece);
      });
      request.on('end', () => {
        requests.push({ url: request.url ?? '', body });
        answer(response, request);
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    gateway = paystack({ baseUrl: baseUrl(), timeoutMs: TIMEOUT_MS });
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  const baseUrl = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const says = (status: number, body: unknown) => {
    answer = (response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
  };
  const charge = {
    id: 4_099_260_516,
    domain: 'live',
    status: 'success',
    reference: 'r1',
    amount: 500,
    currency: 'NGN',
  };
  const ok = (data: unknown) => says(200, { status: true, message: 'fine', data });

  test('the least that Paystack says of a charge is enough', async () => {
    ok(charge);
    expect(await gateway.verify(credentials, 'r1')).toMatchObject({ state: 'succeeded', fee: null, paidAt: null });
    ok({ ...charge, fees: '75', paid_at: 'yesterday', channel: 7 });
    expect(await gateway.verify(credentials, 'r1')).toMatchObject({ fee: 75n, paidAt: null, channel: null });
  });

  test('an answer that is not what it should be is no answer', async () => {
    const odd: unknown[] = [
      { ...charge, reference: 'r2' },
      { ...charge, status: 'SUCCESS' },
      { ...charge, status: 'paid' },
      { ...charge, amount: 5.5 },
      { ...charge, amount: -500 },
      { ...charge, amount: '5e3' },
      { ...charge, amount: 2 ** 60 },
      { ...charge, currency: 'ngn' },
      { ...charge, domain: 'sandbox' },
      { ...charge, id: undefined },
      [charge],
      null,
    ];
    for (const data of odd) {
      ok(data);
      await unreachable(gateway.verify(credentials, 'r1'));
    }
    for (const [status, body] of [
      [200, { status: false, message: 'contradiction', data: charge }],
      [200, { status: 'true', data: charge }],
      [200, charge],
      [200, 'success'],
      [400, { status: true, message: 'contradiction', data: charge }],
      [404, { error: 'a proxy that has no such page' }],
      [403, '<html>'],
      [429, { status: false, message: 'Please wait a few minutes and try again.' }],
      [502, { status: true, data: charge }],
    ] as const) {
      says(status, body);
      await unreachable(gateway.verify(credentials, 'r1'));
      await unreachable(gateway.start(credentials, startOf({ reference: 'r1' })));
    }
  });

  test('a reference Paystack has never heard of is unknown, as 404 and as the 400 it has been seen with', async () => {
    for (const [status, body] of [
      [404, { status: false, message: 'Transaction reference not found' }],
      [400, { status: false, message: 'Transaction reference not found' }],
      [400, { status: false, message: 'No', code: 'transaction_not_found' }],
    ] as const) {
      says(status, body);
      expect((await gateway.verify(credentials, 'r1')).state).toBe('unknown');
    }
    says(400, { status: false, message: 'Something else' });
    await unreachable(gateway.verify(credentials, 'r1'));
  });

  test('broken, endless, dripping and missing answers end within the time', async () => {
    const bodies: [string, (response: ServerResponse) => void, string][] = [
      ['truncated', (response) => response.end('{"status":true,"data":{"id":1,'), 'envelope'],
      ['cut off', (response) => cut(response), 'the connection failed'],
      [
        'announced as huge',
        (response) => response.writeHead(200, { 'content-length': '10000000' }).write('{'),
        'larger',
      ],
      ['huge', (response) => response.end(`{"status":true,"message":"${'x'.repeat(300_000)}"}`), 'larger'],
      ['endless', (response) => flood(response), 'larger'],
      ['dripping', (response) => drip(response), 'no whole answer'],
      ['none', () => undefined, 'no whole answer'],
      ['hung up', (response) => response.destroy(), 'the connection failed'],
    ];
    for (const [name, way, reason] of bodies) {
      answer = way;
      expect(await unreachable(gateway.start(credentials, startOf())), name).toContain(reason);
      expect(await unreachable(gateway.verify(credentials, 'r1')), name).toContain(reason);
    }
    await new Promise((done) => server.close(done).closeAllConnections());
    await unreachable(gateway.verify(credentials, 'r1'));
  });

  function cut(response: ServerResponse): void {
    response.writeHead(200, { 'content-length': '900' }).write('{', () => response.destroy());
  }

  function flood(response: ServerResponse): void {
    const more = (): void => {
      if (!response.destroyed) response.write('x'.repeat(65_536), () => setImmediate(more));
    };
    response.on('error', () => undefined);
    more();
  }

  function drip(response: ServerResponse): void {
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  }

  test('a redirect is not followed: it would carry the key away', async () => {
    answer = (response, { url }) => {
      if (url?.startsWith('/elsewhere')) response.end(JSON.stringify({ status: true, data: charge }));
      else response.writeHead(307, { location: `${baseUrl()}/elsewhere` }).end();
    };
    await unreachable(gateway.verify(credentials, 'r1'));
    await unreachable(gateway.start(credentials, startOf()));
    expect(requests.every(({ url }) => !url.startsWith('/elsewhere'))).toBe(true);
  });

  test('shoppers are sent to https, and to no other scheme', async () => {
    const reference = 'r1';
    for (const url of ['javascript:alert(1)', 'ftp://paystack', 'not a URL', '/pay/1']) {
      ok({ authorization_url: url, access_code: 'x', reference });
      await unreachable(gateway.start(credentials, startOf({ reference })));
    }
    ok({ authorization_url: 'https://checkout.paystack.com/x', access_code: 'x', reference });
    expect(await gateway.start(credentials, startOf({ reference }))).toMatchObject({ kind: 'redirect' });
    ok({ authorization_url: 'https://checkout.paystack.com/x', access_code: 'x', reference: 'r2' });
    await unreachable(gateway.start(credentials, startOf({ reference })));
  });

  test('a list of refunds that ignores the filter is walked through, and never mistaken for an empty one', async () => {
    const refund = (id: number) => ({
      id,
      transaction: 9,
      status: 'processed',
      amount: 5,
      currency: 'NGN',
      merchant_note: 'rfd_1 x',
    });
    const wanted = {
      reference: 'r1',
      providerReference: '7',
      amount: { amountMinor: 5n, currency: 'NGN' },
      refundId: 'rfd_1',
    };
    const search = { ...wanted, reason: '', refundReference: null };
    answer = (response, { url }) => {
      const page = Number(new URL(url ?? '', baseUrl()).searchParams.get('page'));
      const others = Array.from({ length: 100 }, (_, place) => refund(page * 100 + place));
      const data = page === 3 ? [{ ...refund(1), transaction: 7 }] : others;
      response.end(JSON.stringify({ status: true, data }));
    };
    expect(await gateway.findRefund(credentials, search)).toMatchObject({ providerReference: '1', state: 'succeeded' });
    answer = (response) => {
      response.end(
        JSON.stringify({ status: true, data: Array.from({ length: 100 }, (_, place) => refund(place + 1)) }),
      );
    };
    await unreachable(gateway.findRefund(credentials, search));
  });

  test('a refund of another charge than the one asked about is an odd answer', async () => {
    ok({ id: 1, transaction: { id: 8 }, status: 'pending', amount: 5, currency: 'NGN' });
    const refund = { reference: 'r1', providerReference: '7', amount: { amountMinor: 5n, currency: 'NGN' } };
    await unreachable(gateway.refund(credentials, { ...refund, refundId: 'rfd_1', reason: '' }));
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      transaction: '7',
      amount: 5,
      currency: 'NGN',
      merchant_note: 'rfd_1',
    });
  });
});

describe('webhooks', () => {
  const gateway = paystack({ baseUrl: 'https://api.paystack.co' });
  const documented = { secretKey: 'sk_test_0123456789abcdef' } as const;
  const body = Buffer.from(
    '{"event":"charge.success","data":{"id":1,"reference":"r1","amount":50000,"currency":"NGN","status":"success"}}',
  );
  const signature =
    '52f4796d9b12b18919ab32e69f299368163080f3fd7b8d954d68a7b62ba81fa3476ee1b4ed623e0821f25dc9f104a8e28d648dc6a4b3cf9d8ef17b48be9f22d7';
  const read = (bytes: Uint8Array, sent: string | undefined, secretKey: string = documented.secretKey) =>
    gateway.readHook({ secretKey }, bytes, { 'x-paystack-signature': sent });

  test('the vector is read', () => {
    expect(read(body, signature)).toEqual({
      eventKey: 'charge.success|1|success',
      type: 'charge.success',
      reference: 'r1',
      refundReference: null,
    });
    expect(read(body, signature.toUpperCase())).toBeDefined();
  });

  test('one other byte, another key, no signature or half of one is not read', () => {
    const other = Buffer.from(body);
    other[other.length - 3] = 32;
    for (const [bytes, sent] of [
      [other, signature],
      [Buffer.concat([body, Buffer.from(' ')]), signature],
      [body, undefined],
      [body, ''],
      [body, signature.slice(0, 126)],
      [body, `${signature}00`],
      [body, `${signature.slice(0, 127)}g`],
    ] as const) {
      expect(read(bytes, sent)).toBeUndefined();
    }
    expect(read(body, signature, 'sk_test_0123456789abcdeg')).toBeUndefined();
    expect(gateway.readHook(documented, body, {})).toBeUndefined();
  });

  test('notices of the simulator are read: the charge and each step of a refund, told apart', async () => {
    const heard: { headers: Record<string, string | undefined>; body: Buffer }[] = [];
    const shop = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const header = request.headers['x-paystack-signature'];
        heard.push({ headers: { 'x-paystack-signature': String(header) }, body: Buffer.concat(pieces) });
        response.end();
      });
    });
    await new Promise<void>((done) => shop.listen(0, '127.0.0.1', done));
    const { port } = shop.address() as AddressInfo;
    const simulator = await startPaystackSimulator({ hookBase: `http://127.0.0.1:${port}`, refundStepMs: null });
    const client = paystack({ baseUrl: simulator.url });
    const start = startOf();
    await client.start(credentials, start);
    simulator.control.settle(start.reference, 'pay');
    const { providerReference } = await client.verify(credentials, start.reference);
    const refund = { reference: start.reference, providerReference: providerReference ?? '', reason: '' };
    const begun = await client.refund(credentials, {
      ...refund,
      refundId: 'rfd_1',
      amount: { amountMinor: 5n, currency: 'NGN' },
    });
    const { providerReference: refundReference } = begun as { providerReference: string };
    await client.refund(credentials, { ...refund, refundId: 'rfd_2', amount: { amountMinor: 6n, currency: 'NGN' } });
    for (const status of ['processing', 'needs-attention', 'processed'] as const) {
      simulator.control.moveRefund(Number(refundReference), status);
      await simulator.control.settled();
    }
    await simulator.close();
    await new Promise((done) => shop.close(done).closeAllConnections());
    const readings = heard.map((hook) => client.readHook(credentials, hook.body, hook.headers));
    expect(readings.map((reading) => reading?.type).sort()).toEqual([
      'charge.success',
      'refund.needs-attention',
      'refund.pending',
      'refund.pending',
      'refund.processed',
      'refund.processing',
    ]);
    expect(new Set(readings.map((reading) => reading?.eventKey)).size).toBe(6);
    expect(readings.every((reading) => reading?.reference === start.reference)).toBe(true);
    const named = readings.filter((reading) => reading?.refundReference);
    expect(named).toMatchObject([{ type: 'refund.needs-attention', refundReference }]);
  });

  test('what is signed and cannot be understood is told apart all the same, and a reference of others is not ours', async () => {
    const { createHmac } = await import('node:crypto');
    const signed = (text: string) => {
      const bytes = Buffer.from(text);
      return read(bytes, createHmac('sha512', documented.secretKey).update(bytes).digest('hex'));
    };
    const unreadable = ['', 'null', '[]', '{"event":5}', '{"data":{}}', '{"event":"a b|c","data":{}}'].map(signed);
    expect(unreadable.every((reading) => reading?.type === 'unreadable' && reading.reference === null)).toBe(true);
    expect(new Set(unreadable.map((reading) => reading?.eventKey)).size).toBe(unreadable.length);
    expect(signed('{"event":"transfer.success","data":{"id":5,"reference":"r1","status":"success"}}')).toMatchObject({
      eventKey: 'transfer.success|5|success',
      reference: null,
    });
    expect(signed('{"event":"charge.dispute.create","data":{"id":5,"transaction":{"reference":"r1"}}}')).toMatchObject({
      reference: 'r1',
    });
    expect(signed('{"event":"charge.success","data":null}')).toMatchObject({ type: 'charge.success', reference: null });
  });
});
