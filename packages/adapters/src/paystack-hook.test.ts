import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startPaystackSimulator } from '@souk/local/paystack-simulator';
import { describe, expect, test } from 'vitest';
import { paystack } from './paystack.ts';
import { credentials, startOf } from './testing/paystack-calls.ts';

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
