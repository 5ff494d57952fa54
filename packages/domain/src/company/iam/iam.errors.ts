import { DomainError, type FieldFault } from '../../kernel/errors.ts';

/** Roles of one company differ in more than the case of their name. */
export class RoleNameTaken extends DomainError {
  readonly code = 'role_name_taken';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('Another role has this name. Choose another one.');
    this.faults = [{ pointer: '/name', code: this.code, message: this.message }];
  }
}

/** System roles come with the code. */
export class SystemRoleImmutable extends DomainError {
  readonly code = 'system_role_immutable';
  readonly status = 409;
  constructor() {
    super('System roles cannot be changed or deleted. Copy the role and change the copy.');
  }
}

/** Somebody has the role, or an invite that can still be accepted promises it. */
export class RoleInUse extends DomainError {
  readonly code = 'role_in_use';
  readonly status = 409;
  constructor() {
    super(
      'Staff still have this role, or an open invite promises it. Give those people another role and take the invite back first.',
    );
  }
}
