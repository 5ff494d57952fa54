import { DomainError } from '../../kernel/errors.ts';

/** A sandbox has no sandbox of its own. */
export class SandboxOfSandbox extends DomainError {
  readonly code = 'already_sandbox';
  readonly status = 409;
  constructor() {
    super('This company is a sandbox already. Ask from the live company.');
  }
}

/** Somebody disabled this person in the sandbox. */
export class SandboxAccountDisabled extends DomainError {
  readonly code = 'sandbox_account_disabled';
  readonly status = 403;
  constructor() {
    super('Your account in the sandbox is disabled. Ask another owner of the sandbox to enable it.');
  }
}
