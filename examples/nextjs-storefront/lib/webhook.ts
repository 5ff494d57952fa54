// Webhooks of Souk, verified after Standard Webhooks, and what they make stale.

import { createHmac, timingSafeEqual } from 'node:crypto';

const TOLERANCE_SECONDS = 5 * 60;

export interface SoukEvent {
  id: string;
  type: string;
  timestamp: string;
  sequence: number;
  data: Record<string, unknown>;
  test?: true;
}

/** The event in a body, or undefined if it was not signed with our secret within the last minutes. `body`: as it came. */
export function verified(headers: Headers, body: string, secret: string): SoukEvent | undefined {
  const id = headers.get('webhook-id');
  const timestamp = headers.get('webhook-timestamp');
  if (!secret || !id || !timestamp) return undefined;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS)) return undefined;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  const given = (headers.get('webhook-signature') ?? '')
    .split(' ')
    .map((one) => Buffer.from(one.replace(/^v1,/, ''), 'base64'));
  const isOurs = given.some((one) => one.length === expected.length && timingSafeEqual(one, expected));
  return isOurs ? (JSON.parse(body) as SoukEvent) : undefined;
}

/** Which cached pages an event makes stale. Asking anew is harmless, so neither order nor repetition matters here. */
export function tagsOf({ type, data, test }: SoukEvent): string[] {
  if (test) return [];
  if (type.startsWith('product.')) {
    const { handle } = data['product'] as { handle: string };
    return ['products', `product:${handle}`];
  }
  const isAboutGoods = /^(inventory|category|collection|attribute|product_import|discount|tax_rate)\./.test(type);
  return isAboutGoods || type === 'settings.updated' ? ['products'] : [];
}
