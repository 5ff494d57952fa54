import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PaystackSimulator, startPaystackSimulator } from './paystack-simulator.ts';

const KEY = 'sk_test_0123456789abcdef';
const LIVE_KEY = 'sk_live_0123456789abcdef';
const RETRY_MS = [10, 10, 10];

interface Heard {
  path: string;
  event: string;
  data: Record<string, unknown>;
  isSigned: boolean;
}

/** A shop that hears notices. `status` is what it answers, one after the other; 200 when they are used up. */
class Shop {
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

let shop: Shop;
let simulator: PaystackSimulator;

beforeEach(async () => {
  shop = new Shop();
  await shop.open();
  simulator = await startPaystackSimulator({
    hookBase: shop.url,
    hookDelayMs: 1,
    hookRetryMs: RETRY_MS,
    refundStepMs: null,
  });
});
afterEach(async () => {
  await simulator.close();
  await shop.close();
});

interface Said {
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

async function api(method: string, route: string, body?: unknown, key: string | undefined = KEY): Promise<Said> {
  const response = await fetch(`${simulator.url}${route}`, {
    method,
    headers: { ...(key && { authorization: `Bearer ${key}` }), 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Said['body'] };
}

const order = (reference: string, more: object = {}) => ({
  email: 'ada@example.com',
  amount: 50_000,
  reference,
  callback_url: 'http://localhost:3000/back?cart=1',
  metadata: { companyId: 'com_1', orderNumber: '1001' },
  ...more,
});
const begin = async (reference: string, more: object = {}, key = KEY): Promise<string> => {
  const { body } = await api('POST', '/transaction/initialize', order(reference, more), key);
  return String(body.data['authorization_url']);
};

describe('the API', () => {
  test('keys that are missing, of another form, or none are 401 with their own words', async () => {
    const without = await fetch(`${simulator.url}/transaction/verify/r1`);
    expect([without.status, await without.json()]).toEqual([
      401,
      { status: false, message: 'No Authorization Header was found' },
    ]);
    for (const key of ['pk_test_0123456789abcdef', 'sk_test_1', 'sk_demo_0123456789abcdef']) {
      const { status, body } = await api('GET', '/transaction/verify/r1', undefined, key);
      expect([status, body.message]).toEqual([401, 'Invalid key']);
    }
    const basic = await fetch(`${simulator.url}/transaction`, { headers: { authorization: 'Basic YTpi' } });
    expect(basic.status).toBe(401);
  });

  test('what cannot be begun is 400, and says why', async () => {
    for (const [more, message] of [
      [{ email: 'ada@' }, 'Invalid Email Address Passed'],
      [{ email: undefined }, 'Invalid Email Address Passed'],
      [{ amount: 0 }, 'Invalid Amount Sent'],
      [{ amount: 10.5 }, 'Invalid Amount Sent'],
      [{ amount: -5 }, 'Invalid Amount Sent'],
      [{ amount: '1e3' }, 'Invalid Amount Sent'],
      [{ currency: 'EUR' }, 'Currency not supported by merchant'],
      [{ reference: 'no_underscore' }, 'Invalid character in transaction reference'],
      [{ callback_url: 'javascript:alert(1)' }, 'Invalid callback URL'],
    ] as const) {
      const { status, body } = await api('POST', '/transaction/initialize', order('r1', more));
      expect([status, body.status, body.message]).toEqual([400, false, message]);
    }
    const broken = await fetch(`${simulator.url}/transaction/initialize`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: '{',
    });
    expect(broken.status).toBe(400);
    expect(simulator.control.charges()).toEqual([]);
  });

  test('a reference is unique in its account, and the refusal has the documented form', async () => {
    await begin('r1');
    const { status, body } = await api('POST', '/transaction/initialize', order('r1'));
    expect(status).toBe(400);
    expect(body).toMatchObject({
      status: false,
      message: 'Duplicate Transaction Reference',
      type: 'validation_error',
      code: 'duplicate_reference',
      meta: { nextStep: expect.any(String) },
    });
    expect((await api('POST', '/transaction/initialize', order('r1'), LIVE_KEY)).status).toBe(200);
    expect((await api('GET', '/transaction/verify/r1', undefined, LIVE_KEY)).body.data).toMatchObject({
      domain: 'live',
    });
    expect((await api('GET', '/transaction/verify/r2')).status).toBe(404);
  });

  test('text amounts, forms and metadata written as text are taken, as Paystack takes them', async () => {
    const response = await fetch(`${simulator.url}/transaction/initialize`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: new URLSearchParams({ email: 'ada@example.com', amount: '700', metadata: '{"companyId":"com_2"}' }),
    });
    const { data } = (await response.json()) as { data: { reference: string } };
    expect(simulator.control.charge(data.reference)).toMatchObject({ amount: 700, metadata: { companyId: 'com_2' } });
  });

  test('transactions are listed newest first and looked up by number', async () => {
    for (const reference of ['r1', 'r2', 'r3']) await begin(reference);
    const { body } = await api('GET', '/transaction?perPage=2');
    expect(body).toMatchObject({ data: [{ reference: 'r3' }, { reference: 'r2' }], meta: { total: 3, pageCount: 2 } });
    const [{ id } = { id: 0 }] = simulator.control.charges();
    expect(id).toBeGreaterThan(2 ** 31);
    expect((await api('GET', `/transaction/${id}`)).body.data).toMatchObject({ reference: 'r1' });
    expect((await api('GET', '/transaction/r1')).status).toBe(400);
    expect((await api('GET', `/transaction/${id}`, undefined, LIVE_KEY)).status).toBe(404);
    expect((await api('GET', '/balance')).status).toBe(404);
  });
});

describe('the page', () => {
  const press = (page: string, outcome: string) =>
    fetch(page, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ outcome }) });

