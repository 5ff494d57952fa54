import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, type Dispatcher, request as send } from 'undici';
import { isLoopback, isPublicAddress } from './public-address.ts';

const PORTS = new Set(['', '80', '443', '8080', '8443']);
const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const CONNECT_TIMEOUT_MS = 5_000;
const HEADER_BYTES_MAX = 16_384;

/** A name's addresses, all of them; as `dns.lookup` with `all: true`. */
export type Resolve = (
  host: string,
  options: { all: true },
  done: (error: Error | null, addresses: { address: string; family: number }[]) => void,
) => void;

export interface GuardedHttpOptions {
  /** Lets requests to this very machine through, on any port: for development and tests. */
  allowLoopback?: boolean;
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

/** This address is not for us to ask: its form, its port, or where it leads. The reason never says where that is. */
export class AddressRefused extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'AddressRefused';
  }
}
/** The answer's body goes on past the limit. */
export class AnswerTooLarge extends Error {
  constructor(bytesMax: number) {
    super(`The answer is larger than ${bytesMax} bytes`);
    this.name = 'AnswerTooLarge';
  }
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
}

/**
 * An HTTP client that reaches the public internet and nothing else. What a name resolves to is looked at when the
 * connection is made, all of its addresses, and the connection goes to one of these: there is no second look-up that
 * could say something else. Connections are not shared and not kept; proxies of the environment are not used.
 */
export function guardedHttp({ allowLoopback = false, resolve = systemLookup }: GuardedHttpOptions = {}): GuardedHttp {
  const isAllowed = (address: string) => isPublicAddress(address) || (allowLoopback && isLoopback(address));
  const lookup = guardedLookup(resolve, isAllowed);
  return {
    async send(request) {
      const deadline = new Deadline(request.timeoutMs);
      try {
        let url = checkedUrl(request.url, isAllowed, allowLoopback);
        for (let left = request.redirectsMax ?? 0; ; left--) {
          const agent = agentOf(lookup, isAllowed);
          const answer = await ask(agent, url, request, deadline);
          const location = REDIRECTS.has(answer.statusCode) ? answer.headers['location'] : undefined;
          if (typeof location !== 'string' || left === 0 || (request.method ?? 'GET') !== 'GET') {
            return answerOf(answer, agent, request, deadline);
          }
          await discard(answer, agent);
          url = checkedUrl(location, isAllowed, allowLoopback, url);
        }
      } catch (error) {
        deadline.end();
        throw deadline.isOver ? new AnswerTooSlow(request.timeoutMs) : known(error);
      }
    },
  };
}

/** Ends a request after its time, whatever it is at. */
class Deadline {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.timer = setTimeout(() => this.controller.abort(), ms);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get isOver(): boolean {
    return this.controller.signal.aborted;
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

/** Throws `AddressRefused` for a URL that we do not ask, whatever its name resolves to. */
function checkedUrl(text: string, isAllowed: (address: string) => boolean, allowLoopback: boolean, from?: URL): URL {
  if (!URL.canParse(text, from?.href)) throw new AddressRefused('This is not an address.');
  const url = new URL(text, from);
  const { protocol, hostname, username, password, port } = url;
  if (protocol !== 'http:' && protocol !== 'https:') throw new AddressRefused('Only http:// and https:// are fetched.');
  if (username !== '' || password !== '') throw new AddressRefused('The address holds a user name or a password.');
  const isLocal = allowLoopback && LOCAL_HOSTS.has(hostname);
  if (!PORTS.has(port) && !isLocal) throw new AddressRefused('Only the ports 80, 443, 8080 and 8443 are asked.');
  if (hostname.endsWith('.')) throw new AddressRefused('The host name ends in a dot.');
  const literal = hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) === 0) return url;
  // 0x7f.1, 2130706433 and 0177.0.0.1 were made 127.0.0.1 by the parser: whoever writes so hides something.
  const namesHost = from === undefined || URL.canParse(text) || /^[\\/]{2}/.test(text);
  const isSpelledOut = !namesHost || text.toLowerCase().includes(hostname);
  if (!isSpelledOut) throw new AddressRefused('The host is an IP address in an odd spelling.');
  if (!isAllowed(literal)) throw new AddressRefused('The address is not on the public internet.');
  return url;
}

function guardedLookup(resolve: Resolve, isAllowed: (address: string) => boolean): LookupFunction {
  return (host, options, done) => {
    resolve(host, { all: true }, (error, found) => {
      if (error) return done(error, '', 0);
      const [first] = found;
      // One closed address among them is enough: which of them is connected to is not ours to choose.
      if (!first || !found.every(({ address }) => isAllowed(address))) {
        return done(new AddressRefused('The address is not on the public internet.'), '', 0);
      }
      if (options.all) return done(null, found);
      done(null, first.address, first.family);
    });
  };
}

function agentOf(lookup: LookupFunction, isAllowed: (address: string) => boolean): Agent {
  const connect = buildConnector({ lookup, timeout: CONNECT_TIMEOUT_MS });
  return new Agent({
    pipelining: 0,
    maxHeaderSize: HEADER_BYTES_MAX,
    connect: (options, done) =>
      connect(options, (error, socket) => {
        if (error) return done(error, null);
        if (isAllowed(socket.remoteAddress ?? '')) return done(null, socket);
        socket.destroy();
        done(new AddressRefused('The address is not on the public internet.'), null);
      }),
  });
}

async function ask(agent: Agent, url: URL, { method = 'GET', headers, body }: GuardedRequest, deadline: Deadline) {
  try {
    return await send(url, {
      dispatcher: agent,
      method,
      // What is packed could be unpacked to any size.
      headers: { 'accept-encoding': 'identity', ...headers },
      body,
      signal: deadline.signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  } catch (error) {
    await agent.destroy();
    throw error;
  }
}

function answerOf(
  answer: Dispatcher.ResponseData,
  agent: Agent,
  request: GuardedRequest,
  deadline: Deadline,
): GuardedAnswer {
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: limited(answer, agent, request, deadline),
    async end() {
      deadline.end();
      await discard(answer, agent);
    },
  };
}

async function* limited(
  { body, headers }: Dispatcher.ResponseData,
  agent: Agent,
  { bytesMax, timeoutMs }: GuardedRequest,
  deadline: Deadline,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    if (Number(headers['content-length'] ?? 0) > bytesMax) throw new AnswerTooLarge(bytesMax);
    for await (const piece of body as AsyncIterable<Buffer>) {
      bytes += piece.byteLength;
      if (bytes > bytesMax) throw new AnswerTooLarge(bytesMax);
      yield piece;
    }
  } catch (error) {
    throw deadline.isOver ? new AnswerTooSlow(timeoutMs) : known(error);
  } finally {
    deadline.end();
    await discard({ body }, agent);
  }
}

async function discard({ body }: Pick<Dispatcher.ResponseData, 'body'>, agent: Agent): Promise<void> {
  body.on('error', () => undefined);
  body.destroy();
  await agent.destroy();
}

/** What went wrong, in our words; the cause of a connection that was refused by us lies a layer below. */
function known(error: unknown): Error {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    if (one instanceof AddressRefused || one instanceof AnswerTooLarge) return one;
  }
  return new Unreachable(error);
}
