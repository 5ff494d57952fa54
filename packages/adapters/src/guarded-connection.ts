import type { LookupFunction, Socket } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { AddressRefused, isName, portOf, type Reach } from './guarded-url.ts';
import type { Resolve } from './public-names.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** Of the headers of one answer. */
export const HEADER_BYTES_MAX = 16_384;
/** What comes over the wire besides the body: headers, lengths of pieces, the certificates of TLS. */
const WIRE_BYTES_EXTRA = 65_536;
const KEPT_MS = 4_000;

/** The answer goes on past the limit. */
export class AnswerTooLarge extends Error {
  constructor(bytesMax: number) {
    super(`The answer is larger than ${bytesMax} bytes`);
    this.name = 'AnswerTooLarge';
  }
}

export interface Connecting {
  readonly reach: Reach;
  readonly resolve: Resolve;
  /** Where to. Another origin needs another connection. */
  readonly url: URL;
  /** Keeps the connection for the next request. */
  readonly isKept: boolean;
}

/** A connection to one origin, made when it is first asked; what it leads to is looked at when it is made. */
export class GuardedConnection {
  readonly agent: Agent;
  readonly origin: string;
  /** Requests that were sent on the connection that stands, or is being made. */
  requests = 0;
  isEnded = false;
  private bytesMax = 0;
  private bytesBefore = 0;
  private bytesRead = () => 0;
  private writtenBefore = 0;
  private bytesWritten = () => 0;
  private socket: Socket | undefined;

  constructor({ reach, resolve, url, isKept }: Connecting) {
    this.origin = url.origin;
    const port = portOf(url);
    const may = (address: string) => reach.may(address, port);
    const connect = buildConnector({
      lookup: guardedLookup(resolve, may),
      timeout: CONNECT_TIMEOUT_MS,
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      rejectUnauthorized: true,
    });
    this.agent = new Agent({
      connections: 1,
      pipelining: isKept ? 1 : 0,
      keepAliveTimeout: KEPT_MS,
      keepAliveMaxTimeout: KEPT_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
      connect: (options, done) => {
        // No look-up is made for an IP address, and no connection before this answer.
        if (!isName(url.hostname) && !may(url.hostname.replace(/^\[|\]$/g, '')))
          return done(new AddressRefused(), null);
        // The client's own type leaves out that it returns the socket.
        this.socket = connect(options, (error, socket) => {
          if (error) return done(error, null);
          if (!may(socket.remoteAddress ?? '')) {
            socket.destroy();
            return done(new AddressRefused(), null);
          }
          this.requests = 1;
          this.bytesBefore = 0;
          this.bytesRead = () => socket.bytesRead;
          this.writtenBefore = 0;
          this.bytesWritten = () => socket.bytesWritten;
          // Before the client's own listener: what is too much is cut off before it is taken apart.
          socket.on('readable', () => {
            if (socket.bytesRead - this.bytesBefore > this.bytesMax) socket.destroy(new AnswerTooLarge(this.bytesMax));
          });
          done(null, socket);
        }) as unknown as Socket;
      },
    });
  }

  /** The next request begins. `bodyBytesMax`: of the answer's body. */
  begin(bodyBytesMax: number): void {
    this.requests += 1;
    // Twice, for a body may come in small pieces that each tell their length.
    this.bytesMax = 2 * bodyBytesMax + WIRE_BYTES_EXTRA;
    this.bytesBefore = this.bytesRead();
    this.writtenBefore = this.bytesWritten();
  }

  /** Nothing of the request was written to the connection that stands, nor did anything of an answer come. */
  get isUntouched(): boolean {
    return this.bytesWritten() === this.writtenBefore && this.bytesRead() === this.bytesBefore;
  }

  /** Hangs up, without waiting for anybody. */
  end(): void {
    this.isEnded = true;
    this.agent.destroy().catch(() => undefined);
    // The client waits for connections that are being made.
    this.socket?.destroy();
  }
}

function guardedLookup(resolve: Resolve, may: (address: string) => boolean): LookupFunction {
  return (host, options, done) => {
    resolve(host, { all: true }, (error, found) => {
      if (error) return done(error, '', 0);
      const [first] = found;
      // One closed address among them is enough: which of them is connected to is not ours to choose.
      if (!first || !found.every(({ address }) => may(address))) return done(new AddressRefused(), '', 0);
      if (options.all) return done(null, found);
      done(null, first.address, first.family);
    });
  };
}
