import type { CompanyMode } from '../../company/companies/companies.schema.ts';
import { DomainError, type FieldFault } from '../../kernel/errors.ts';

/** A sandbox must not move real money, and a live shop must not take play money. */
export class CredentialOfOtherMode extends DomainError {
  readonly code = 'credential_of_other_mode';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor(field: string, mode: CompanyMode) {
    super(
      mode === 'test'
        ? 'This company is a sandbox: it takes test keys only.'
        : 'This company is live: it takes live keys only. Use test keys in its sandbox (POST /v1/sandbox).',
    );
    this.faults = [{ pointer: `/${field}`, code: this.code, message: this.message }];
  }
}
