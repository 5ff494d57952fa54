import { originOf } from '../../company/settings/origin.ts';
import { ReturnUrlMissing, ReturnUrlRefused } from './checkout.errors.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Where a shop is on the web, as its settings say. */
export interface ShopPlaces {
  readonly url: string | null;
  readonly allowedOrigins: readonly string[];
}

/**
 * The address a browser may be sent back to: https (http on the developer's own machine), without a name or password in
 * it, and at one of the shop's own origins as soon as it has said which these are. Throws `ReturnUrlMissing`, `ReturnUrlRefused`.
 */
export function returnUrlOf(given: string | undefined, { url, allowedOrigins }: ShopPlaces): string {
  if (given === undefined) throw new ReturnUrlMissing();
  const place = URL.canParse(given) ? new URL(given) : undefined;
  if (!place) throw new ReturnUrlRefused('Expected a web address, like https://shop.example.com/thanks.');
  if (place.username !== '' || place.password !== '')
    throw new ReturnUrlRefused('Expected a web address without a name or password in it.');
  const isSafe = place.protocol === 'https:' || (place.protocol === 'http:' && LOOPBACK.has(place.hostname));
  if (!isSafe)
    throw new ReturnUrlRefused('Expected an address that begins with https:// (http:// for localhost only).');
  const own = url !== null && URL.canParse(url) ? originOf(new URL(url).origin) : undefined;
  const places = [...allowedOrigins, ...(own === undefined ? [] : [own])];
  const origin = originOf(place.origin);
  if (places.length > 0 && (origin === undefined || !places.includes(origin)))
    throw new ReturnUrlRefused(
      `The shop does not send browsers to ${place.origin}. Use one of ${places.join(', ')}, or add it to the settings (storefront.allowedOrigins).`,
    );
  return place.href;
}
