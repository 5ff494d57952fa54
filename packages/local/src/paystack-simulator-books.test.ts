import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startPaystackSimulator } from './paystack-simulator.ts';
import { KEY, LIVE_KEY, type Said, useSimulator } from './testing/hearing-shop.ts';

const given = useSimulator();
const { api, begin } = given;

describe('its books', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'souk-paystack-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('a restart keeps what was charged, and refunds live on', async () => {
    const file = path.join(folder, 'deeper', 'paystack.json');
    const options = { hookBase: given.shop.url, hookDelayMs: 1, file };
    await given.restart({ ...options, refundStepMs: null });
    const page = await begin('r1');
    given.simulator.control.settle('r1', 'pay');
    given.simulator.control.setWebhook(KEY, `${given.shop.url}/own`);
    await api('POST', '/refund', { transaction: 'r1', amount: 5 });
    const [before] = given.simulator.control.charges();
    await given.simulator.control.settled();
    await given.simulator.close();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await given.restart({ ...options, refundStepMs: 5 });
    expect(given.simulator.control.charge('r1')).toMatchObject({ id: before?.id, charges: 1, refunded: 5 });
    await expect.poll(() => given.shop.heard.at(-1)).toMatchObject({ event: 'refund.processed', path: '/own' });
    const moved = page.replace(/:\d+\//, `:${new URL(given.simulator.url).port}/`);
    expect(await (await fetch(moved)).text()).toContain('This is paid.');
    await begin('r2');
    const ids = given.simulator.control.charges().map(({ id }) => id);
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
    const port = Number(new URL(given.simulator.url).port);
    await expect(startPaystackSimulator({ port })).rejects.toThrow(`127.0.0.1:${port}`);
  });
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
    given.simulator.control.settle(reference, 'pay');
  };
  const refund = (reference: string, more: object = {}) => api('POST', '/refund', { transaction: reference, ...more });

  test('one lives from pending to processed by its own clock, and the shop hears each step', async () => {
    await given.restart({ hookBase: given.shop.url, hookDelayMs: 1, refundStepMs: 100 });
    await paid('r1');
    await expect.poll(() => given.shop.events()).toEqual(['charge.success']);
    const { status, body } = await refund('r1', { amount: 20_000, merchant_note: 'rfd_1 torn' });
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      transaction: { reference: 'r1', amount: 50_000 },
      status: 'pending',
      amount: 20_000,
      merchant_note: 'rfd_1 torn',
      fully_deducted: false,
    });
    await expect.poll(() => given.shop.events().at(-1), { timeout: 5_000 }).toBe('refund.processed');
    expect(given.shop.events()).toEqual(['charge.success', 'refund.pending', 'refund.processing', 'refund.processed']);
    expect(given.shop.heard[1]?.data).toMatchObject({
      transaction_reference: 'r1',
      refund_reference: null,
      amount: '20000',
    });
    expect((await api('GET', `/refund/${body.data['id']}`)).body.data).toMatchObject({ status: 'processed' });
    expect((await api('GET', '/transaction/verify/r1')).body.data).toMatchObject({ status: 'success' });
  });

  test('a part, then the rest, and not one subunit more; then the transaction is reversed', async () => {
    await paid('r1');
    const first = await refund('r1', { amount: 30_000 });
    expect(await refund('r1', { amount: 20_001 })).toMatchObject({ status: 400 });
    const [{ id } = { id: 0 }] = given.simulator.control.charges();
    const rest = await refund(String(id));
    expect(rest.body.data).toMatchObject({ amount: 20_000 });
    expect((await refund('r1')).body.message).toBe('Transaction has been fully reversed');
    for (const one of [first, rest]) given.simulator.control.moveRefund(Number(one.body.data['id']), 'processed');
    expect(given.simulator.control.charge('r1')).toMatchObject({ status: 'reversed', charges: 1, refunded: 50_000 });
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
    given.simulator.control.moveRefund(Number(failed.body.data['id']), 'failed');
    expect(given.simulator.control.charge('r1').refunded).toBe(0);
    const held = await refund('r1');
    given.simulator.control.moveRefund(Number(held.body.data['id']), 'needs-attention');
    expect((await refund('r1')).status).toBe(400);
    await given.simulator.control.settled();
    const notice = given.shop.heard.find(({ event }) => event === 'refund.needs-attention');
    expect(notice?.data['id']).toBe(String(held.body.data['id']));
  });

  test('what was not paid, does not exist or is another currency is not refunded', async () => {
    await begin('r1');
    expect((await refund('r1')).status).toBe(400);
    expect((await refund('r2')).status).toBe(404);
    given.simulator.control.settle('r1', 'pay');
    expect((await refund('r1', { currency: 'USD' })).status).toBe(400);
    expect((await refund('r1', { amount: '5.5' })).status).toBe(400);
  });

  test('a fault decides how the life of a refund ends', async () => {
    await given.restart({ hookBase: given.shop.url, hookDelayMs: 1, refundStepMs: 5 });
    await paid('r1');
    given.simulator.control.addFault({ on: 'refund', kind: 'ends-failed' });
    await refund('r1');
    await expect.poll(() => given.shop.events().at(-1)).toBe('refund.failed');
  });
});
