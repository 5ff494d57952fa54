import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { HookReading } from '@souk/domain/sales/payments/gateway';
import { z } from 'zod';

const SIGNATURE_HEADER = 'x-paystack-signature';
/** SHA-512 in hexadecimal. */
const SIGNATURE = /^[0-9a-f]{128}$/i;

const named = z.string().min(1).max(200).optional().catch(undefined);
const id = z
  .union([z.int(), z.string().regex(/^[\w.-]{1,60}$/)])
  .transform(String)
  .optional()
  .catch(undefined);
const hook = z.object({
  event: z.string().regex(/^[a-z0-9._-]{1,60}$/i),
  data: z
    .object({
      id,
      status: named,
      reference: named,
      transaction_reference: named,
      transaction: z.object({ reference: named }).optional().catch(undefined),
    })
    .catch({}),
});

/**
 * Reads a webhook of Paystack: HMAC-SHA512 of the raw bytes with the secret key, in hexadecimal. Undefined when the
 * signature is missing or wrong. There is no time in it, so an old one verifies for ever: it is a hint to ask.
 */
export function readPaystackHook(
  secretKey: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string | undefined>>,
): HookReading | undefined {
  if (!isSigned(secretKey, body, headers[SIGNATURE_HEADER])) return undefined;
  const digest = createHash('sha256').update(body).digest('hex');
  const told = hook.safeParse(jsonOf(body));
  if (!told.success)
    return { eventKey: `unreadable|${digest}`, type: 'unreadable', reference: null, refundReference: null };
  const { event, data } = told.data;
  // The documented notices of refunds have no id: there only the body tells one from the other.
  const eventKey = `${event}|${data.id ?? digest}|${data.status ?? ''}`;
  return { eventKey, type: event, ...subject(event, data) };
}

function isSigned(secretKey: string, body: Uint8Array, signature: string | undefined): boolean {
  if (signature === undefined || !SIGNATURE.test(signature)) return false;
  const expected = createHmac('sha512', secretKey).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'));
}

/** Transfers and invoices have references as well, and those are not ours. */
function subject(
  event: string,
  data: z.infer<typeof hook>['data'],
): Pick<HookReading, 'reference' | 'refundReference'> {
  if (event.startsWith('refund.')) {
    return { reference: data.transaction_reference ?? null, refundReference: data.id ?? null };
  }
  if (event.startsWith('charge.')) {
    return { reference: data.reference ?? data.transaction?.reference ?? null, refundReference: null };
  }
  return { reference: null, refundReference: null };
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}
