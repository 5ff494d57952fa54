import { CredentialsRefused, type Gateway, type RefundStart } from '@souk/domain/sales/payments/gateway';
import { type PaystackSimulator, startPaystackSimulator } from '@souk/local/paystack-simulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { paystack } from './paystack.ts';
import { credentials, failure, startOf, TIMEOUT_MS, unreachable } from './testing/paystack-calls.ts';

let numbered = 0;

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
