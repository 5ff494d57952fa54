import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

const LOOPBACK = '127.0.0.1';
const SECRET_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 20;

/** One request of Souk to the receiver, as it came. */
export interface Arrival {
  readonly id: string;
  readonly type: string;
  readonly sequence: number;
  readonly isTest: boolean;
  /** When the event happened, as it says. */
  readonly happenedAt: number;
  readonly cameAt: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The merchant's own server: takes webhooks, and believes those alone that the independent library verifies. */
export class Receiver {
  readonly arrivals: Arrival[] = [];
  /** What came and could not be verified. */
  readonly forged: string[] = [];
  readonly #secrets = new Map<string, string>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  /** Listens on a free port of this machine. */
  async open(): Promise<void> {
    this.#server.listen(0, LOOPBACK);
    await once(this.#server, 'listening');
  }

  get base(): string {
    // A server that listens on TCP has an AddressInfo.
    return `http://${LOOPBACK}:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** From now on it believes this secret too. */
  trust(name: string, secret: string): void {
    this.#secrets.set(name, secret);
  }

  /** The names of the secrets with which a request is signed. */
  signedWith({ body, headers }: Pick<Arrival, 'body' | 'headers'>): string[] {
    return [...this.#secrets].filter(([, secret]) => isSigned(secret, body, headers)).map(([name]) => name);
  }

  /** What came, each event once, in the order of its first arrival. */
  events(): Map<string, Arrival> {
    const events = new Map<string, Arrival>();
    for (const arrival of this.arrivals) if (!events.has(arrival.id)) events.set(arrival.id, arrival);
    return events;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<h1>Thank you</h1>');
      return;
    }
    const cameAt = Date.now();
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const isKnown = await this.#isOurs({ body, headers });
    if (isKnown) this.arrivals.push(arrivalOf(body, headers, cameAt));
    else this.forged.push(`${headers['webhook-id']}: ${headers['webhook-signature']} over ${body.slice(0, 200)}`);
    response.writeHead(isKnown ? 204 : 401).end();
  }

  /** A delivery may be faster than the answer that tells us its secret: that is given a moment. */
  async #isOurs(sent: Pick<Arrival, 'body' | 'headers'>): Promise<boolean> {
    const end = Date.now() + SECRET_WITHIN_MS;
    while (this.signedWith(sent).length === 0) {
      if (Date.now() > end) return false;
      await pause(LOOK_EVERY_MS);
    }
    return true;
  }
}

function isSigned(secret: string, body: string, headers: Readonly<Record<string, string>>): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

function arrivalOf(body: string, headers: Readonly<Record<string, string>>, cameAt: number): Arrival {
  // Verified, so it is Souk's own form; what the tour relies on, it compares with GET /v1/events.
  const { id, type, sequence, timestamp, test } = JSON.parse(body) as Record<string, string> & { sequence: number };
  const event = { id: id ?? '', type: type ?? '', sequence, isTest: Boolean(test) };
  return { ...event, happenedAt: Date.parse(timestamp ?? ''), cameAt, body, headers };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref());
