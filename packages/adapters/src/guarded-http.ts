import { setImmediate as turn } from 'node:timers/promises';
import { type Dispatcher, request as send } from 'undici';
import { AnswerTooLarge, GuardedConnection } from './guarded-connection.ts';
import { AddressRefused, checkedUrl, isName, portOf, type Reach, reachOf } from './guarded-url.ts';
import { publicNames, type Resolve } from './public-names.ts';
import { Unkept } from './unkept-servers.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** How long `refusal` waits for the name servers. */
const REFUSAL_MS = 3_000;

export interface GuardedHttpOptions {
  /** Lets requests to this very machine through, on any port: for development and tests. */
  allowLoopback?: boolean;
  /** Where Souk itself listens on this machine: never asked. */
  ownPorts?: readonly number[];
  /** For tests. */
  resolve?: Resolve;
}

export interface GuardedRequest {
  url: string;
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** From the first look-up to the last byte of the answer. */
  timeoutMs: number;
  /** Of the answer's body. */
  bytesMax: number;
  /** A body that goes on past `bytesMax` is cut there, instead of being an error. */
  cuts?: boolean;
  /** How many redirects a GET follows, each looked at like the first address. */
  redirectsMax?: number;
}

export interface GuardedAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** Read it, or call `end()`. Throws `AnswerTooLarge`, `AnswerTooSlow`, `Unreachable`. */
  body: AsyncIterable<Uint8Array>;
  /** Hangs up without reading the body. */
  end(): Promise<void>;
}

/** The answer was not complete in time. */
export class AnswerTooSlow extends Error {
  constructor(timeoutMs: number) {
    super(`There was no whole answer within ${timeoutMs / 1_000} s`);
    this.name = 'AnswerTooSlow';
  }
}
/** There is no server, no such name, or the connection broke. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('The server cannot be reached, or broke off', { cause });
    this.name = 'Unreachable';
  }
}

/** A client for addresses that strangers give us. */
export interface GuardedHttp {
  send(request: GuardedRequest): Promise<GuardedAnswer>;
  /** Why this address is not asked; undefined: it may be. A name that does not resolve, or not now, may be. */
  refusal(url: string): Promise<string | undefined>;
  /** For several requests to one server, one after the other, over one connection. */
  session(): GuardedSession;
}

export interface GuardedSession {
  /** The answer before must have been read or ended. */
  send(request: GuardedRequest): Promise<GuardedAnswer>;
  close(): void;
}

/**
 * An HTTP client that reaches the public internet and nothing else. What a name resolves to is looked at when the
 * connection is made, all of its addresses, and the connection goes to one of these: there is no second look-up that
 * could say something else. Connections are not shared, and kept only within a session; proxies of the environment are
 * not used.
 */
export function guardedHttp({
  allowLoopback = false,
  ownPorts = [],
  resolve = publicNames,
}: GuardedHttpOptions = {}): GuardedHttp {
  const reach = reachOf(allowLoopback, ownPorts);
  const ways = { reach, resolve };
  const unkept = new Unkept();
  return {
    send: (request) =>
      ask(request, { reach, connectionTo: (url) => new GuardedConnection({ ...ways, url, isKept: false }) }),
    refusal: (url) => refusalOf(url, reach, resolve),
    session() {
      let kept: GuardedConnection | undefined;
      const connectionTo = (url: URL) => {
        if (kept?.origin === url.origin && !kept.isEnded && !unkept.has(url.origin)) return kept;
        kept?.end();
        kept = new GuardedConnection({ ...ways, url, isKept: true });
        return kept;
      };
      const asking = { reach, connectionTo, isKept: true, brokeOff: ({ origin }: URL) => unkept.add(origin) };
      return { send: (request) => ask(request, asking), close: () => kept?.end() };
    },
  };
}

interface Asking {
  readonly reach: Reach;
  readonly connectionTo: (url: URL) => GuardedConnection;
  readonly isKept?: boolean;
  /** Told when a connection that was kept broke under a request. */
  brokeOff?(url: URL): void;
}

async function ask(
  request: GuardedRequest,
  { reach, connectionTo, isKept = false, brokeOff }: Asking,
): Promise<GuardedAnswer> {
  const deadline = new Deadline(request.timeoutMs);
  try {
    let url = checkedUrl(request.url, reach);
    for (let left = request.redirectsMax ?? 0; ; left--) {
      const connection = connectionTo(url);
      const answer = await once(connection, url, request, { deadline, brokeOff });
      const end = () => hangUp(answer, isKept ? undefined : connection);
      const location = REDIRECTS.has(answer.statusCode) ? answer.headers['location'] : undefined;
      if (typeof location !== 'string' || left === 0 || (request.method ?? 'GET') !== 'GET') {
        return answerOf(answer, request, deadline, end);
      }
      end();
      url = checkedUrl(location, reach, url);
    }
  } catch (error) {
    deadline.end();
    throw deadline.isOver ? new AnswerTooSlow(request.timeoutMs) : known(error);
  }
}

