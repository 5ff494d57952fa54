import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/**
 * Keys that protect what lies in the database: name → 32 bytes. The first is used for sealing, all for opening, so a
 * new one can be put in front and the old one dropped when nothing is sealed with it any more.
 */
export type MasterKeys = ReadonlyMap<string, Buffer>;

const NONCE_BYTES = 12; // 96 bits, NIST SP 800-38D 8.2.2 (random nonces)
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const VERSION = 'v1';
const ENTRY = /^([a-z0-9-]{1,32}):(.*)$/s;

let masterKeys: MasterKeys = new Map();

/**
 * Reads `name:base64,name2:base64`. Throws if a key is not 32 bytes, or a name is odd or there twice. The message counts
 * the entries and never repeats one: what stands where the name belongs may be the key.
 */
export function parseMasterKeys(text: string): MasterKeys {
  const keys = new Map<string, Buffer>();
  for (const [at, part] of text.split(',').entries()) {
    const entry = `entry ${at + 1}`;
    const [, name, encoded = ''] = ENTRY.exec(part.trim()) ?? [];
    if (name === undefined)
      throw new RangeError(`${entry} does not begin with a name (small letters, digits, dashes) and a colon`);
    const key = Buffer.from(encoded, 'base64');
    if (key.length !== KEY_BYTES) throw new RangeError(`${entry} has ${key.length} bytes and needs ${KEY_BYTES}`);
    if (keys.has(name)) throw new RangeError(`${entry} has the name of an earlier one`);
    keys.set(name, key);
  }
  return keys;
}

/** Sets the process's master keys. Once, at start, before anything is sealed. */
export function useMasterKeys(keys: MasterKeys): void {
  if (keys.size === 0) throw new RangeError('At least one master key is needed');
  masterKeys = keys;
}

/** The name of the key that seals now. */
export const currentMasterKey = (): string => firstOf(masterKeys)[0];

/** How every text begins that is sealed with the key that seals now; what begins otherwise waits to be sealed anew. */
export const currentSealPrefix = (): string => `${VERSION}.${currentMasterKey()}.`;

/**
 * Seals text with the current master key as `v1.<keyName>.<nonce>.<ciphertext+tag>` (AES-256-GCM). It opens only with
 * the same `boundTo`: company, table, column and id of its row, so a sealed value moved to another row is worthless.
 */
export function seal(plain: string, boundTo: string): string {
  const [name, key] = firstOf(masterKeys);
  return `${VERSION}.${name}.${sealWith(key, Buffer.from(plain), boundTo)}`;
}

/**
 * Opens what `seal` made. Throws `SealBroken` if it was changed or moved, and `MasterKeyUnknown`, which is one, if it was
 * sealed with a key this process does not have.
 */
export function unseal(sealed: string, boundTo: string): string {
  const [version, name = '', ...rest] = sealed.split('.');
  const key = masterKeys.get(name);
  if (version !== VERSION) throw new SealBroken(`it does not begin with ${VERSION}`);
  if (!key) throw new MasterKeyUnknown(name);
  return openWith(key, rest.join('.'), boundTo).toString();
}

/** AES-256-GCM with a random nonce, as `<nonce>.<ciphertext+tag>` in base64url. */
export function sealWith(key: Buffer, plain: Buffer, boundTo: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(boundTo));
  const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return `${nonce.toString('base64url')}.${body.toString('base64url')}`;
}

/** Opens what `sealWith` made. Throws `SealBroken`. */
export function openWith(key: Buffer, sealed: string, boundTo: string): Buffer {
  const [nonce = '', body = ''] = sealed.split('.');
  const bytes = Buffer.from(body, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'));
    decipher.setAAD(Buffer.from(boundTo));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw new SealBroken('the sealed value was changed or belongs to another row');
  }
}

/** A sealed value that does not open. Never caused by a caller's input alone. */
export class SealBroken extends Error {
  constructor(reason: string) {
    super(`Cannot open a sealed value: ${reason}`);
    this.name = 'SealBroken';
  }
}

/** The value is whole, but its key is not among those of this process: its settings are wrong, and another can open it. */
export class MasterKeyUnknown extends SealBroken {
  constructor(name: string) {
    super(`no master key named ${name}; add it to MASTER_KEYS of this process`);
    this.name = 'MasterKeyUnknown';
  }
}

function firstOf(keys: MasterKeys): [string, Buffer] {
  const [first] = keys;
  if (!first) throw new RangeError('useMasterKeys() was not called');
  return first;
}
