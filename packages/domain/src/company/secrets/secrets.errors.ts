import { DomainError } from '../../kernel/errors.ts';

/** A stored credential does not open: the master key is missing, or the row was tampered with. For the operator to mend. */
export class SecretUnreadable extends DomainError {
  readonly code = 'secret_unreadable';
  readonly status = 503;
  constructor(name: string, reason: string) {
    super('A stored credential cannot be read right now. Enter it again, or ask whoever runs this service.', {
      name,
      reason,
    });
  }
}
