import { DomainError } from '../../kernel/errors.ts';
import type { OrderLifecycle } from './orders.schema.ts';

/** The life of an order does not allow this. */
export class OrderMoveNotAllowed extends DomainError {
  readonly code = 'order_move_not_allowed';
  readonly status = 409;
  constructor(from: OrderLifecycle, wanted: string) {
    super(`This order is ${from}, so it cannot be ${wanted}. GET /v1/orders/:id says what can still be done with it.`, {
      from,
      wanted,
    });
  }
}

/** Units that are on their way, or gone already, are not cancelled. */
export class NotCancellable extends DomainError {
  readonly code = 'not_cancellable';
  readonly status = 409;
  constructor(line: string, wanted: number, possible: number) {
    super(
      `${possible} of ${line} can still be cancelled, not ${wanted}: the others are in a fulfilment, sent or cancelled. ` +
        'Cancel the fulfilment first, or ask for fewer.',
    );
  }
}

/** Where it goes is not changed any more when something has gone there. */
export class AddressFixed extends DomainError {
  readonly code = 'address_fixed';
  readonly status = 409;
  constructor() {
    super('Goods of this order have been sent, so its addresses cannot be changed any more. Leave a note instead.');
  }
}

/** The link of a mail is over, not whole, or never was one: the three must not differ. */
export class OrderLinkRefused extends DomainError {
  readonly code = 'order_link_refused';
  readonly status = 404;
  constructor() {
    super('This link is no longer good. Ask for a new one with the number of the order and your address.');
  }
}

const NUMBERS_NAMED = 20;

/** Whoever waits for goods cannot be made nobody: their name and address are what the goods are sent by. */
export class OrdersUnderWay extends DomainError {
  readonly code = 'orders_under_way';
  readonly status = 409;
  constructor(numbers: readonly string[]) {
    const more = numbers.length > NUMBERS_NAMED ? ` and ${numbers.length - NUMBERS_NAMED} more` : '';
    const named = `${numbers.slice(0, NUMBERS_NAMED).join(', ')}${more}`;
    super(
      `These orders wait for their payment or are not delivered yet: ${named}. Nothing was erased. Once they are delivered, ` +
        'have run out, or were cancelled by the shop, ask again.',
      { orders: named },
    );
  }
}
