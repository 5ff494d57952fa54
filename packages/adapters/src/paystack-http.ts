import { CredentialsRefused, GatewayUnreachable } from '@souk/domain/sales/payments/gateway';
import { Agent, type Dispatcher, request as send } from 'undici';
import { z } from 'zod';

const ANSWER_BYTES_MAX = 262_144;
const TIMEOUT_MS = 8_000;
const CONNECT_TIMEOUT_MS = 5_000;
const HEADER_BYTES_MAX = 16_384;
/** What Paystack keeps for one shop; far above what one shop's checkouts need at the same moment. */
const CONNECTIONS_MAX = 64;
const TOLD_MAX = 200;
/** A refusal for now, not for good: RFC 9110 and RFC 6585. */
const NOT_NOW = new Set([408, 425, 429]);
const PRINTABLE = /^[\x21-\x7e]+$/;

const envelope = z.object({
  status: z.boolean(),
  message: z.string().catch(''),
  type: z.string().optional().catch(undefined),
  code: z.string().optional().catch(undefined),
  data: z.unknown().optional(),
});

export interface PaystackHttpOptions {
  /** Without a slash at its end. Configuration, so it is trusted. */
  baseUrl: string;
  /** From the first byte sent to the last byte of the answer. */
  timeoutMs?: number;
}

export interface PaystackRequest {
  method: 'GET' | 'POST';
  /** With its query; begins with a slash. */
  path: string;
  secretKey: string;
  body?: object;
}

/** Paystack did what was asked, or said no in its own words. */
export type PaystackAnswer =
  | { readonly isDone: true; readonly data: unknown }
  | { readonly isDone: false; readonly status: number; readonly code: string; readonly message: string };

/** One request, sent once. Throws `GatewayUnreachable` or `CredentialsRefused`; neither knows the key. */
export type PaystackHttp = (request: PaystackRequest) => Promise<PaystackAnswer>;

/**
 * Speaks HTTP with Paystack: no redirects, no proxy of the environment, an answer of 256 KiB at most and as a whole
 * within the time-out. What is not in Paystack's own form counts as no answer: it may be a proxy's.
 */
export function paystackHttp({ baseUrl, timeoutMs = TIMEOUT_MS }: PaystackHttpOptions): PaystackHttp {
  const agent = new Agent({
    connections: CONNECTIONS_MAX,
    maxHeaderSize: HEADER_BYTES_MAX,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });
  return async ({ method, path, secretKey, body }) => {
    // No header can carry it, and the words in which a client would complain could.
    if (!PRINTABLE.test(secretKey)) throw new CredentialsRefused('paystack');
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await send(`${baseUrl}${path}`, {
        dispatcher: agent,
        method,
        headers: {
          authorization: `Bearer ${secretKey}`,
          accept: 'application/json',
          'accept-encoding': 'identity',
          'user-agent': 'Souk',
          ...(body && { 'content-type': 'application/json' }),
        },
        body: body && JSON.stringify(body),
        signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      return read(answer.statusCode, await textOf(answer));
    } catch (error) {
      if (error instanceof GatewayUnreachable || error instanceof CredentialsRefused) throw error;
      if (signal.aborted) throw timedOut(timeoutMs);
      throw new GatewayUnreachable('paystack', 'the connection failed', { cause: error });
    }
  };
}

/** Nobody knows what happened there. A kind of its own, for there is no time left to ask again. */
export class PaystackTimedOut extends GatewayUnreachable {}
const timedOut = (ms: number) => new PaystackTimedOut('paystack', `no whole answer within ${ms / 1_000} s`);

/** Says what is odd about an answer; never with a value of it. */
export const oddAnswer = (what: string) => new GatewayUnreachable('paystack', `an answer we cannot read: ${what}`);

async function textOf({ body, headers }: Dispatcher.ResponseData): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  const refuse = () => {
    body.on('error', () => undefined);
    body.destroy();
    return oddAnswer(`it is larger than ${ANSWER_BYTES_MAX} bytes`);
  };
  if (Number(headers['content-length'] ?? 0) > ANSWER_BYTES_MAX) throw refuse();
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw refuse();
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function read(status: number, text: string): PaystackAnswer {
  if (status === 401) throw new CredentialsRefused('paystack');
  if (status >= 500 || NOT_NOW.has(status)) throw new GatewayUnreachable('paystack', `it answered ${status}`);
  if (status >= 300 && status < 400) throw oddAnswer(`${status}, a redirect`);
  const parsed = envelope.safeParse(jsonOf(text));
  if (!parsed.success) throw oddAnswer(`${status} without Paystack's envelope`);
  const { status: isTrue, message, code, type, data } = parsed.data;
  if (status < 300 && isTrue) return { isDone: true, data };
  if (status < 300 || isTrue) throw oddAnswer(`${status} and its own status ${isTrue} contradict each other`);
  const told = { code: code ?? type ?? `http_${status}`, message };
  return { isDone: false, status, code: told.code.slice(0, TOLD_MAX), message: told.message.slice(0, TOLD_MAX) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
