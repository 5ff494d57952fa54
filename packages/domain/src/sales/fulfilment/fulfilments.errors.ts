import { DomainError, type FieldFault } from '../../kernel/errors.ts';
import type { FulfilmentStatus } from './fulfilments.schema.ts';

/** Somebody still has to pay, or it is over. */
export class NotReadyToSend extends DomainError {
  readonly code = 'order_not_ready';
  readonly status = 409;
  constructor(number: string, lifecycle: string, paymentStatus: string) {
    const way =
      lifecycle === 'pending'
        ? `It waits for its payment (${paymentStatus}): settle that first, POST /v1/payments/:id/manual-settlement for money that came another way.`
        : 'Nothing of it is sent any more.';
    super(`The order ${number} is ${lifecycle}. ${way}`);
  }
}

/** More units than are left of a line. */
export class NothingLeftToSend extends DomainError {
  readonly code = 'more_than_left';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor(faults: readonly FieldFault[]) {
    super(faults[0]?.message ?? 'Everything of this order stands in a fulfilment, was sent or was cancelled.');
    this.faults = faults;
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
