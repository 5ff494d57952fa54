import { type CompanyId, type Id, idOf } from '@souk/domain/kernel/ids';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { staySubscribed } from './redis.ts';

/** The channel on which processes tell each other whose cached knowledge is stale. The message is the company's id, and a customer's behind it if it is only about them. */
export const TOUCHED_CHANNEL = 'souk:touched';

const companyIdForm = idOf('com');
const customerIdForm = idOf('cus').optional();

/** Tells the other processes. Without Redis they notice when what they know grows old (5 s). */
export function tellTouched(redis: Redis | undefined, companyId: CompanyId, log: Logger, customerId?: Id<'cus'>): void {
  redis
    ?.publish(TOUCHED_CHANNEL, customerId === undefined ? companyId : `${companyId} ${customerId}`)
    .catch((error: unknown) => log.warn({ err: error, companyId }, 'could not tell a change to others'));
}

/**
 * Hears what other processes changed, from now or from whenever Redis is there. `missed` is called each time the line is
 * up (again): anything may have changed before.
 */
export function hearTouched(
  subscriber: Redis,
  { touched, missed }: { touched(companyId: CompanyId, customerId?: Id<'cus'>): void; missed(): void },
  log: Logger,
): void {
  subscriber.on('message', (_channel, message) => {
    const [company, customer] = message.split(' ');
    const [parsed, about] = [companyIdForm.safeParse(company), customerIdForm.safeParse(customer)];
    if (parsed.success && about.success) touched(parsed.data, about.data);
  });
  staySubscribed(subscriber, TOUCHED_CHANNEL, missed, log);
}
