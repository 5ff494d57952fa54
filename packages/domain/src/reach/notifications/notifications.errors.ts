import { DomainError } from '../../kernel/errors.ts';

/** A mail whose link is good once cannot be sent a second time. */
export class LinkGoodOnce extends DomainError {
  readonly code = 'link_good_once';
  readonly status = 409;
  constructor(instead: string) {
    super(`This mail cannot be sent again. ${instead}`);
  }
}

/** The mail, or one that repeats it, has not gone out yet. */
export class NotificationPending extends DomainError {
  readonly code = 'notification_pending';
  readonly status = 409;
  constructor() {
    super('This mail is on its way already. GET /v1/notifications/{id} says when it is tried next.');
  }
}

/** What the mail said is not known any more, or never was. */
export class NotificationNotKept extends DomainError {
  readonly code = 'notification_not_kept';
  readonly status = 409;
  constructor() {
    super('What this mail said is not kept, so it cannot be sent again.');
  }
}

/** One mail is sent again a few times a day and no more. */
export class ResendLimitReached extends DomainError {
  readonly code = 'resend_limit_reached';
  readonly status = 429;
  constructor(
    max: number,
    override readonly retryAfterSeconds: number,
  ) {
    super(`This mail was sent again ${max} times within a day. Try again later.`);
  }
}
