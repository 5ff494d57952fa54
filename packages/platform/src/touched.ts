import { type CompanyId, idOf } from '@souk/domain/kernel/ids';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { staySubscribed } from './redis.ts';

/** The channel on which processes tell each other whose cached knowledge is stale. The message is the company's id. */
export const TOUCHED_CHANNEL = 'souk:touched';

const companyIdForm = idOf('com');

/** Tells the other processes. Without Redis they notice when what they know grows old (5 s). */
export function tellTouched(redis: Redis | undefined, companyId: CompanyId, log: Logger): void {
  redis
    ?.publish(TOUCHED_CHANNEL, companyId)
    .catch((error: unknown) => log.warn({ err: error, companyId }, 'could not tell a change to others'));
}

/**
 * Hears what other processes changed, from now or from whenever Redis is there. `missed` is called each time the line is
 * up (again): anything may have changed before.
 */
export function hearTouched(
  subscriber: Redis,
  { touched, missed }: { touched(companyId: CompanyId): void; missed(): void },
  log: Logger,
): void {
  subscriber.on('message', (_channel, message) => {
    const parsed = companyIdForm.safeParse(message);
    if (parsed.success) touched(parsed.data);
  });
  staySubscribed(subscriber, TOUCHED_CHANNEL, missed, log);
}
