import type { z } from 'zod';

const OPTIONS_SHOWN = 20;
/** How the message of a missing field begins. */
const REQUIRED = 'This field is required';

const NOUNS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/**
 * What a field that does not fit is told, for a reader who does not know zod: what is expected. Never the value, which
 * may be a password. Schemas with words of their own keep them.
 */
export function faultWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      const expected = NOUNS[String(issue.expected)] ?? String(issue.expected);
      return issue.input === undefined ? `${REQUIRED}: ${expected}.` : `Expected ${expected}.`;
    }
    case 'invalid_value':
      return `Expected ${issue.values.length === 1 ? '' : 'one of '}${issue.values.slice(0, OPTIONS_SHOWN).map(String).join(', ')}.`;
    case 'too_small':
      return `Expected ${bound(issue.origin, Number(issue.minimum), 'at least')}.`;
    case 'too_big':
      return `Expected ${bound(issue.origin, Number(issue.maximum), 'at most')}.`;
    case 'unrecognized_keys':
      return 'There is no such field here.'; // `faultsOf` names each
    default:
      return undefined;
  }
}

/** The kind of a fault, for programs: zod's own, but a missing field is `required`. */
export function faultCode(issue: z.core.$ZodIssue): string {
  // zod tells the message-maker that the input was undefined, but leaves it out of the issue itself.
  if (issue.code === 'invalid_type' && issue.message.startsWith(REQUIRED)) return 'required';
  if (issue.code === 'custom') return typeof issue.params?.['code'] === 'string' ? issue.params['code'] : 'invalid';
  return issue.code;
}

function bound(origin: string, limit: number, words: string): string {
  const unit = origin === 'string' ? ' characters' : origin === 'array' || origin === 'set' ? ' entries' : '';
  return `${words} ${limit}${unit}`;
}
