import type { Instant } from '../../kernel/clock.ts';
import type { Money } from '../../kernel/money.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';

/** What an adapter needs to act for a company. Never logged. */
export interface GatewayCredentials {
  readonly secretKey: string;
  readonly mode: 'live' | 'test';
}

export interface PaymentStart {
  /** Ours, new for every attempt, in the provider's alphabet. */
  readonly reference: string;
  readonly amount: Money;
  readonly email: string;
  /** Where the provider sends the browser afterwards. */
  readonly returnUrl: string;
  /** For the provider's own books: `companyId` (a simulator finds our hook by it), `orderId`, `orderNumber`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The provider took the attempt: the shopper pays on its page. */
export interface StartedPayment {
  readonly kind: 'redirect';
  readonly redirectUrl: string;
}

/** The provider said no, and nothing of the attempt remains there. `code` is the provider's. */
export interface RefusedStart {
  readonly kind: 'refused';
  readonly code: string;
  readonly message: string;
}

/**
 * What the provider says about a reference. `succeeded` alone pays. `unknown`: it has never heard of it. `pending`: may
 * still be paid. `failed` and `abandoned`: this attempt was not paid, though a page that is open may still be.
 */
export type ChargeState = 'succeeded' | 'pending' | 'failed' | 'abandoned' | 'reversed' | 'unknown';

/** Facts of a charge as the provider's query tells them; nothing here comes from a browser or a webhook. */
export interface ChargeFacts {
  readonly state: ChargeState;
  readonly reference: string;
  /** The provider's name of the charge; null while `unknown`. */
  readonly providerReference: string | null;
  readonly amount: Money | null;
  readonly mode: 'live' | 'test' | null;
  readonly paidAt: Instant | null;
  /** What the provider keeps, minor units; for the merchant's books. */
  readonly fee: bigint | null;
  readonly channel: string | null;
  readonly message: string | null;
}

export interface RefundStart {
  /** The reference of the attempt that was paid, and the provider's own name of that charge. */
  readonly reference: string;
  readonly providerReference: string;
  readonly amount: Money;
  /** Our refund's id: goes along as a note, so that a refund can be found again after a time-out. */
  readonly refundId: string;
  readonly reason: string;
}

/** `succeeded`: the money left. `needs_attention`: the merchant has to act in the provider's books. */
export type RefundState = 'pending' | 'succeeded' | 'failed' | 'needs_attention';

export interface RefundFacts {
  readonly state: RefundState;
  readonly providerReference: string;
  readonly amount: Money;
  readonly message: string | null;
}

/** The provider refused the refund outright: nothing was begun. */
export interface RefusedRefund {
  readonly state: 'refused';
  readonly code: string;
  readonly message: string;
}

/** What a webhook is about. It is a hint to ask the provider, never a fact. */
export interface HookReading {
  /** Names the delivery for deduplication: event, the provider's id (else a digest of the body), status. */
  readonly eventKey: string;
  readonly type: string;
  /** Our reference of the attempt, if it is about one. */
  readonly reference: string | null;
  /**
   * The provider's name of the refund, if it is about one and says which. Paystack's notices of a refund mostly name
   * the charge alone: then `reference` is set, this is null, and every open refund of that attempt is to be asked about.
   */
  readonly refundReference: string | null;
}

/**
 * A payment provider, as an adapter implements it. Every call has a time-out of its own and throws `GatewayUnreachable`
 * when the outcome is not known (no answer, 5xx, an answer that cannot be read); nothing is ever sent twice by itself.
 */
export interface Gateway {
  readonly provider: PaymentProvider;
  /** Currencies it can charge. */
  readonly currencies: readonly string[];
  start(credentials: GatewayCredentials, start: PaymentStart): Promise<StartedPayment | RefusedStart>;
  verify(credentials: GatewayCredentials, reference: string): Promise<ChargeFacts>;
  refund(credentials: GatewayCredentials, refund: RefundStart): Promise<RefundFacts | RefusedRefund>;
  /**
   * Looks for a refund: by the provider's name for it, else (after a time-out) by our id in the refunds of the charge.
   * Undefined: there is none at this moment; a request that is still under way may begin it later. Throws
   * `GatewayUnreachable` as long as that cannot be said for sure.
   */
  findRefund(
    credentials: GatewayCredentials,
    refund: RefundStart & { readonly refundReference: string | null },
  ): Promise<RefundFacts | undefined>;
  /** Reads a webhook. Undefined: its signature is not good. */
  readHook(
    credentials: Pick<GatewayCredentials, 'secretKey'>,
    body: Uint8Array,
    headers: Readonly<Record<string, string | undefined>>,
  ): HookReading | undefined;
}

/** The gateways of a deployment, by provider. `manual` has none. */
export type Gateways = ReadonlyMap<PaymentProvider, Gateway>;

/** The provider did not answer, or not in a way that says what happened. The attempt has to be asked about later. */
export class GatewayUnreachable extends Error {
  constructor(
    readonly provider: PaymentProvider,
    reason: string,
    options?: { cause?: unknown },
  ) {
    super(`${provider} could not be reached: ${reason}`, options);
    this.name = 'GatewayUnreachable';
  }
}

/** The provider does not accept the company's credentials. */
export class CredentialsRefused extends Error {
  constructor(readonly provider: PaymentProvider) {
    super(`${provider} does not accept the credentials`);
    this.name = 'CredentialsRefused';
  }
}
