import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiCall, answerApi } from './paystack-simulator-api.ts';
import { PaystackBooks } from './paystack-simulator-books.ts';
import { answerControl, type ControlAnswer, controlOf, type PaystackControl } from './paystack-simulator-control.ts';
import type { Fault } from './paystack-simulator-faults.ts';
import { BooksFile } from './paystack-simulator-file.ts';
import { answerPage } from './paystack-simulator-page.ts';

export type { PaystackControl } from './paystack-simulator-control.ts';

const LOOPBACK = '127.0.0.1';
const LOCAL_NAMES = new Set(['localhost', LOOPBACK, '[::1]']);
const BODY_BYTES_MAX = 1_048_576;
const HOOK_DELAY_MS = 20;
/** Paystack's own, shortened: four times soon, then seldom. */
const HOOK_RETRY_MS = [500, 500, 500, 500, 5_000, 5_000, 30_000, 30_000];
const REFUND_STEP_MS = 1_500;

export interface PaystackSimulatorOptions {
  /** Any free one when left out. */
  port?: number;
  /** Where hooks are: `<hookBase>/v1/hooks/<metadata.companyId>/paystack`. Left out: only accounts with a URL are told. */
  hookBase?: string;
  faults?: readonly Fault[];
  /** Decides about all that is left to chance: order and number of notices, ids, access codes, references nobody gave. */
  seed?: number;
  /** From the fact to the notice of it. */
  hookDelayMs?: number;
  /** After each attempt that was not answered 200. */
  hookRetryMs?: readonly number[];
  /** Each step of a refund's life. Null: it stands still until `control.moveRefund`. */
  refundStepMs?: number | null;
  now?: () => Date;
  /** Keeps the books over restarts. */
  file?: string;
}

export interface PaystackSimulator {
  /** For PAYSTACK_URL; pages and control API are below it too. */
  url: string;
  control: PaystackControl;
  close(): Promise<void>;
}

/**
 * Starts a Paystack without money: its API, the page on which shoppers pay, and signed notices of what happened, as far
 * as its documents describe them. What it differs in stands in docs/payments.md. Loopback only.
 *
 * @throws when a given port is busy
 */
export async function startPaystackSimulator(options: PaystackSimulatorOptions = {}): Promise<PaystackSimulator> {
  const file = new BooksFile(options.file);
  const books = new PaystackBooks({
    hookBase: options.hookBase?.replace(/\/+$/, ''),
    seed: options.seed,
    delayMs: options.hookDelayMs ?? HOOK_DELAY_MS,
    retryMs: options.hookRetryMs ?? HOOK_RETRY_MS,
    refundStepMs: options.refundStepMs === undefined ? REFUND_STEP_MS : options.refundStepMs,
    now: options.now ?? (() => new Date()),
    changed: () => file.changed(),
  });
  file.load(books);
  for (const fault of options.faults ?? []) books.faults.add(fault);
  const control = controlOf(books);
  const server = createServer((request, response) => {
    answer(books, control, request, response).catch((error: unknown) => {
      send(response, 500, { status: false, message: `The simulator failed: ${String(error)}` });
    });
  });
  const port = await listen(server, options.port);
  return {
    url: `http://${LOOPBACK}:${port}`,
    control,
    async close() {
      books.close();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      file.write();
    },
  };
}

async function answer(
  books: PaystackBooks,
  control: PaystackControl,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', headers } = request;
  const host = headers.host ?? '';
  // A foreign name that leads here is somebody else's page trying its luck.
  if (!URL.canParse(`http://${host}`) || !LOCAL_NAMES.has(new URL(`http://${host}`).hostname)) {
    return send(response, 403, { status: false, message: 'Ask for localhost.' });
  }
  const { pathname: path, searchParams: query } = new URL(request.url ?? '/', `http://${host}`);
  const body = await textOf(request);
  if (body === undefined) return send(response, 413, { status: false, message: 'That is too much.' });
  if (path.startsWith('/pay/')) {
    const page = answerPage(books, { method, path, form: new URLSearchParams(body) });
    response.writeHead(page.status, page.headers).end(page.body);
    return;
  }
  if (path === '/control' || path.startsWith('/control/')) {
    const told = controlled(control, request, { path, body });
    return send(response, told.status, told.body);
  }
  if (path === '/') return send(response, 200, WELCOME);
  const call: ApiCall = {
    ...{ method, path, query, body },
    authorization: headers.authorization,
    contentType: headers['content-type'] ?? '',
    origin: `http://${host}`,
  };
  const told = await answerApi(books, call);
  // No answer is an answer: the caller has to give up, and then hangs up.
  if (told) send(response, told.status, told.body);
}

const WELCOME = {
  status: true,
  message:
    'A simulator of Paystack: POST /transaction/initialize begins a payment, GET /control says what else it can do.',
};

function controlled(
  control: PaystackControl,
  { method = 'GET', headers }: IncomingMessage,
  { path, body }: { path: string; body: string },
): ControlAnswer {
  // Pages of others can send forms here, but no JSON, and cannot hide where they are from.
  const isOwn = headers.origin === undefined && (body === '' || headers['content-type']?.includes('json') === true);
  if (method !== 'GET' && !isOwn) {
    return { status: 403, body: { error: 'Send JSON, and not from a web page.' } };
  }
  const given = body === '' ? {} : objectIn(body);
  if (!given) return { status: 400, body: { error: 'That is no JSON object.' } };
  return answerControl(control, { method, path, body: given });
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  response.writeHead(status, headers).end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    // Read to the end all the same: the client listens only after it has sent everything.
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return bytes > BODY_BYTES_MAX ? undefined : Buffer.concat(chunks).toString('utf8');
}

async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`The Paystack simulator cannot listen on ${LOOPBACK}:${port}: ${error.message}`)),
    );
    server.listen(port, LOOPBACK, () => resolve());
  });
  // A listening TCP server's address is always an AddressInfo; only pipes answer with a string.
  return (server.address() as AddressInfo).port;
}
