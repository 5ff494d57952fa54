import { DomainError, type FieldFault } from '../../kernel/errors.ts';
import { format, type Money } from '../../kernel/money.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';

/** Both a shopper and whoever runs the shop may read it. */
const MERCHANT_CAN =
  'Whoever runs it sets one up: PUT /v1/payment-providers/{provider} of the admin API; manual takes any currency.';

/** The company cannot be paid that way. */
export class ProviderNotSetUp extends DomainError {
  readonly code = 'payment_provider_not_set_up';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor(provider: PaymentProvider, setUp: readonly PaymentProvider[]) {
    super(
      setUp.length > 0
        ? `This shop cannot be paid by ${provider}. Choose one of: ${setUp.join(', ')}.`
        : `This shop cannot be paid by ${provider}, and has set up no other way to be paid yet. ${MERCHANT_CAN}`,
    );
    this.faults = [{ pointer: '/paymentProvider', code: this.code, message: this.message }];
  }
}

/** The provider does not take money of this currency. */
export class CurrencyNotCharged extends DomainError {
  readonly code = 'currency_not_charged';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor(provider: PaymentProvider, currency: string, able: readonly PaymentProvider[]) {
    const way =
      able.length > 0
        ? `Choose one of: ${able.join(', ')}.`
        : `The shop has no way to be paid in ${currency} yet: shop in another of its currencies. ${MERCHANT_CAN}`;
    super(`Nothing can be paid in ${currency} by ${provider}. ${way}`);
    this.faults = [{ pointer: '/paymentProvider', code: this.code, message: this.message }];
  }
}

/** The provider gave no page to pay on, and it is not known why. What was begun stays watched. */
export class PaymentUnavailable extends DomainError {
  readonly code = 'payment_unavailable';
  readonly status = 503;
  override readonly retryAfterSeconds = 5;
  constructor(provider: PaymentProvider, reason: string) {
    super(
      `The payment cannot be begun right now: ${provider} does not answer. The order waits; try again in a moment.`,
      {
        reason,
      },
    );
  }
}

/** The provider would not begin the payment. */
export class PaymentRefused extends DomainError {
  readonly code = 'payment_refused';
  readonly status = 422;
  constructor(provider: PaymentProvider, code: string, message: string) {
    super(`${provider} would not begin this payment (${code}: ${message}). The order waits; pay it another way.`);
  }
}

/** Nothing is asked for any more. */
export class PaymentNotOpen extends DomainError {
  readonly code = 'payment_not_open';
  readonly status = 409;
  constructor(status: string) {
    super(`This payment waits for nothing: it is ${status}.`);
  }
}

/** Staff say that money came in for an order that was cancelled: nothing would be sent for it. */
export class OrderIsOver extends DomainError {
  readonly code = 'order_cancelled';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor(number: string, supersededBy: { number: string; paymentId: string | null } | null) {
    const instead =
      supersededBy === null
        ? 'Give the money back, or have it ordered anew and settle that order.'
        : `Order ${supersededBy.number} took its place: if the money is for that, settle its payment` +
          `${supersededBy.paymentId === null ? '' : `, POST /v1/payments/${supersededBy.paymentId}/manual-settlement`}.`;
    super(
      `Order ${number} was cancelled, so nothing is sent for this money. ${instead} To take it down here all the same, send ` +
        'force: true; the order stays cancelled, and the money can then be given back as a refund.',
      { number },
    );
    this.faults = [{ pointer: '/force', code: this.code, message: this.message }];
  }
}

/** Staff say that more came in than was asked for. */
export class MoreThanDue extends DomainError {
  readonly code = 'more_than_due';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor(due: Money) {
    super(`No more than ${format(due)} is still to be paid.`);
    this.faults = [{ pointer: '/amount', code: this.code, message: this.message }];
  }
}

/** The same receipt of the same payment again. */
export class ReferenceUsed extends DomainError {
  readonly code = 'reference_used';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor(reference: string) {
    super(`"${reference}" was booked for this payment before. Give what came in now a reference of its own.`);
    this.faults = [{ pointer: '/reference', code: this.code, message: this.message }];
  }
}

/** A webhook whose signature is not the company's. Nothing of it is kept. */
export class HookUnsigned extends DomainError {
  readonly code = 'signature_invalid';
  readonly status = 401;
  constructor() {
    super('The signature of this webhook is missing or not made with the key of this company.');
  }
}
