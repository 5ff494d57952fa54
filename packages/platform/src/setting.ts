import { isIP } from 'node:net';
import { parseMasterKeys } from '@souk/domain/kernel/sealing';
import { z } from 'zod';

// The builders of settings read from the environment, where everything is text.

const ON = new Set(['true', '1', 'yes', 'on']);
const OFF = new Set(['false', '0', 'no', 'off']);
const PORT_MAX = 65_535;

/** A whole number between two bounds. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, { error: `expected a whole number from ${min} to ${max}` })
    .transform(Number)
    .pipe(
      z
        .number()
        .min(min, { error: `must be at least ${min}` })
        .max(max, { error: `must be at most ${max}` }),
    );

/** A TCP port; 0 means "off" or "any free one", as the setting says. */
export const port = wholeNumber(0, PORT_MAX);

/** `true` or `false`, `1` or `0`, `yes` or `no`, `on` or `off`. */
export const onOff = z
  .string()
  .refine((text) => ON.has(text) || OFF.has(text), { error: 'expected true or false' })
  .transform((text) => ON.has(text));

/** A URL with one of the schemes, like `postgres:`. */
export const urlOf = (...schemes: string[]) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol), {
      error: `expected a URL that begins with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`,
      abort: true,
    })
    .refine((text) => decodedUrl(text) !== undefined, {
      error: 'has a % that stands for itself; write %25 for it',
    });

/** The parts of a URL that drivers decode; undefined if it is no URL or cannot be decoded. */
export function decodedUrl(text: string): { user: string; password: string; path: string } | undefined {
  if (!URL.canParse(text)) return undefined;
  const { username, password, pathname } = new URL(text);
  try {
    const [user = '', secret = '', path = ''] = [username, password, pathname].map(decodeURIComponent);
    return { user, password: secret, path };
  } catch {
    return undefined;
  }
}

/** A URL that paths are put behind: no slash at its end. */
export const baseUrl = urlOf('http:', 'https:').transform((text) => text.replace(/\/+$/, ''));

/** Addresses and networks in CIDR form, separated by commas; empty for none. */
export const networks = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  )
  .refine((parts) => parts.every(isNetwork), {
    error: 'expected addresses or networks separated by commas; a number of hops is not safe and not taken',
  });

function isNetwork(part: string): boolean {
  const [address = '', bits, ...rest] = part.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** `name:base64,name2:base64`: the first key seals, all of them open. */
export const masterKeys = z.string().transform((text, context) => {
  try {
    return parseMasterKeys(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'not readable' });
    return z.NEVER;
  }
});
