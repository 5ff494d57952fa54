import { DomainError, type FieldFault } from '@souk/domain/kernel/errors';
import { faultCode } from '@souk/domain/kernel/fault-words';
import type { z } from 'zod';

const NAME_SHOWN = 60;
/** More faults than these help nobody, and each one costs. */
export const FAULTS_MAX = 50;

/** What was sent does not fit the contract. One fault per field. */
export class RequestInvalid extends DomainError {
  readonly code = 'invalid_input';
  readonly status = 400;
  constructor(override readonly faults: readonly FieldFault[]) {
    super(faults[0]?.message ?? 'The request does not fit its contract.');
  }
}

/** The faults of a zod error: body fields as JSON pointers (RFC 6901), query fields as `?name`, path parts as `:name`. */
export function faultsOf(error: z.ZodError, where: 'body' | 'query' | 'param'): FieldFault[] {
  return error.issues
    .slice(0, FAULTS_MAX)
    .flatMap((issue) => faultsOfIssue(issue, where))
    .slice(0, FAULTS_MAX);
}

function faultsOfIssue(issue: z.core.$ZodIssue, where: 'body' | 'query' | 'param'): FieldFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, FAULTS_MAX).map((key) => unknownField([...issue.path, key], where));
  }
  return [{ pointer: pointer(issue.path, where), code: faultCode(issue), message: issue.message }];
}

/** The fault of a field that is in no contract. */
export const unknownField = (path: readonly PropertyKey[], where: 'body' | 'query' | 'param'): FieldFault => ({
  pointer: pointer(path, where),
  code: 'unknown_field',
  message: `There is no field "${String(path.at(-1)).slice(0, NAME_SHOWN)}" here. Leave it out.`,
});

function pointer(path: readonly PropertyKey[], where: 'body' | 'query' | 'param'): string {
  const names = path.map((part) => String(part).slice(0, NAME_SHOWN));
  if (where === 'query') return `?${names.join('.')}`;
  if (where === 'param') return `:${names.join('.')}`;
  return names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