  test('it shows the amount and what is paid for, loads nothing from elsewhere, and runs no script', async () => {
    const page = await begin('r1', { amount: 123_456_789, metadata: { orderNumber: '<script>' } });
    const response = await fetch(page);
    const html = await response.text();
    expect(html).toContain('NGN 1,234,567.89');
    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toMatch(/<script|https?:/);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await fetch(`${simulator.url}/pay/elsewhere`)).status).toBe(404);
  });

  test('Pay charges once, however often it is pressed, and leads back to the shop with the reference', async () => {
    const page = await begin('r1');
    const answers = await Promise.all(Array.from({ length: 5 }, () => press(page, 'pay')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 303]);
    const back = answers.find(({ status }) => status === 303)?.headers.get('location');
    expect(back).toBe('http://localhost:3000/back?cart=1&trxref=r1&reference=r1');
    simulator.control.settle('r1', 'pay');
    expect(simulator.control.charge('r1')).toMatchObject({ status: 'success', charges: 1 });
    expect(await (await fetch(page)).text()).toContain('This is paid.');
    await simulator.control.settled();
    expect(shop.events()).toEqual(['charge.success']);
  });

  test('Decline and Cancel lead back unpaid without a notice, and the same page may still be paid', async () => {
    const page = await begin('r1');
    expect((await press(page, 'decline')).status).toBe(303);
    expect((await api('GET', '/transaction/verify/r1')).body.data).toMatchObject({ status: 'failed' });
    expect((await press(page, 'cancel')).status).toBe(303);
    expect((await api('GET', '/transaction/verify/r1')).body.data).toMatchObject({
      status: 'abandoned',
      paid_at: null,
    });
    await simulator.control.settled();
    expect(shop.heard).toEqual([]);
    await press(page, 'pay');
    expect(simulator.control.charge('r1').status).toBe('success');
    expect((await press(page, 'cancel')).status).toBe(200);
    expect(simulator.control.charge('r1').status).toBe('success');
    expect((await press(await begin('r2'), 'steal')).status).toBe(400);
  });
});

