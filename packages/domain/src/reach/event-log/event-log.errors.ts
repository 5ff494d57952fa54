import { DomainError } from '../../kernel/errors.ts';

/** The company watches its events too many times at once. */
export class TooManyStreams extends DomainError {
  readonly code = 'too_many_streams';
  readonly status = 429;
  override readonly retryAfterSeconds = 10;
  constructor(max: number) {
    super(`At most ${max} streams of events of one company are open at once. Close one, or wait until one ends.`);
  }
}
