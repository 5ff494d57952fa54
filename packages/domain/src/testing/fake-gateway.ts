import { createHmac } from 'node:crypto';
import {
  type ChargeFacts,
  type ChargeState,
  CredentialsRefused,
  type Gateway,
  type GatewayCredentials,
  type Gateways,
  GatewayUnreachable,
  type PaymentStart,
  type RefundFacts,
  type RefundState,
} from '../sales/payments/gateway.ts';

export const TEST_SECRET = 'sk_live_0123456789abcdef';

type Operation = 'start' | 'verify' | 'refund' | 'findRefund';
/** `before`: the call never arrives; `after`: it does, and its answer does not come back. */
type Fault = 'before' | 'after';

interface FakeCharge {
  start: PaymentStart;
  providerReference: string;
  state: ChargeState;
}

interface FakeRefund extends RefundFacts {
  refundId: string;
  chargeReference: string;
}

/** A payment provider in memory: what it charged and gave back is the truth that tests look at. */
export class FakeGateway implements Gateway {
  readonly provider = 'paystack' as const;
  readonly currencies = ['NGN', 'GHS', 'USD'];
  readonly charges = new Map<string, FakeCharge>();
  readonly refunds: FakeRefund[] = [];
  readonly calls: Record<Operation, number> = { start: 0, verify: 0, refund: 0, findRefund: 0 };
  /** What the next answers about charges are changed to, for lies and mistakes. */
  distort: ((facts: ChargeFacts) => ChargeFacts) | undefined;
  /** What the next refund is answered with instead. */
  refuseRefund: { code: string; message: string } | undefined;
  refundState: RefundState = 'succeeded';
  refuseStart: { code: string; message: string } | undefined;
  knowsCredentials = true;
  private readonly faults: { operation: Operation; fault: Fault }[] = [];
  private count = 0;

  /** The next calls of an operation fail so. */
  fail(operation: Operation, ...faults: Fault[]): void {
    for (const fault of faults) this.faults.push({ operation, fault });
  }

  get gateways(): Gateways {
    return new Map([[this.provider, this]]);
  }

  /** The shopper pays, declines or leaves; whoever opened the page last. */
  move(reference: string, state: ChargeState): void {
    const charge = this.charges.get(reference);
    if (!charge) throw new Error(`Nobody began ${reference}`);
    charge.state = state;
  }

  /** The references begun here, in order. */
  get references(): string[] {
    return [...this.charges.keys()];
  }

  /** Settles the life of a refund. */
  moveRefunds(state: RefundState): void {
    for (const [at, refund] of this.refunds.entries()) this.refunds[at] = { ...refund, state };
  }

  /** What it gave back in all, minor units. */
  get givenBack(): bigint {
    return this.refunds
      .filter(({ state }) => state !== 'failed')
      .reduce((sum, { amount }) => sum + amount.amountMinor, 0n);
  }

  start(_: GatewayCredentials, start: PaymentStart) {
    return this.around('start', () => {
      if (this.refuseStart) return { kind: 'refused' as const, ...this.refuseStart };
      if (this.charges.has(start.reference))
        return { kind: 'refused' as const, code: 'duplicate_reference', message: 'Duplicate Transaction Reference' };
      this.charges.set(start.reference, { start, providerReference: `ch${++this.count}`, state: 'pending' });
      return { kind: 'redirect' as const, redirectUrl: `https://pay.example/${start.reference}` };
    });
  }

  verify({ mode }: GatewayCredentials, reference: string): Promise<ChargeFacts> {
    return this.around('verify', () => {
      const facts = this.factsOf(reference, mode);
      return this.distort ? this.distort(facts) : facts;
    });
  }

  refund(
    _: GatewayCredentials,
    refund: { providerReference: string; amount: RefundFacts['amount']; refundId: string },
  ) {
    return this.around('refund', () => {
      if (this.refuseRefund) return { state: 'refused' as const, ...this.refuseRefund };
      const { amount, refundId, providerReference: chargeReference } = refund;
      const made: FakeRefund = {
        state: this.refundState,
        providerReference: `rf${++this.count}`,
        amount,
        message: null,
        refundId,
        chargeReference,
      };
      this.refunds.push(made);
      return made;
    });
  }

  findRefund(_: GatewayCredentials, { refundId }: { refundId: string }): Promise<RefundFacts | undefined> {
    return this.around('findRefund', () => this.refunds.find((one) => one.refundId === refundId));
  }

  readHook({ secretKey }: GatewayCredentials, body: Uint8Array, headers: Readonly<Record<string, string | undefined>>) {
    if (headers['x-signature'] !== signatureOf(body, secretKey)) return undefined;
    const { event, reference } = JSON.parse(Buffer.from(body).toString());
    return { eventKey: `${event}|${reference}`, type: event, reference: reference ?? null, refundReference: null };
  }

  private factsOf(reference: string, mode: 'live' | 'test'): ChargeFacts {
    const charge = this.charges.get(reference);
    const nothing = { paidAt: null, fee: null, channel: null, message: null };
    if (!charge) return { state: 'unknown', reference, providerReference: null, amount: null, mode: null, ...nothing };
    const { state, providerReference, start } = charge;
    return { state, reference, providerReference, amount: start.amount, mode, ...nothing };
  }

  private async around<T>(operation: Operation, effect: () => T): Promise<T> {
    this.calls[operation]++;
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (!this.knowsCredentials) throw new CredentialsRefused(this.provider);
    const at = this.faults.findIndex((one) => one.operation === operation);
    const fault = at >= 0 ? this.faults.splice(at, 1)[0]?.fault : undefined;
    if (fault === 'before') throw new GatewayUnreachable(this.provider, 'a test');
    const answer = effect();
    if (fault === 'after') throw new GatewayUnreachable(this.provider, 'a test');
    return answer;
  }
}

/** A webhook of the fake, signed. */
export function hookOf(event: string, reference: string, secret = TEST_SECRET, more: object = {}) {
  const body = Buffer.from(JSON.stringify({ event, reference, ...more }));
  return { body, headers: { 'x-signature': signatureOf(body, secret) } };
}

const signatureOf = (body: Uint8Array, secret: string) => createHmac('sha256', secret).update(body).digest('hex');
