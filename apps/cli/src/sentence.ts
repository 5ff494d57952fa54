import { DomainError } from '@souk/domain/kernel/errors';
import { ZodError } from 'zod';

/** What went wrong, for the operator: with the private detail, and with the cause that libraries hide. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ZodError)
    return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n      ');
  if (error instanceof DomainError) return `${error.message} ${JSON.stringify(error.detail)}`;
  if (error instanceof Error) return [error.message, causeOf(error)].filter(Boolean).join(': ');
  return String(error);
}

// postgres.js and drizzle keep what really happened in `cause`; a refused connection comes as an AggregateError without words.
function causeOf(error: Error): string {
  const cause = error instanceof AggregateError ? error.errors[0] : error.cause;
  return cause instanceof Error ? cause.message : '';
}
