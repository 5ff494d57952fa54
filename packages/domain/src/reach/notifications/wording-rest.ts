/** How long words that could not be used are left alone. */
export const REST_MS = 5 * 60_000;
const REMEMBERED_MAX = 1_000;

interface Stored {
  readonly id: string;
  readonly version: number;
}

// In this process alone: another one finds out by itself, and a new start tries again.
const resting = new Map<string, { until: number; fault: string }>();

const keyOf = ({ id, version }: Stored): string => `${id}|${version}`;

/**
 * Remembers that words of a company could not be used, so that a thousand mails in them do not each take all the time one
 * may take before ours are sent. Words that were changed meanwhile are others.
 */
export function passOver(words: Stored, fault: string, now = Date.now()): void {
  const [oldest] = resting.keys();
  if (resting.size >= REMEMBERED_MAX && oldest !== undefined) resting.delete(oldest);
  resting.set(keyOf(words), { until: now + REST_MS, fault });
}

/** Why these words are left alone now; undefined: they are not. */
export function passedOver(words: Stored, now = Date.now()): string | undefined {
  const known = resting.get(keyOf(words));
  if (!known || known.until > now) return known?.fault;
  resting.delete(keyOf(words));
  return undefined;
}
