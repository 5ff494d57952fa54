import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach } from 'vitest';
import {
  type PaystackSimulator,
  type PaystackSimulatorOptions,
  startPaystackSimulator,
} from '../paystack-simulator.ts';

export const KEY = 'sk_test_0123456789abcdef';
export const LIVE_KEY = 'sk_live_0123456789abcdef';
const RETRY_MS = [10, 10, 10];

interface Heard {
  path: string;
  event: string;
  data: Record<string, unknown>;
  isSigned: boolean;
}

/** A shop that hears notices. `status` is what it answers, one after the other; 200 when they are used up. */
export class HearingShop {
  readonly heard: Heard[] = [];
  statuses: number[] = [];
  readonly #server: Server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces);
      const { event, data } = JSON.parse(body.toString('utf8'));
      const signature = createHmac('sha512', KEY).update(body).digest('hex');
      const isSigned = request.headers['x-paystack-signature'] === signature;
      this.heard.push({ path: request.url ?? '', event, data, isSigned });
      response.writeHead(this.statuses.shift() ?? 200).end();
    });
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  open = () => new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
  close = () => new Promise((done) => this.#server.close(done).closeAllConnections());
  events = () => this.heard.map(({ event }) => event);
}

export interface Said {
  status: number;
  // Whatever Paystack's answers hold; the tests say what they expect there.
  body: {
    status: boolean;
    message: string;
    code?: string;
    type?: string;
    meta?: unknown;
    data: Record<string, unknown>;
  };
}

export const order = (reference: string, more: object = {}) => ({
  email: 'ada@example.com',
  amount: 50_000,
  reference,
  callback_url: 'http://localhost:3000/back?cart=1',
  metadata: { companyId: 'com_1', orderNumber: '1001' },
  ...more,
});

/**
 * A simulator and a shop that hears of it, new for each test of the file. It tells without delay, and its refunds move only
 * when they are told to; a test that wants another one restarts it with options of its own.
 */
export function useSimulator() {
  let shop: HearingShop;
  let simulator: PaystackSimulator;
  beforeEach(async () => {
    shop = new HearingShop();
    await shop.open();
    const options = { hookBase: shop.url, hookDelayMs: 1, hookRetryMs: RETRY_MS, refundStepMs: null };
    simulator = await startPaystackSimulator(options);
  });
  afterEach(async () => {
    await simulator.close();
    await shop.close();
  });

  async function api(method: string, route: string, body?: unknown, key: string | undefined = KEY): Promise<Said> {
    const response = await fetch(`${simulator.url}${route}`, {
      method,
      headers: { ...(key && { authorization: `Bearer ${key}` }), 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Said['body'] };
  }
  const begin = async (reference: string, more: object = {}, key = KEY): Promise<string> => {
    const { body } = await api('POST', '/transaction/initialize', order(reference, more), key);
    return String(body.data['authorization_url']);
  };
  return {
    get shop() {
      return shop;
    },
    get simulator() {
      return simulator;
    },
    api,
    begin,
    /** Ends the one that runs and starts another one for the same shop. */
    async restart(options: PaystackSimulatorOptions) {
      await simulator.close();
      simulator = await startPaystackSimulator(options);
    },
  };
}
