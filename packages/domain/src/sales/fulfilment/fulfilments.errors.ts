import { DomainError, type FieldFault } from '../../kernel/errors.ts';
import type { FulfilmentStatus } from './fulfilments.schema.ts';

/** Somebody still has to pay, or has their money back, or it is over. */
export class NotReadyToSend extends DomainError {
  readonly code = 'order_not_ready';
  readonly status = 409;
  constructor(number: string, lifecycle: string, paymentStatus: string) {
    const way =
      lifecycle === 'pending'
        ? `It waits for its payment (${paymentStatus}): settle that first, POST /v1/payments/:id/manual-settlement for money that came another way.`
        : 'Nothing of it is sent any more.';
    const refunded =
      'All that was paid for it was given back. Cancel what is left (POST /v1/orders/:id/cancellation) to free its goods.';
    const isRefunded = lifecycle === 'open' && paymentStatus === 'refunded';
    super(isRefunded ? `The order ${number} is refunded. ${refunded}` : `The order ${number} is ${lifecycle}. ${way}`);
  }
}

/** More units than are left of a line. */
export class NothingLeftToSend extends DomainError {
  readonly code = 'more_than_left';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor(
    faults: readonly FieldFault[],
    message = 'Everything of this order stands in a fulfilment, was sent or was cancelled.',
  ) {
    super(faults[0]?.message ?? message);
    this.faults = faults;
  }

  static here(): NothingLeftToSend {
    const message = 'Nothing of this order is promised at this location. Leave the location out, or name the lines.';
    return new NothingLeftToSend([], message);
  }

  static refunded(): NothingLeftToSend {
    const message = 'What is left of this order was refunded. Cancel it, or name the lines to send them all the same.';
    return new NothingLeftToSend([], message);
  }
}

/** The life of a fulfilment does not allow this. */
export class FulfilmentMoveNotAllowed extends DomainError {
  readonly code = 'fulfilment_move_not_allowed';
  readonly status = 409;
  constructor(status: FulfilmentStatus, move: string, next: readonly string[]) {
    const way = next.length > 0 ? `What can be done with it now: ${next.join(', ')}.` : 'It is over.';
    super(`This fulfilment is ${status.replaceAll('_', ' ')}, so its ${move} is not possible. ${way}`);
  }
}
