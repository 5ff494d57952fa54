/** One fault in what was sent: where (a JSON pointer into the body, or `?name` of the query), what kind, and the way out. */
export interface FieldFault {
  pointer: string;
  code: string;
  message: string;
}

/**
 * The domain's way to say no. `message` is public and says what to do next; `detail` is for the log only and may hold
 * ids and numbers, never secrets. The HTTP layer turns it into problem+json with `status` and `code`.
 */
export abstract class DomainError extends Error {
  abstract readonly code: string;
  abstract readonly status: 400 | 401 | 403 | 404 | 409 | 412 | 413 | 415 | 422 | 429 | 503;
  readonly faults: readonly FieldFault[] = [];
  /** Seconds after which asking again makes sense; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;

  constructor(
    publicSentence: string,
    readonly detail: Readonly<Record<string, unknown>> = {},
  ) {
    super(publicSentence);
    this.name = new.target.name;
  }
}

/** There is no such thing here. Also the answer for another company's thing: the two must not differ. */
export class NotFound extends DomainError {
  readonly code = 'not_found';
  readonly status = 404;
  constructor(noun: string, next = '') {
    super(`There is no such ${noun}. ${next}`.trimEnd());
  }
}

/** A field is wrong in a way that only the domain can see. */
export class InvalidInput extends DomainError {
  readonly code = 'invalid_input';
  readonly status = 400;
  override readonly faults: readonly FieldFault[];
  constructor(...faults: [FieldFault, ...FieldFault[]]) {
    super(faults[0].message);
    this.faults = faults;
  }
}

/** The caller is known but lacks a permission; the message names it. */
export class PermissionMissing extends DomainError {
  readonly code = 'permission_missing';
  readonly status = 403;
  constructor(permission: string) {
    super(`This needs the permission ${permission}. Ask someone who may give roles to add it.`, { permission });
  }
}

/** The row changed since the caller read it. */
export class VersionStale extends DomainError {
  readonly code = 'version_stale';
  readonly status = 412;
  constructor(noun: string, current: number) {
    super(
      `This ${noun} was changed by someone else. Read it again (it is at version ${current}) and repeat your change.`,
    );
  }
}

/** The database cannot be reached, or dropped the connection, or no connection came free in time. */
export class DatabaseUnavailable extends DomainError {
  readonly code = 'database_unavailable';
  readonly status = 503;
  override readonly retryAfterSeconds = 1;
  constructor(reason: string) {
    super('The service cannot reach its database right now. Try again in a moment.', { reason });
  }
}

/** The work took longer than a unit of work may. Nothing of it was kept. */
export class UnitOfWorkTimeout extends DomainError {
  readonly code = 'timeout';
  readonly status = 503;
  override readonly retryAfterSeconds = 1;
  constructor(limitMs: number) {
    super('This took too long and was undone. Try again in a moment.', { limitMs });
  }
}

/** The connection died while the commit was on its way: the work may or may not have been kept. */
export class CommitUnknown extends DomainError {
  readonly code = 'outcome_unknown';
  readonly status = 503;
  override readonly retryAfterSeconds = 1;
  constructor() {
    super(
      'The connection was lost while saving. Repeat the request with the same Idempotency-Key, or look before you repeat.',
    );
  }
}
