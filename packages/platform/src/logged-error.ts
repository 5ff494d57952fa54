import { DomainError } from '@souk/domain/kernel/errors';

const CAUSES_SHOWN = 5;
const STACK_LINES = 20;

/**
 * An error as it stands in the log: name, message, stack, the private detail of a `DomainError`, and its causes. What
 * a failed query was given is cut off: names, addresses and hashes of customers stand there.
 */
export function loggedError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, constraint_name: constraint } = error as { code?: unknown; constraint_name?: unknown };
  return {
    name: error.name,
    message: withoutParameters(error.message),
    ...(typeof code === 'string' && { code }),
    ...(typeof constraint === 'string' && { constraint }),
    ...(error instanceof DomainError && { detail: error.detail }),
    stack: stackOf(error),
    ...(error.cause !== undefined && depth < CAUSES_SHOWN && { cause: loggedError(error.cause, depth + 1) }),
  };
}

// drizzle writes "Failed query: <sql>\nparams: <values>" into the message, and so into the stack.
const withoutParameters = (text: string) => text.replace(/\nparams: [\s\S]*$/, '');

function stackOf(error: Error): string | undefined {
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  return frames?.slice(0, STACK_LINES).join('\n');
}
