import { DomainError, type FieldFault } from '../../kernel/errors.ts';
import type { CompanyStatus } from './companies.schema.ts';

/** Another company goes by this handle. Handles are public, so saying so tells nothing new. */
export class HandleTaken extends DomainError {
  readonly code = 'handle_taken';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor(handle: string) {
    super('Another company uses this handle. Choose another one.', { handle });
    this.faults = [{ pointer: '/company/handle', code: this.code, message: this.message }];
  }
}

/** The life cycle has no such move. */
export class CompanyStatusConflict extends DomainError {
  readonly code = 'company_status_conflict';
  readonly status = 409;
  constructor(from: CompanyStatus, to: CompanyStatus) {
    super(`A company that is ${from} cannot become ${to}.`, { from, to });
  }
}