describe('notices', () => {
  test('they go to the company the metadata names, or to the URL of the account, signed over their bytes', async () => {
    await begin('r1');
    simulator.control.settle('r1', 'pay');
    await simulator.control.settled();
    simulator.control.setWebhook(KEY, `${shop.url}/own`);
    await begin('r2');
    simulator.control.settle('r2', 'pay');
    await simulator.control.settled();
    expect(shop.heard.map((hook) => hook.path)).toEqual(['/v1/hooks/com_1/paystack', '/own']);
    expect(shop.heard.every(({ isSigned }) => isSigned)).toBe(true);
    const { body } = await api('GET', '/transaction/verify/r1');
    expect(shop.heard[0]?.data).toEqual(body.data);
  });

  test('one that is not answered 200 comes again until it is, or until the schedule ends', async () => {
    shop.statuses = [500, 404, 201];
    await begin('r1');
    simulator.control.settle('r1', 'pay');
    await simulator.control.settled();
    expect(simulator.control.hooks()).toMatchObject([{ state: 'delivered', answers: [500, 404, 201, 200] }]);
    shop.statuses = Array.from({ length: 4 }, () => 503);
    await begin('r2');
    simulator.control.settle('r2', 'pay');
    await simulator.control.settled();
    expect(simulator.control.hooks()[1]).toMatchObject({ state: 'gave-up', answers: [503, 503, 503, 503] });
    simulator.control.resendHook(2);
    await simulator.control.settled();
    expect(simulator.control.hooks()[1]?.state).toBe('delivered');
  });

  test('every fault of a notice happens, as often as it was asked for', async () => {
    const { control } = simulator;
    const paid = async (reference: string) => {
      await begin(reference);
      control.settle(reference, 'pay');
    };
    control.addFault({ on: 'hook', kind: 'lost' });
    await paid('lost');
    control.addFault({ on: 'hook', kind: 'duplicate', count: 3 });
    await paid('often');
    control.addFault({ on: 'hook', kind: 'bad-signature' });
    await paid('forged');
    for (const kind of ['wrong-amount', 'wrong-currency', 'wrong-domain'] as const) {
      control.addFault({ on: 'hook', kind, reference: 'wrong' });
    }
    await paid('wrong');
    control.addFault({ on: 'hook', kind: 'late' });
    await paid('late');
    await control.settled();
    const heardOf = (reference: string) => shop.heard.filter(({ data }) => data['reference'] === reference);
    expect(heardOf('lost')).toHaveLength(0);
    expect(heardOf('often')).toHaveLength(4);
    expect(heardOf('forged')).toMatchObject([{ isSigned: false }]);
    expect(heardOf('wrong')).toMatchObject([
      { isSigned: true, data: { amount: 50_100, currency: 'USD', domain: 'live' } },
    ]);
    expect((await api('GET', '/transaction/verify/wrong')).body.data).toMatchObject({
      amount: 50_000,
      currency: 'NGN',
    });
    expect(heardOf('late')).toHaveLength(0);
    control.releaseHooks();
    await control.settled();
    expect(heardOf('late')).toHaveLength(1);
    expect(control.faults()).toEqual([]);
  });

  test('reordered ones come in another order, the same for the same seed', async () => {
    const orderOf = async (seed: number): Promise<unknown[]> => {
      shop.heard.length = 0;
      const other = await startPaystackSimulator({ hookBase: shop.url, hookDelayMs: 1, seed });
      other.control.addFault({ on: 'hook', kind: 'reorder', times: 'always', count: 6 });
      for (const reference of ['a', 'b', 'c', 'd', 'e', 'f']) {
        await fetch(`${other.url}/transaction/initialize`, {
          method: 'POST',
          headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
          body: JSON.stringify(order(reference)),
        });
        other.control.settle(reference, 'pay');
      }
      await other.control.settled();
      await other.close();
      return shop.heard.map(({ data }) => data['reference']);
    };
    const first = await orderOf(7);
    expect(first.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(first).not.toEqual(first.toSorted());
    expect(await orderOf(7)).toEqual(first);
    expect(await orderOf(8)).not.toEqual(first);
  });

  test('a fault that happens no times never happens', async () => {
    simulator.control.addFault({ on: 'verify', kind: '500-before', times: 0 });
    expect(simulator.control.faults()).toEqual([]);
    await begin('never');
    expect((await api('GET', '/transaction/verify/never')).status).toBe(200);
  });

  test('one that waits for company to be reordered with is sent alone in the end', async () => {
    simulator.control.addFault({ on: 'hook', kind: 'reorder', ms: 20 });
    await begin('r1');
    simulator.control.settle('r1', 'pay');
    await simulator.control.settled();
    expect(shop.events()).toEqual(['charge.success']);
  });
});

test('a key that was revoked opens nothing, others and the page still do, and it can be good again', async () => {
  await begin('kept');
  simulator.control.revokeKey(KEY);
  for (const [method, route] of [
    ['GET', '/transaction/verify/kept'],
    ['POST', '/transaction/initialize'],
  ] as const) {
    const said = await api(method, route, method === 'POST' ? order('more') : undefined);
    expect([said.status, said.body.message]).toEqual([401, 'Invalid key']);
  }
  expect((await api('GET', '/transaction', undefined, LIVE_KEY)).status).toBe(200);
  simulator.control.settle('kept', 'pay');
  const over = (revoked: boolean) =>
    fetch(`${simulator.url}/control/keys`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ secretKey: KEY, revoked }),
    });
  expect((await over(false)).status).toBe(200);
  expect((await api('GET', '/transaction/verify/kept')).body.data['status']).toBe('success');
  await over(true);
  expect((await api('GET', '/transaction/verify/kept')).status).toBe(401);
});

