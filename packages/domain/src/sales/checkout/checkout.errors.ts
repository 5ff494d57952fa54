import { InsufficientStock } from '../../catalog/inventory/inventory.errors.ts';
import { DomainError, type FieldFault } from '../../kernel/errors.ts';
import { format, type Money } from '../../kernel/money.ts';

/** Something is missing before the cart can become an order; all of it is named, with the way out. */
export class CheckoutIncomplete extends DomainError {
  readonly code = 'checkout_incomplete';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor(faults: readonly FieldFault[]) {
    super(`This cart cannot be ordered yet: ${faults.map(({ message }) => message).join(' ')}`);
    this.faults = faults;
  }
}

/** Not all of a cart is there. Names its lines as all faults of a checkout do. */
export class CartSoldOut extends InsufficientStock {
  override readonly faults: readonly FieldFault[];
  constructor(refusal: InsufficientStock, faults: readonly FieldFault[]) {
    super(refusal.shortages);
    this.faults = faults;
  }
}

/** The cart comes to another total than the shopper was shown. Nothing was placed. */
export class TotalChanged extends DomainError {
  readonly code = 'total_changed';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  /** `tellsOfAddress`: what the email address of the cart bought before was judged for it. */
  constructor(
    expected: Money,
    actual: Money,
    changes: readonly FieldFault[],
    readonly tellsOfAddress = false,
  ) {
    const message = `The total is ${format(actual)} now, not ${format(expected)}.`;
    super(`${message} Show the shopper the new total and what changed, and check out with it as expectedTotal.`, {
      expected: expected.amountMinor.toString(),
      actual: actual.amountMinor.toString(),
    });
    this.faults = [{ pointer: '/expectedTotal', code: this.code, message }, ...changes];
  }
}

/** A browser is sent to places of the shop alone. */
export class ReturnUrlRefused extends DomainError {
  readonly code = 'return_url_not_allowed';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor(message: string) {
    super(message);
    this.faults = [{ pointer: '/returnUrl', code: this.code, message }];
  }
}

/** Whoever pays at a provider has to come back to somewhere. */
export class ReturnUrlMissing extends DomainError {
  readonly code = 'return_url_required';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('Say where the browser goes after paying: returnUrl. Only the payment provider "manual" needs none.');
    this.faults = [{ pointer: '/returnUrl', code: this.code, message: this.message }];
  }
}

/** Something is to be paid and nobody has said how. */
export class PaymentProviderMissing extends DomainError {
  readonly code = 'payment_provider_required';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('Say how it is paid: paymentProvider. Only a total of zero needs none.');
    this.faults = [{ pointer: '/paymentProvider', code: this.code, message: this.message }];
  }
}

/** An answer may get lost: without a key, whoever asks again may order twice. */
export class IdempotencyKeyMissing extends DomainError {
  readonly code = 'idempotency_key_required';
  readonly status = 400;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('Send an Idempotency-Key header, new for each order and the same when you repeat a request.');
    this.faults = [{ pointer: 'Idempotency-Key', code: this.code, message: this.message }];
  }
}

/** Some money came in for the order of this cart, and the cart is another one now. Nothing was placed. */
export class PaidInPart extends DomainError {
  readonly code = 'order_paid_in_part';
  readonly status = 409;
  constructor(number: string, due: Money) {
    super(
      `This cart was changed after a part of its order ${number} was paid. Pay what is still open of it, ` +
        `${format(due)}, or have the shop cancel it; order other things from a new cart: POST /v1/carts.`,
      { number },
    );
  }
}

/** So many pages were begun for one order that nobody means to pay on them. */
export class PaymentTriesUsedUp extends DomainError {
  readonly code = 'payment_tries_used_up';
  readonly status = 409;
  constructor(number: string) {
    super(
      `No further payment page is begun for order ${number}: too many were. Use a page that was opened for it, pay another ` +
        'way, or check out again once its time has run out.',
      { number },
    );
  }
}
