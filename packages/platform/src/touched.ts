import { type CompanyId, idOf } from '@souk/domain/kernel/ids';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

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
 * Hears what other processes changed. `missed` is called whenever the line was down: anything may have changed meanwhile.
 */
export async function hearTouched(
  subscriber: Redis,
  { touched, missed }: { touched(companyId: CompanyId): void; missed(): void },
): Promise<void> {
  subscriber.on('message', (_channel, message) => {
    const parsed = companyIdForm.safeParse(message);
    if (parsed.success) touched(parsed.data);
  });
  // ioredis subscribes again by itself; what was said in between is lost.
  subscriber.on('ready', missed);
  await subscriber.subscribe(TOUCHED_CHANNEL);
}
