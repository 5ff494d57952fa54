import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Allowance, SignedAddresses } from '@souk/domain/catalog/files/signed-addresses';

const SIGNATURE_FORM = /^[A-Za-z0-9_-]{43}$/; // 32 bytes in base64url

/**
 * Signs with the first of the keys and believes all of them, so that keys can be changed. `baseUrl` is the route that
 * `isGood` guards; the signature follows as a part of the path, and all of the allowance in the query.
 */
export function signedAddresses({
  keys,
  baseUrl,
  now = Date.now,
}: {
  keys: readonly Buffer[];
  baseUrl: string;
  now?: () => number;
}): SignedAddresses {
  const [first] = keys;
  if (!first) throw new RangeError('Signing addresses needs at least one key');
  return {
    sign(what) {
      const query = new URLSearchParams({ key: what.key, type: what.contentType, expires: String(what.expiresAt) });
      if (what.sizeBytes !== undefined) query.set('size', String(what.sizeBytes));
      if (what.fileName !== undefined) query.set('name', what.fileName);
      return `${baseUrl}/${mac(first, what).toString('base64url')}?${query}`;
    },
    isGood(what, signature) {
      if (!SIGNATURE_FORM.test(signature)) return false;
      const given = Buffer.from(signature, 'base64url');
      const isOurs = keys.map((key) => timingSafeEqual(mac(key, what), given)).includes(true);
      return isOurs && what.expiresAt * 1_000 > now();
    },
  };
}

// As a JSON list: no part can run over into the next one.
const mac = (key: Buffer, { method, key: object, contentType, sizeBytes, fileName, expiresAt }: Allowance): Buffer =>
  createHmac('sha256', key)
    .update(JSON.stringify([method, object, contentType, sizeBytes ?? null, fileName ?? null, expiresAt]))
    .digest();