test('the same seed makes up the same ids, access codes and references, after a restart none twice; another seed others', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'books-'));
  const made = async (seed: number | undefined, file?: string) => {
    const other = await startPaystackSimulator({ seed, file } as Parameters<typeof startPaystackSimulator>[0]);
    const begun = [];
    for (let n = 0; n < 2; n++) {
      const response = await fetch(`${other.url}/transaction/initialize`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ email: 'ada@example.com', amount: 50_000 }),
      });
      const { data } = (await response.json()) as Said['body'];
      begun.push([data['access_code'], data['reference']].join());
    }
    const ids = other.control.charges().map(({ id }) => id);
    await other.close();
    return { begun, ids };
  };
  const first = await made(7);
  expect(await made(7)).toEqual(first);
  expect(new Set([...first.begun, ...(await made(8)).begun, ...(await made(undefined)).begun]).size).toBe(6);
  const file = path.join(folder, 'books.json');
  const lives = [await made(7, file), await made(7, file)];
  expect(new Set(lives.flatMap(({ begun }) => begun)).size).toBe(4);
  expect(new Set(lives[1]?.ids).size).toBe(4);
  await rm(folder, { recursive: true });
});

describe('refunds', () => {
  const paid = async (reference: string) => {
    await begin(reference);
    simulator.control.settle(reference, 'pay');
  };
  const refund = (reference: string, more: object = {}) => api('POST', '/refund', { transaction: reference, ...more });

  test('one lives from pending to processed by its own clock, and the shop hears each step', async () => {
    await simulator.close();
    simulator = await startPaystackSimulator({ hookBase: shop.url, hookDelayMs: 1, refundStepMs: 20 });
    await paid('r1');
    const { status, body } = await refund('r1', { amount: 20_000, merchant_note: 'rfd_1 torn' });
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      transaction: { reference: 'r1', amount: 50_000 },
      status: 'pending',
      amount: 20_000,
      merchant_note: 'rfd_1 torn',
      fully_deducted: false,
    });
    await expect.poll(() => shop.events().at(-1)).toBe('refund.processed');
    expect(shop.events()).toEqual(['charge.success', 'refund.pending', 'refund.processing', 'refund.processed']);
    expect(shop.heard[1]?.data).toMatchObject({ transaction_reference: 'r1', refund_reference: null, amount: '20000' });
    expect((await api('GET', `/refund/${body.data['id']}`)).body.data).toMatchObject({ status: 'processed' });
    expect((await api('GET', '/transaction/verify/r1')).body.data).toMatchObject({ status: 'success' });
  });

  test('a part, then the rest, and not one subunit more; then the transaction is reversed', async () => {
    await paid('r1');
    const first = await refund('r1', { amount: 30_000 });
    expect(await refund('r1', { amount: 20_001 })).toMatchObject({ status: 400 });
    const [{ id } = { id: 0 }] = simulator.control.charges();
    const rest = await refund(String(id));
    expect(rest.body.data).toMatchObject({ amount: 20_000 });
    expect((await refund('r1')).body.message).toBe('Transaction has been fully reversed');
    for (const one of [first, rest]) simulator.control.moveRefund(Number(one.body.data['id']), 'processed');
    expect(simulator.control.charge('r1')).toMatchObject({ status: 'reversed', charges: 1, refunded: 50_000 });
    expect((await api('GET', `/refund?transaction=${id}`)).body).toMatchObject({
      data: [{ amount: 20_000, transaction: id }, { amount: 30_000 }],
      meta: { total: 2 },
    });
    expect((await api('GET', '/refund?transaction=1')).body.data).toEqual([]);
    expect((await api('GET', '/refund', undefined, LIVE_KEY)).body.data).toEqual([]);
  });

  test('one that fails gives the amount free again, and one that needs attention does not', async () => {
    await paid('r1');
    const failed = await refund('r1');
    simulator.control.moveRefund(Number(failed.body.data['id']), 'failed');
    expect(simulator.control.charge('r1').refunded).toBe(0);
    const held = await refund('r1');
    simulator.control.moveRefund(Number(held.body.data['id']), 'needs-attention');
    expect((await refund('r1')).status).toBe(400);
    await simulator.control.settled();
    const notice = shop.heard.find(({ event }) => event === 'refund.needs-attention');
    expect(notice?.data['id']).toBe(String(held.body.data['id']));
  });

  test('what was not paid, does not exist or is another currency is not refunded', async () => {
    await begin('r1');
    expect((await refund('r1')).status).toBe(400);
    expect((await refund('r2')).status).toBe(404);
    simulator.control.settle('r1', 'pay');
    expect((await refund('r1', { currency: 'USD' })).status).toBe(400);
    expect((await refund('r1', { amount: '5.5' })).status).toBe(400);
  });

  test('a fault decides how the life of a refund ends', async () => {
    await simulator.close();
    simulator = await startPaystackSimulator({ hookBase: shop.url, hookDelayMs: 1, refundStepMs: 5 });
    await paid('r1');
    simulator.control.addFault({ on: 'refund', kind: 'ends-failed' });
    await refund('r1');
    await expect.poll(() => shop.events().at(-1)).toBe('refund.failed');
  });
});

