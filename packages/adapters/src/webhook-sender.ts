import {
  NotDelivered,
  type WebhookAnswer,
  type WebhookRequest,
  type WebhookSender,
} from '@souk/domain/reach/webhooks/webhook-sender';
import { type GuardedAnswer, type GuardedHttpOptions, type GuardedSession, guardedHttp } from './guarded-http.ts';
import { retryAfterSeconds } from './retry-after.ts';
import { troubleInWords } from './webhook-trouble.ts';

const USER_AGENT = 'Souk-Webhooks/1.0';
/** From the first look-up to the last byte of the answer. */
const TIMEOUT_MS = 15_000;
/** Of an answer's body; then we hang up. */
const READ_BYTES_MAX = 65_536;
const KEPT_BYTES_MAX = 4_096;
const ENCODING_CHARACTERS_MAX = 20;
const LOCAL_NAMES = /^https?:\/\/(?:(?:[^/?#@]+\.)?localhost|127(?:\.\d+){3}|\[::1\])(?:[:/?#]|$)/i;

export interface WebhookSenderOptions extends GuardedHttpOptions {
  /** For tests. */
  timeoutMs?: number;
}

/**
 * Hands webhooks out with the guarded client: one POST, no redirect, 15 s in all, at most 64 KiB read. With
 * `allowLoopback` endpoints on this very machine may listen, without TLS; all others need https.
 */
export function guardedWebhookSender({
  timeoutMs = TIMEOUT_MS,
  ...options
}: WebhookSenderOptions = {}): Required<WebhookSender> {
  const http = guardedHttp(options);
  const isAllowedPlain = (url: string) => options.allowLoopback === true && LOCAL_NAMES.test(url);
  const post = async (to: Pick<GuardedSession, 'send'>, { url, headers, body }: WebhookRequest) => {
    if (!isHttps(url) && !isAllowedPlain(url)) throw new NotDelivered(PLAIN);
    try {
      const request = { url, method: 'POST', body, timeoutMs, bytesMax: READ_BYTES_MAX, cuts: true } as const;
      return await read(await to.send({ ...request, headers: withOurs(headers) }));
    } catch (error) {
      throw new NotDelivered(troubleInWords(error), { cause: error });
    }
  };
  return {
    send: (request) => post(http, request),
    async refusal(url) {
      const refused = await http.refusal(url);
      return refused ?? (isHttps(url) || isAllowedPlain(url) ? undefined : PLAIN);
    },
    session() {
      const session = http.session();
      let before: Promise<unknown> = Promise.resolve();
      return {
        send(request) {
          const answer = before.then(() => post(session, request));
          before = answer.catch(() => undefined);
          return answer;
        },
        close: () => session.close(),
      };
    },
  };
}

const PLAIN = 'The address should begin with https://, for events tell of customers.';
const isHttps = (url: string) => /^https:/i.test(url);

/** The names of headers do not care for case, so a merchant's `User-Agent` must not stand beside ours. */
function withOurs(given: Readonly<Record<string, string>>): Record<string, string> {
  const ours = { 'content-type': 'application/json', 'user-agent': USER_AGENT, 'accept-encoding': 'identity' };
  const theirs = Object.entries(given).filter(([name]) => !(name.toLowerCase() in ours));
  return { ...Object.fromEntries(theirs), ...ours };
}

async function read({ status, headers, body }: GuardedAnswer): Promise<WebhookAnswer> {
  const kept: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    if (bytes < KEPT_BYTES_MAX) kept.push(piece);
    bytes += piece.byteLength;
  }
  const encoding = headers['content-encoding'];
  return {
    statusCode: status,
    retryAfterSeconds: retryAfterSeconds(headers['retry-after']),
    body: isPacked(encoding)
      ? `(packed as ${readable(String(encoding)).slice(0, ENCODING_CHARACTERS_MAX)} though it was not asked for, so not shown)`
      : textOf(Buffer.concat(kept).subarray(0, KEPT_BYTES_MAX)),
  };
}

const isPacked = (encoding: string | string[] | undefined) =>
  encoding !== undefined && String(encoding).toLowerCase() !== 'identity' && String(encoding) !== '';

/** As UTF-8; a character that is cut in two at the end is left away. */
const textOf = (bytes: Uint8Array) => readable(new TextDecoder().decode(bytes, { stream: true }));

/** Control characters, which no log or database wants, become the sign for what cannot be shown. */
function readable(text: string): string {
  return [...text].map((one) => ((one < ' ' && !'\t\n\r'.includes(one)) || one === '\u007f' ? '\ufffd' : one)).join('');
}
