import { after, type Instant } from '../../kernel/clock.ts';

const MINUTE_SECONDS = 60;
/** Minutes between one question and the next; then hourly for three days, then daily (refunds take their banks weeks). */
const STEPS_MINUTES = [1, 2, 5, 10, 30];
const HOURLY_UNTIL_CHECK = STEPS_MINUTES.length + 72;
/** Hooks of a provider may come so late, and so may a shopper who left the page open. */
const WATCHED_SECONDS = 3 * 24 * 60 * MINUTE_SECONDS;
/** A request that began an attempt cannot still be on its way after this: what is unknown then never was. */
const UNKNOWN_SECONDS = 30 * MINUTE_SECONDS;
/** A refund that cannot be found is begun again only when the request that began it cannot be on its way any more. */
const RESEND_SECONDS = 10 * MINUTE_SECONDS;
/** How long whoever asks a provider may take before another worker asks as well. */
export const CHECK_LEASE_SECONDS = 60;

let pace = 1;

/** Shortens every wait of this schedule by a factor between 0 and 1: for tests and trials. Call it when a process starts. */
export function useCheckPace(factor: number): void {
  if (!(factor > 0 && factor <= 1))
    throw new RangeError(`The pace of payment checks is above 0 and at most 1, not ${factor}`);
  pace = factor;
}

/** When to ask after `checks` questions. */
export function nextCheck(now: Date, checks: number): Instant {
  const minutes = STEPS_MINUTES[checks] ?? (checks < HOURLY_UNTIL_CHECK ? 60 : 24 * 60);
  return after(now, minutes * MINUTE_SECONDS * pace);
}

/** Whether something begun at `begun` is still asked about. */
export const isWatched = (begun: Instant, now: Date): boolean => ageSeconds(begun, now) < WATCHED_SECONDS * pace;

/** Whether an attempt that its provider does not know may still become known. */
export const mayBecomeKnown = (begun: Instant, now: Date): boolean => ageSeconds(begun, now) < UNKNOWN_SECONDS * pace;

/** Whether a refund that was sent at `sent` and cannot be found may be sent again. */
export const maySendAgain = (sent: Instant, now: Date): boolean => ageSeconds(sent, now) >= RESEND_SECONDS * pace;

const ageSeconds = (begun: Instant, now: Date) => (now.getTime() - Date.parse(begun)) / 1000;
