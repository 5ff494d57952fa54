import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';

/** What came in under one id. */
export interface Received {
  /** How often. */
  count: number;
  /** Of the first body; one that differs from it is a wrong. */
  hash: string;
  body: string;
}

/** A merchant's server. */
export interface WebhookReceiver {
  readonly url: string;
  /** From now on what comes is verified with this secret; before that, nothing verifies. */
  trust(secret: string): void;
  /** By webhook-id. */
  readonly received: Map<string, Received>;
  /** Signatures that do not verify, and bodies that change. */
  readonly wrongs: string[];
  requests(): number;
  /** How it answers from now on. */
  behave(manner: Manner): void;
  close(): Promise<void>;
}

/** What it answers: a status, after so many milliseconds; 0 hangs up. */
export type Manner = () => { status: number; afterMs?: number };
const WELL: Manner = () => ({ status: 204 });

/** Starts a server that verifies all it is sent, and keeps what it accepted. By default it answers well and at once. */
export async function startReceiver(first: Manner = WELL): Promise<WebhookReceiver> {
  let manner = first;
  let verifier: Webhook | undefined;
  const received = new Map<string, Received>();
  const wrongs: string[] = [];
  let requests = 0;
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding is set
    const body = Buffer.concat(chunks).toString('utf8');
    requests += 1;
    const id = String(request.headers['webhook-id']);
    try {
      if (!verifier) throw new Error('came before there was a secret');
      verifier.verify(body, request.headers as Record<string, string>); // none of ours comes twice
    } catch (error) {
      wrongs.push(`${id}: ${String(error)}`);
    }
    const hash = createHash('sha256').update(body).digest('hex');
    const { status, afterMs = 0 } = manner();
    if (afterMs > 0) await pause(afterMs);
    const known = received.get(id);
    if (known && known.hash !== hash) wrongs.push(`${id} came with two bodies`);
    if (status === 0) return void response.destroy();
    const isAccepted = status < 300;
    if (known && isAccepted) known.count += 1;
    else if (isAccepted) received.set(id, { count: 1, hash, body });
    response.writeHead(status).end();
  };
  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    trust: (secret) => {
      verifier = new Webhook(secret);
    },
    behave: (next) => {
      manner = next;
    },
    received,
    wrongs,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
