import { customType } from 'drizzle-orm/pg-core';
import { uuidv7obj } from 'uuidv7';
import { z } from 'zod';

/**
 * Every kind of id, by prefix. An id is `<prefix>_<26 characters>`: a UUIDv7 in Crockford base32, the TypeID text form
 * (https://github.com/jetify-com/typeid/tree/main/spec). Ids sort by the time they were made and are names, never secrets.
 */
export const ID_KINDS = {
  com: 'company',
  stf: 'staff member',
  ses: 'session',
  rft: 'refresh token',
  rcv: 'recovery code',
  pwr: 'password reset',
  inv: 'invite',
  role: 'role',
  key: 'API key',
  sec: 'secret',
  dek: 'data key',
  evt: 'event',
  aud: 'audit entry',
  ntf: 'notification',
  file: 'file',
  cat: 'category',
  prod: 'product',
  var: 'variant',
  med: 'medium',
  attr: 'attribute definition',
  prc: 'price',
  pch: 'price change',
  loc: 'stock location',
  mov: 'stock movement',
  rsv: 'stock reservation',
  trf: 'stock transfer',
  col: 'collection',
  pim: 'product import',
  pex: 'product export',
  cus: 'customer',
  cadr: 'customer address',
  cgr: 'customer group',
  cses: 'customer session',
  crt: 'customer refresh token',
  ctk: 'customer token',
  txr: 'tax rate',
  shz: 'shipping zone',
  shp: 'shipping profile',
  sho: 'shipping option',
  dis: 'discount',
  dre: 'discount redemption',
  cart: 'cart',
  cli: 'cart line',
  ord: 'order',
  oli: 'order line',
  osl: 'order shipping line',
  otl: 'order timeline entry',
  olk: 'order link',
  oex: 'order export',
  pay: 'payment',
  patt: 'payment attempt',
  ptx: 'payment transaction',
  pin: 'payment notice',
  rfd: 'refund',
  ful: 'fulfilment',
  wep: 'webhook endpoint',
  whd: 'webhook delivery',
  wha: 'webhook attempt',
  ntt: 'notification template',
  nta: 'notification attempt',
} as const;

export type IdPrefix = keyof typeof ID_KINDS;
export type Id<P extends IdPrefix> = `${P}_${string}`;
export type CompanyId = Id<'com'>;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const SUFFIX = '[0-7][0-9a-hjkmnp-tv-z]{25}';

/** Writes 16 bytes as 26 base32 characters, two leading zero bits first (TypeID specification, "UUID suffix"). */
export function encodeSuffix(bytes: Uint8Array): string {
  let text = '';
  // Five bits at a time, the two zero bits before the first byte standing in `waiting` already.
  let waiting = 0;
  let bits = 2;
  for (const byte of bytes) {
    waiting = (waiting << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((waiting >> bits) & 31);
    }
    waiting &= (1 << bits) - 1;
  }
  return text;
}

/** The 16 bytes behind a suffix. Throws `RangeError` if the text is not one. */
export function decodeSuffix(suffix: string): Uint8Array {
  if (!new RegExp(`^${SUFFIX}$`).test(suffix)) throw new RangeError(`Not an id suffix: ${suffix}`);
  let value = 0n;
  for (const character of suffix) value = (value << 5n) | BigInt(ALPHABET.indexOf(character));
  return Buffer.from(value.toString(16).padStart(32, '0'), 'hex');
}

/** A new id of the kind. Made in the application: PostgreSQL before 18 has no `uuidv7()`. */
export function newId<P extends IdPrefix>(prefix: P): Id<P> {
  return `${prefix}_${encodeSuffix(uuidv7obj().bytes)}`;
}

/** The part of an id after its prefix, as it stands inside an API key. */
export const suffixOf = (id: Id<IdPrefix>): string => id.slice(id.indexOf('_') + 1);

/** Zod schema of one kind of id. A wrong prefix is refused with a message that names the expected one. */
export function idOf<P extends IdPrefix>(prefix: P) {
  const form = new RegExp(`^${prefix}_${SUFFIX}$`);
  return z
    .string()
    .regex(form, { error: `Expected ${article(ID_KINDS[prefix])} id, like ${prefix}_01h455vb4pex5vsknk084sn02q.` })
    .transform((text): Id<P> => text as Id<P>) // the pattern has just proved it
    .meta({ pattern: form.source, example: `${prefix}_01h455vb4pex5vsknk084sn02q` });
}

const article = (noun: string) => (/^[aeiou]/i.test(noun) ? `an ${noun}` : `a ${noun}`);

/** A text column for ids of one kind. `collate "C"`: ids compare by byte, so they sort by time in every locale. */
export const idColumn = <P extends IdPrefix>(_prefix: P, name: string) =>
  customType<{ data: Id<P>; driverData: string }>({ dataType: () => 'text collate "C"' })(name);
