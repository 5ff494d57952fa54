/**
 * After the last one the notification is given up: about two hours after the first (10 s + 30 s + 90 s + … + an hour).
 * Attempts that came to no mail server do not count.
 */
export const ATTEMPTS_MAX = 8;
/** How long a mail waits for a mail server that is away, from when it was called for. */
export const AWAY_HOURS_MAX = 48;
/** How long a worker that took a notification may take. Longer than the mailer's own deadline. */
export const LEASE_SECONDS = 60;

const FIRST_PAUSE_SECONDS = 10;
const PAUSE_FACTOR = 3;
const PAUSE_MAX_SECONDS = 3_600;

/**
 * Seconds until the next attempt: 10, 30, 90 … up to an hour, each between half and one and a half times that, so that
 * mails that failed together do not come back together.
 */
export const pauseAfter = (attempt: number, random = Math.random()): number =>
  Math.min(FIRST_PAUSE_SECONDS * PAUSE_FACTOR ** (attempt - 1), PAUSE_MAX_SECONDS) * (0.5 + random);
