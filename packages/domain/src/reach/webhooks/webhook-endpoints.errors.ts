import { DomainError } from '../../kernel/errors.ts';

/** Every event is held against every endpoint. */
export class EndpointLimitReached extends DomainError {
  readonly code = 'webhook_endpoint_limit_reached';
  readonly status = 409;
  constructor(max: number) {
    super(`A company has at most ${max} webhook endpoints. Delete one you do not need.`);
  }
}

/** Nothing is sent to an endpoint that is switched off. */
export class EndpointDisabled extends DomainError {
  readonly code = 'webhook_endpoint_disabled';
  readonly status = 409;
  constructor() {
    super('This endpoint is disabled. Enable it first: PATCH it with {"status": "enabled"}.');
  }
}

/** The endpoint of a delivery was deleted; only the log is left. */
export class EndpointDeleted extends DomainError {
  readonly code = 'webhook_endpoint_deleted';
  readonly status = 409;
  constructor() {
    super('The endpoint of this delivery was deleted. Make a new one, and have its events sent there.');
  }
}

/** A second attempt beside the first would be the same event twice at the same time. */
export class DeliveryUnderWay extends DomainError {
  readonly code = 'webhook_delivery_under_way';
  readonly status = 409;
  constructor() {
    super('This delivery is under way: its next attempt is made within a minute. Look at it again then.');
  }
}

/** More than one request should put back. */
export class TooManyRedeliveries extends DomainError {
  readonly code = 'too_many_redeliveries';
  readonly status = 422;
  constructor(max: number) {
    super(`These are more than ${max} deliveries. Take a shorter time (since, until) or fewer events (eventType).`);
  }
}
