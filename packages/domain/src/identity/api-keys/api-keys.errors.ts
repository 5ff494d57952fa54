import { DomainError } from '../../kernel/errors.ts';

/** Only a key that still works can be replaced. */
export class ApiKeyNotActive extends DomainError {
  readonly code = 'api_key_not_active';
  readonly status = 409;
  constructor(status: 'expired' | 'revoked') {
    super(`This key is ${status} and cannot be rotated. Make a new one.`);
  }
}

/** A key has one successor: of two rotations at once, one wins. */
export class ApiKeyRotatedBefore extends DomainError {
  readonly code = 'api_key_rotated_before';
  readonly status = 409;
  constructor() {
    super('This key was rotated before. Rotate its successor, or make a new key.');
  }
}
