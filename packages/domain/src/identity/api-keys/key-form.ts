import { createHash, randomBytes } from 'node:crypto';
import type { CompanyMode } from '../../company/companies/companies.schema.ts';
import { type CompanyId, suffixOf } from '../../kernel/ids.ts';
import type { ApiKeyType } from './api-keys.schema.ts';

const RANDOM_BYTES = 32; // 256 bits
const RANDOM_LENGTH = 43; // 62^43 is just over 2^256
const CHECKSUM_LENGTH = 6; // 62^6 is over 2^32
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FORM = /^souk_(pk|sk)_(live|test)_([0-7][0-9a-hjkmnp-tv-z]{25})_[0-9A-Za-z]{49}$/;

/** What a key says about itself. Nothing in it is proof until its hash is found in that company. */
export interface KeyClaims {
  type: ApiKeyType;
  mode: CompanyMode;
  companyId: CompanyId;
  /** SHA-256 of the whole key, hex. With 256 random bits inside, a slow hash would only slow us down. */
  hash: string;
}

/** A new key, `souk_{pk|sk}_{live|test}_<company>_<256 random bits><checksum>`. The key itself is kept nowhere. */
export function makeKey(about: Pick<KeyClaims, 'type' | 'mode' | 'companyId'>): {
  key: string;
  hash: string;
  lastFour: string;
} {
  const random = base62(BigInt(`0x${randomBytes(RANDOM_BYTES).toString('hex')}`), RANDOM_LENGTH);
  const word = about.type === 'publishable' ? 'pk' : 'sk';
  const checked = `souk_${word}_${about.mode}_${suffixOf(about.companyId)}_${random}`;
  const key = checked + checksumOf(checked);
  return { key, hash: hashOf(key), lastFour: random.slice(-4) };
}

/** Reads a key without asking anybody. Undefined if the form or the checksum is wrong: junk costs no look-up. */
export function readKey(text: string): KeyClaims | undefined {
  const parts = FORM.exec(text);
  if (!parts) return undefined;
  if (checksumOf(text.slice(0, -CHECKSUM_LENGTH)) !== text.slice(-CHECKSUM_LENGTH)) return undefined;
  const [, word, mode, suffix] = parts;
  return {
    type: word === 'pk' ? 'publishable' : 'secret',
    mode: mode === 'live' ? 'live' : 'test',
    companyId: `com_${suffix}`,
    hash: hashOf(text),
  };
}

const hashOf = (key: string) => createHash('sha256').update(key).digest('hex');

/** CRC32 of the text before it, in base62: lets anybody (a secret scanner, our own door) tell a key from junk offline. */
const checksumOf = (text: string) => base62(BigInt(crc32(text)), CHECKSUM_LENGTH);

function base62(value: bigint, length: number): string {
  let rest = value;
  let text = '';
  for (let i = 0; i < length; i++) {
    text = BASE62.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}

// CRC-32 of ISO 3309, reflected polynomial 0xEDB88320: the one of zip files. The domain does not import node:zlib.
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 of ASCII text. */
export function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ text.charCodeAt(i)) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}
