const KEY_LENGTH_MAX = 300;
// No segment begins with a dot, so there is no way up and nothing hidden.
const KEY = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*){1,7}$/;
const PREFIX = /^[a-z0-9][a-z0-9._-]*\/(?:[a-z0-9][a-z0-9._-]*\/){0,6}$/;

/** A key that none of ours can be: it would lead somewhere else, or nowhere. */
export class ObjectKeyRefused extends Error {
  constructor(key: string) {
    super(`Not a key of the file store: ${JSON.stringify(key.slice(0, KEY_LENGTH_MAX))}`);
    this.name = 'ObjectKeyRefused';
  }
}

/** The key, or `ObjectKeyRefused`. */
export function checkedKey(key: string): string {
  if (key.length > KEY_LENGTH_MAX || !KEY.test(key)) throw new ObjectKeyRefused(key);
  return key;
}

/** What keys begin with, ending in a slash, or `ObjectKeyRefused`. */
export function checkedPrefix(prefix: string): string {
  if (prefix.length > KEY_LENGTH_MAX || !PREFIX.test(prefix)) throw new ObjectKeyRefused(prefix);
  return prefix;
}
