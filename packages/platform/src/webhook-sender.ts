import type { GuardedHttpOptions } from '@souk/adapters/guarded-http';
import { isLocalName, portOf } from '@souk/adapters/guarded-url';
import { isLoopback } from '@souk/adapters/public-address';
import { guardedWebhookSender } from '@souk/adapters/webhook-sender';
import type { WebhookSender } from '@souk/domain/reach/webhooks/webhook-sender';
import type { FetchingConfig } from './config.ts';

/** What hands webhooks to the servers that merchants name. */
export const openWebhookSender = (config: FetchingConfig): Required<WebhookSender> =>
  guardedWebhookSender(guardOf(config));

/** What a client for addresses of strangers has to know of this deployment: may this machine be asked, and where do we listen on it. */
export function guardOf(config: FetchingConfig): GuardedHttpOptions {
  const { ADMIN_PORT, STOREFRONT_PORT, METRICS_PORT, ADMIN_URL, STOREFRONT_URL } = config;
  const here = [ADMIN_URL, STOREFRONT_URL]
    .flatMap((url) => (url === undefined ? [] : [new URL(url)]))
    .filter(({ hostname }) => isLocalName(hostname) || isLoopback(hostname));
  return {
    allowLoopback: config.FETCH_ALLOW_LOOPBACK,
    ownPorts: [ADMIN_PORT, STOREFRONT_PORT, METRICS_PORT, ...here.map(portOf)],
  };
}
