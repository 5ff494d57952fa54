import { z } from 'zod';
import { allEvents } from '../../kernel/events.ts';

const PATTERN_LENGTH_MAX = 100;
const PATTERNS_MAX = 50;

/** Whether a pattern covers a type: `*` all, `order.*` every one of the noun, else that one alone. */
export const covers = (pattern: string, type: string): boolean =>
  pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));

/** The declared types that any of the patterns covers, in their order. */
export const typesCoveredBy = (patterns: readonly string[]): string[] =>
  allEvents()
    .map(({ type }) => type)
    .filter((type) => patterns.some((pattern) => covers(pattern, type)));

/** `order.paid`, `order.*` or `*`; one that covers no declared type is refused, and the nearest one is named. */
export const eventPattern = z
  .string()
  .min(1)
  .max(PATTERN_LENGTH_MAX)
  .superRefine((pattern, found) => {
    if (typesCoveredBy([pattern]).length === 0) found.addIssue({ code: 'custom', message: noSuchType(pattern) });
  })
  .meta({ description: 'A type of event, or several: `order.paid`, `order.*`, `*`.', example: 'order.*' });

/** What is said of a type nobody declared. */
export const noSuchType = (given: string): string =>
  `There is no event ${given}. Did you mean ${nearestType(given)}? GET /v1/event-types lists all of them.`;

/** Patterns with commas between them, as a query carries them. */
export const eventPatterns = z
  .string()
  .max(PATTERNS_MAX * PATTERN_LENGTH_MAX)
  .transform((text) => text.split(',').map((pattern) => pattern.trim()))
  .pipe(z.array(eventPattern).max(PATTERNS_MAX))
  .meta({ description: 'Types of events, with commas between them: `order.*,refund.succeeded`.', example: 'order.*' });

/** The declared type, or noun with a star, that a mistyped one most looks like. */
export function nearestType(given: string): string {
  const known = allEvents().map(({ type }) => type);
  const nouns = [...new Set(known.map((type) => `${type.split('.')[0]}.*`))];
  const candidates = given.includes('*') || !given.includes('.') ? nouns : known;
  const [nearest] = candidates
    .map((type) => ({ type, distance: distanceBetween(given, type) }))
    .sort((a, b) => a.distance - b.distance);
  return nearest?.type ?? '*';
}

/** How many letters must be put in, taken out or changed to make one of the other (Levenshtein). */
function distanceBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j++) {
      const changed = (row[j] ?? 0) + (letter === other[j] ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