/** Ends a request after its time, whatever it is at. */
class Deadline {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  isOver = false;

  constructor(ms: number) {
    this.timer = setTimeout(() => {
      this.isOver = true;
      this.controller.abort();
    }, ms);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Rejects when the request is ended: a look-up that hangs does not listen to the signal. */
  get passed(): Promise<never> {
    return new Promise((_resolve, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason));
    });
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

async function once(
  connection: GuardedConnection,
  url: URL,
  request: GuardedRequest,
  more: { deadline: Deadline; brokeOff?: Asking['brokeOff']; isSecondTry?: boolean },
): Promise<Dispatcher.ResponseData> {
  const { deadline, isSecondTry = false } = more;
  const { method = 'GET', headers, body, bytesMax } = request;
  if (connection.requests > 0) await noticed();
  connection.begin(bytesMax);
  const answer = send(url, {
    dispatcher: connection.agent,
    method,
    // What is packed could be unpacked to any size.
    headers: { 'accept-encoding': 'identity', ...headers },
    body,
    signal: deadline.signal,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  try {
    return await Promise.race([answer, deadline.passed]);
  } catch (error) {
    // Whoever keeps a connection may close it just when the next request is on its way. What may have been taken is not
    // sent twice: a receiver of one attempt hears it once.
    const hasBroken = connection.requests > 1 && !deadline.signal.aborted && hasBrokenOff(error);
    const maySendAgain = method === 'GET' || connection.isUntouched;
    if (hasBroken && maySendAgain && !isSecondTry) {
      return await once(connection, url, request, { ...more, isSecondTry: true });
    }
    if (hasBroken) more.brokeOff?.(url);
    answer.then((late) => hangUp(late, connection)).catch(() => undefined);
    connection.end();
    throw error;
  }
}

/** Lets the process hear what its connections have to say: that the server has closed one is known before it is used again. */
async function noticed(): Promise<void> {
  await turn(); // the end of this round of events
  await turn(); // the next round, in which sockets are asked
}

const hasBrokenOff = (error: unknown) =>
  error instanceof Error && 'code' in error && ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(String(error.code));

function answerOf(
  answer: Dispatcher.ResponseData,
  request: GuardedRequest,
  deadline: Deadline,
  hangUpNow: () => void,
): GuardedAnswer {
  const end = () => {
    deadline.end();
    hangUpNow();
  };
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: limited(answer, request, deadline, end),
    end: async () => end(),
  };
}

async function* limited(
  { body, headers }: Dispatcher.ResponseData,
  { bytesMax, timeoutMs, cuts = false }: GuardedRequest,
  deadline: Deadline,
  end: () => void,
): AsyncGenerator<Uint8Array> {
  let left = bytesMax;
  try {
    if (!cuts && Number(headers['content-length'] ?? 0) > bytesMax) throw new AnswerTooLarge(bytesMax);
    for await (const piece of body as AsyncIterable<Buffer>) {
      if (piece.byteLength > left && !cuts) throw new AnswerTooLarge(bytesMax);
      yield piece.subarray(0, left);
      left -= Math.min(left, piece.byteLength);
      if (left === 0 && cuts) return;
    }
  } catch (error) {
    const reason = deadline.isOver ? new AnswerTooSlow(timeoutMs) : known(error);
    if (!(cuts && reason instanceof AnswerTooLarge)) throw reason;
  } finally {
    end();
  }
}

/** A body that was not read to its end takes its connection along; what is given besides goes as well. */
function hangUp({ body }: Pick<Dispatcher.ResponseData, 'body'>, connection: GuardedConnection | undefined): void {
  body.on('error', () => undefined);
  body.destroy();
  connection?.end();
}

/** What went wrong, in our words; the cause of a connection that was refused by us lies a layer below. */
function known(error: unknown): Error {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    if (one instanceof AddressRefused || one instanceof AnswerTooLarge) return one;
  }
  return new Unreachable(error);
}

async function refusalOf(text: string, reach: Reach, resolve: Resolve): Promise<string | undefined> {
  try {
    const url = checkedUrl(text, reach);
    if (!isName(url.hostname)) return undefined;
    const found = await addressesOf(url.hostname, resolve);
    return found.every((address) => reach.may(address, portOf(url))) ? undefined : new AddressRefused().message;
  } catch (error) {
    if (error instanceof AddressRefused) return error.message;
    throw error;
  }
}

/** None, if there are none to be had now. */
function addressesOf(host: string, resolve: Resolve): Promise<string[]> {
  return new Promise((done) => {
    const timer = setTimeout(() => done([]), REFUSAL_MS);
    resolve(host, { all: true }, (error, found) => {
      clearTimeout(timer);
      done(error ? [] : found.map(({ address }) => address));
    });
  });
}
