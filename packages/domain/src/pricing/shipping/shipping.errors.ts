import { DomainError } from '../../kernel/errors.ts';

/** Products that nobody put anywhere would have no profile. */
export class DefaultProfileNeeded extends DomainError {
  readonly code = 'default_profile_needed';
  readonly status = 409;
  constructor() {
    super('This is the default profile, which every shop needs. Make another one the default first.');
  }
}

/** Its options would hang in the air. */
export class ProfileHasOptions extends DomainError {
  readonly code = 'profile_has_options';
  readonly status = 409;
  constructor(options: number) {
    super(`${counted(options)} of this profile. Delete them, or give them another profileId, first.`);
  }
}

/** Its options would go nowhere. */
export class ZoneHasOptions extends DomainError {
  readonly code = 'zone_has_options';
  readonly status = 409;
  constructor(options: number) {
    super(`${counted(options)} in this zone. Delete them, or give them another zoneId, first.`);
  }
}

/** Every cart looks through the zones and options of its country. */
export class ShippingLimitReached extends DomainError {
  readonly code = 'shipping_limit_reached';
  readonly status = 409;
  constructor(max: number, what: 'shipping profiles' | 'shipping zones' | 'shipping options') {
    super(`A company has at most ${max} ${what}. Delete some you do not need.`);
  }
}

const counted = (options: number) => (options === 1 ? '1 shipping option is' : `${options} shipping options are`);
