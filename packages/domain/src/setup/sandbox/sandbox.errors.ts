import { DomainError } from '../../kernel/errors.ts';

/** A sandbox has no sandbox of its own. */
export class SandboxOfSandbox extends DomainError {
  readonly code = 'already_sandbox';
  readonly status = 409;
  constructor() {
    super('This company is a sandbox already. Ask from the live company.');
  }
}
