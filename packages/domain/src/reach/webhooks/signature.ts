import { createHmac } from 'node:crypto';

const SECRET_PREFIX = 'whsec_';
const VERSION = 'v1';

/** What a signature is made over: the id and the time stand in headers, the body is sent as it is. */
export interface Signed {
  /** Without a full stop, which parts what is signed. */
  readonly id: string;
  /** Of this attempt, in whole seconds since 1970. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * The value of the header `webhook-signature` after Standard Webhooks 1.0.0: one HMAC-SHA256 for each secret (`whsec_` and
 * base64), with spaces between them, so that a receiver that knows one of them is content. Throws `RangeError` for an id
 * that holds a full stop, a time that is no whole number of seconds, and without a secret.
 */
export function signatureOf({ id, timestamp, body }: Signed, secrets: readonly string[]): string {
  if (id.includes('.')) throw new RangeError('The id of a webhook holds no full stop');
  if (!Number.isSafeInteger(timestamp)) throw new RangeError('The time of a webhook is whole seconds');
  if (secrets.length === 0) throw new RangeError('There is no secret to sign with');
  const content = `${id}.${timestamp}.${body}`;
  return secrets.map((secret) => `${VERSION},${hmac(keyOf(secret), content)}`).join(' ');
}

/** Our headers of one attempt. */
export const signedHeaders = (signed: Signed, secrets: readonly string[]): Record<string, string> => ({
  'webhook-id': signed.id,
  'webhook-timestamp': String(signed.timestamp),
  'webhook-signature': signatureOf(signed, secrets),
});

const hmac = (key: Buffer, content: string) => createHmac('sha256', key).update(content, 'utf8').digest('base64');

function keyOf(secret: string): Buffer {
  if (!secret.startsWith(SECRET_PREFIX)) throw new RangeError(`A secret begins with ${SECRET_PREFIX}`);
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  if (key.length === 0) throw new RangeError('A secret is not empty');
  return key;
}
