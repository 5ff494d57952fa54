import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Gateway } from '@souk/domain/sales/payments/gateway';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { paystack } from './paystack.ts';
import { credentials, startOf, TIMEOUT_MS, unreachable } from './testing/paystack-calls.ts';

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
