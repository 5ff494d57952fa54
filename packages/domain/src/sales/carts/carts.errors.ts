import { DomainError, type FieldFault } from '../../kernel/errors.ts';
import type { CartStatus } from './carts.schema.ts';

const CLOSED: Readonly<Record<Exclude<CartStatus, 'open'>, string>> = {
  ordered: 'This cart was ordered. Make a new one with POST /v1/carts.',
  merged:
    'This cart was merged into the cart of the customer who logged in. Go on with that one: PUT /v1/carts/{id}/customer gives it.',
};

/** The cart became an order or went into another cart. */
export class CartClosed extends DomainError {
  readonly code = 'cart_closed';
  readonly status = 409;
  constructor(status: Exclude<CartStatus, 'open'>) {
    super(CLOSED[status], { status });
  }
}

/** Something about what was asked for does not go, though it is well formed. */
export class CartRefused extends DomainError {
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor(
    readonly code:
      | 'gift_only'
      | 'not_in_currency'
      | 'quantity_too_large'
      | 'too_many_lines'
      | 'too_many_codes'
      | 'discount_code_not_valid'
      | 'shipping_option_not_available',
    message: string,
    pointer?: string,
  ) {
    super(message);
    this.faults = pointer === undefined ? [] : [{ pointer, code, message }];
  }
}
