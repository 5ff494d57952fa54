import { createHash } from 'node:crypto';

const ADDRESS_LENGTH_MAX = 2_048;
const NAME_LENGTH_MAX = 255;

/** What is wrong with the address of a picture elsewhere, in a sentence; undefined if it can be tried. */
export function remoteImageFault(address: string): string | undefined {
  if (address.length > ADDRESS_LENGTH_MAX) return `The address is longer than ${ADDRESS_LENGTH_MAX} characters.`;
  // Also half a character of UTF-16, which PostgreSQL refuses in JSON.
  if (/[\p{Cc}\p{Cs}]/u.test(address)) return 'The address holds characters that cannot be shown.';
  if (!URL.canParse(address)) return 'This is not an address. Expected one like https://example.com/red-shoe.jpg.';
  const { protocol, username, password } = new URL(address);
  if (protocol !== 'https:' && protocol !== 'http:') return 'The address must begin with https:// or http://.';
  if (username !== '' || password !== '') return 'The address must not hold a user name or a password.';
  return undefined;
}

/** One address, one file: how it is known. Without the fragment, which no server gets to see. */
export function sourceKeyOf(address: string): string {
  const url = new URL(address);
  url.hash = '';
  return createHash('sha256').update(url.href).digest('hex');
}

/** What a picture is called until somebody gives it a name: the last part of its address. */
export function nameFrom(address: string): string {
  const last = new URL(address).pathname.split('/').filter(Boolean).at(-1) ?? 'picture';
  const name = decoded(last)
    .replaceAll(/\p{Cc}/gu, '')
    .slice(0, NAME_LENGTH_MAX);
  // The cut may have left half a character of UTF-16 at the end.
  return name.replace(/\p{Cs}$/u, '') || 'picture';
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
