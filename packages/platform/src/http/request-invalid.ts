import { DomainError, type FieldFault } from '@souk/domain/kernel/errors';
import type { z } from 'zod';
import { REQUIRED } from './fault-words.ts';

const NAME_SHOWN = 60;

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
  return error.issues.flatMap((issue) => faultsOfIssue(issue, where));
}

function faultsOfIssue(issue: z.core.$ZodIssue, where: 'body' | 'query' | 'param'): FieldFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointer([...issue.path, key], where),
      code: 'unknown_field',
      message: `There is no field "${key.slice(0, NAME_SHOWN)}" here. Leave it out.`,
    }));
  }
  return [{ pointer: pointer(issue.path, where), code: codeOf(issue), message: issue.message }];
}

function codeOf(issue: z.core.$ZodIssue): string {
  // zod tells the message-maker that the input was undefined, but leaves it out of the issue itself.
  if (issue.code === 'invalid_type' && issue.message.startsWith(REQUIRED)) return 'required';
  if (issue.code === 'custom') return typeof issue.params?.['code'] === 'string' ? issue.params['code'] : 'invalid';
  return issue.code;
}

function pointer(path: readonly PropertyKey[], where: 'body' | 'query' | 'param'): string {
  const names = path.map((part) => String(part).slice(0, NAME_SHOWN));
  if (where === 'query') return `?${names.join('.')}`;
  if (where === 'param') return `:${names.join('.')}`;
  return names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
