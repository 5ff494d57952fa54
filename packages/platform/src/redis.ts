import { Redis } from 'ioredis';
import type { Logger } from 'pino';

const RETRY_MS_MAX = 2_000;
const COMMAND_TIMEOUT_MS = 1_000;

/**
 * A connection to Redis that comes back by itself. Commands fail within a second while it is away, instead of waiting:
 * whoever asks has something else to do then.
 */
export function openRedis(url: string, log: Logger, purpose: string): Redis {
  const redis = new Redis(url, {
    connectionName: `souk-${purpose}`,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: purpose === 'subscriber',
    commandTimeout: COMMAND_TIMEOUT_MS,
    // ioredis would do it behind our back and catch no error: a Redis that hangs just then would end the process.
    autoResubscribe: false,
    retryStrategy: (times) => Math.min(50 * 2 ** times, RETRY_MS_MAX),
  });
  let isDown = false;
  redis.on('error', (error) => {
    if (!isDown) log.warn({ err: error, purpose }, 'Redis cannot be reached; trying again and again');
    isDown = true;
  });
  redis.on('ready', () => {
    if (isDown) log.info({ purpose }, 'Redis is back');
    isDown = false;
  });
  return redis;
}

/** Stays subscribed to a channel, from now or from whenever Redis is there. `subscribed` is called each time the line is up (again). */
export function staySubscribed(subscriber: Redis, channel: string, subscribed: () => void, log: Logger): void {
  const subscribe = () => {
    subscriber.subscribe(channel).then(subscribed, (error: unknown) => {
      if (subscriber.status !== 'ready') return; // it comes back by itself, and then is ready once more
      log.warn({ err: error, channel }, 'what other processes tell is not heard; connecting anew');
      subscriber.disconnect(true);
    });
  };
  subscriber.on('ready', subscribe);
  if (subscriber.status === 'ready') subscribe();
}
