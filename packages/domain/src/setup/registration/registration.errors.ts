import { DomainError } from '../../kernel/errors.ts';

/** This deployment takes no new companies over the API. */
export class RegistrationClosed extends DomainError {
  readonly code = 'registration_closed';
  readonly status = 403;
  constructor() {
    super('New companies cannot register here. Ask whoever runs this service to create yours.');
  }
}

/** This deployment takes invited companies only, and the invitation is missing, for someone else, or past its time. */
export class InvitationNeeded extends DomainError {
  readonly code = 'invitation_needed';
  readonly status = 403;
  constructor() {
    super(
      'Registering needs a valid invitation for this handle and email address. Ask whoever runs this service for one.',
    );
  }
}