describe('the control API', () => {
  const control = async (method: string, route: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${simulator.url}/control${route}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as unknown };
  };

  test('it does over HTTP what tests do inside', async () => {
    expect((await control('GET', '')).body).toHaveProperty('DELETE /control');
    expect((await control('POST', '/webhook', { secretKey: KEY, url: `${shop.url}/own` })).status).toBe(200);
    expect((await control('POST', '/faults', { on: 'hook', kind: 'late' })).body).toEqual({ id: 1 });
    expect((await control('GET', '/faults')).body).toMatchObject([{ on: 'hook', kind: 'late', left: 1 }]);
    await begin('r1');
    expect((await control('POST', '/transactions/r1', { outcome: 'pay' })).status).toBe(200);
    expect((await control('GET', '/transactions/r1')).body).toMatchObject({ charges: 1, refunded: 0 });
    const { body } = await api('POST', '/refund', { transaction: 'r1', amount: 5 });
    expect((await control('POST', `/refunds/${body.data['id']}`, { status: 'failed' })).status).toBe(200);
    expect((await control('GET', '/refunds')).body).toMatchObject([{ reference: 'r1', amount: 5, status: 'failed' }]);
    await control('POST', '/hooks');
    await simulator.control.settled();
    expect((await control('GET', '/hooks')).body).toMatchObject([{ event: 'charge.success' }, {}, {}]);
    expect(shop.heard.map((hook) => hook.path)).toEqual(['/own', '/own', '/own']);
    await control('DELETE', '/faults');
    expect((await control('DELETE', '')).status).toBe(200);
    expect((await control('GET', '/transactions')).body).toEqual([]);
  });

  test('what is wrong is said', async () => {
    for (const [method, route, body, status, words] of [
      ['POST', '/faults', { on: 'hook', kind: 'slow' }, 400, 'duplicate'],
      ['POST', '/faults', { on: 'nothing', kind: 'slow' }, 400, 'initialize'],
      ['POST', '/faults', {}, 400, '"on" and "kind"'],
      ['POST', '/faults', { on: 'verify', kind: 'slow', ms: -1 }, 400, 'ms'],
      ['POST', '/transactions/r9', { outcome: 'pay' }, 404, 'r9'],
      ['POST', '/transactions/r9', { outcome: 'steal' }, 400, 'pay, decline'],
      ['POST', '/refunds/1', { status: 'processed' }, 404, 'refund 1'],
      ['POST', '/webhook', { secretKey: 'x' }, 400, 'sk_test_'],
      ['GET', '/nothing', undefined, 404, 'GET /control'],
      ['GET', '/transactions/%E0%A4%A', undefined, 400, 'URI'],
    ] as const) {
      const told = await control(method, route, body);
      expect([told.status, JSON.stringify(told.body)]).toEqual([
        status,
        expect.stringContaining(words.replaceAll('"', '\\"')),
      ]);
    }
  });

  test('a web page elsewhere cannot drive it, nor reach it under a name of its own', async () => {
    await begin('r1');
    const pay = { outcome: 'pay' };
    expect((await control('POST', '/transactions/r1', pay, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await control('POST', '/transactions/r1', pay, { 'content-type': 'text/plain' })).status).toBe(403);
    expect(simulator.control.charge('r1').charges).toBe(0);
    const { port } = new URL(simulator.url);
    const status = await new Promise((done) => {
      const headers = { host: 'evil.example' };
      httpRequest({ host: '127.0.0.1', port, path: '/control/transactions', headers }, (response) => {
        response.resume();
        done(response.statusCode);
      }).end();
    });
    expect(status).toBe(403);
  });
});

