import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { staySubscribed } from './redis.ts';

/** The channel on which a process says that something waits in the outbox. The message is empty: the relay looks itself. */
export const NUDGE_CHANNEL = 'souk:nudge';
/** Commits come in bursts; one nudge tells of all of them. */
const TOLD_AT_MOST_EVERY_MS = 20;

/**
 * Gives the function to call after a commit that announced something. It never throws and never waits. Without Redis it
 * does nothing: the relay looks several times a second by itself.
 */
export function nudger(redis: Redis | undefined, log: Logger): () => void {
  if (!redis) return () => undefined;
  let isTold = true;
  const tell = () => {
    isTold = true;
    redis
      .publish(NUDGE_CHANNEL, '')
      .catch((error: unknown) => log.debug({ err: error }, 'a nudge was lost; the relay looks by itself'));
  };
  return () => {
    if (!isTold) return;
    isTold = false;
    setTimeout(tell, TOLD_AT_MOST_EVERY_MS).unref();
  };
}

/** Calls `nudged` whenever some process announced something, and whenever the line comes back: something may have been missed. */
export function hearNudges(subscriber: Redis, nudged: () => void, log: Logger): void {
  subscriber.on('message', (channel) => {
    if (channel === NUDGE_CHANNEL) nudged();
  });
  staySubscribed(subscriber, NUDGE_CHANNEL, nudged, log);
}
