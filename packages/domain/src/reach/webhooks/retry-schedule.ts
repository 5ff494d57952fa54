const SECOND = 1;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * Pauses between attempts, in seconds, before they are jittered. They come to 120.6 hours: were each of them a fifth
 * shorter, the last attempt would still be 96 hours after the first.
 */
const PAUSES: readonly number[] = [
  5 * SECOND,
  1 * MINUTE,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
  24 * HOUR,
  24 * HOUR,
  28 * HOUR,
];
/** After the last one a delivery is given up. */
export const ATTEMPTS_MAX = PAUSES.length + 1;
/** What failed together does not come back together. */
const JITTER = 0.2;
/** For a server that was too slow, or said that it is asked too often. */
const PAUSE_WHEN_BUSY = 1 * MINUTE;
/** However long a server asks us to wait. */
export const RETRY_AFTER_MAX_SECONDS = 24 * HOUR;

/** From how many failures in a row on an endpoint is asked no more than once a minute. */
export const BREAKER_FAILURES = 10;
/** How long the circuit stays open before one delivery is tried. */
export const PROBE_SECONDS = 1 * MINUTE;
/** Nothing but failures for so long switches an endpoint off. */
export const HOPELESS_SECONDS = 5 * 24 * HOUR;

const TOO_MANY_REQUESTS = 429;
/** Statuses of a server, or of what stands before it, that is overloaded or being restarted. */
const UNAVAILABLE = new Set([502, 503, 504]);
const PAUSE_WHEN_UNAVAILABLE = 5 * SECOND;
const THROTTLE_MAX = 1 * HOUR;

/** How an attempt failed, as far as the next one depends on it. */
export interface Failure {
  /** Undefined: there was no answer. */
  readonly statusCode: number | undefined;
  /** There was no answer in time. */
  readonly isTimeout: boolean;
  readonly retryAfterSeconds: number | undefined;
}

/**
 * Seconds until the next attempt, after this many; undefined: that was the last one. Between four fifths and six fifths of
 * the schedule, at least a minute after a time-out or a 429, and not before the server's own `Retry-After`, of which a day
 * at most is believed. `random`: from 0 to 1.
 */
export function pauseAfter(attempt: number, failure: Failure, random: number): number | undefined {
  const base = PAUSES[attempt - 1];
  if (base === undefined) return undefined;
  const ours = base * (1 - JITTER + 2 * JITTER * random);
  const isBusy = failure.isTimeout || failure.statusCode === TOO_MANY_REQUESTS;
  const asked = Math.min(failure.retryAfterSeconds ?? 0, RETRY_AFTER_MAX_SECONDS);
  return Math.max(ours, isBusy ? PAUSE_WHEN_BUSY : 0, asked);
}

/**
 * Seconds during which the whole endpoint is let be, because its server says that it is too busy (429, 502, 503, 504); 0
 * for any other failure. Its own `Retry-After` counts, up to an hour.
 */
export function throttleAfter({ statusCode = 0, retryAfterSeconds }: Failure): number {
  const isBusy = statusCode === TOO_MANY_REQUESTS;
  if (!isBusy && !UNAVAILABLE.has(statusCode)) return 0;
  const ours = isBusy ? PAUSE_WHEN_BUSY : PAUSE_WHEN_UNAVAILABLE;
  return Math.min(Math.max(retryAfterSeconds ?? ours, PAUSE_WHEN_UNAVAILABLE), THROTTLE_MAX);
}