describe('its books', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'souk-paystack-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('a restart keeps what was charged, and refunds live on', async () => {
    const file = path.join(folder, 'deeper', 'paystack.json');
    const options = { hookBase: shop.url, hookDelayMs: 1, file };
    await simulator.close();
    simulator = await startPaystackSimulator({ ...options, refundStepMs: null });
    const page = await begin('r1');
    simulator.control.settle('r1', 'pay');
    simulator.control.setWebhook(KEY, `${shop.url}/own`);
    await api('POST', '/refund', { transaction: 'r1', amount: 5 });
    const [before] = simulator.control.charges();
    await simulator.control.settled();
    await simulator.close();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    simulator = await startPaystackSimulator({ ...options, refundStepMs: 5 });
    expect(simulator.control.charge('r1')).toMatchObject({ id: before?.id, charges: 1, refunded: 5 });
    await expect.poll(() => shop.heard.at(-1)).toMatchObject({ event: 'refund.processed', path: '/own' });
    const moved = page.replace(/:\d+\//, `:${new URL(simulator.url).port}/`);
    expect(await (await fetch(moved)).text()).toContain('This is paid.');
    await begin('r2');
    const ids = simulator.control.charges().map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  });

  test('a file that cannot be read is put aside', async () => {
    const file = path.join(folder, 'paystack.json');
    await writeFile(file, '{"form":1,');
    const other = await startPaystackSimulator({ file });
    expect(other.control.charges()).toEqual([]);
    await other.close();
    expect(await readFile(`${file}.unreadable`, 'utf8')).toBe('{"form":1,');
  });

  test('a port that is taken is named', async () => {
    const port = Number(new URL(simulator.url).port);
    await expect(startPaystackSimulator({ port })).rejects.toThrow(`127.0.0.1:${port}`);
  });
});
