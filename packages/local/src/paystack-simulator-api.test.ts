import { request as httpRequest } from 'node:http';
import { describe, expect, test } from 'vitest';
import { KEY, LIVE_KEY, order, useSimulator } from './testing/hearing-shop.ts';

const given = useSimulator();
const { api, begin } = given;

describe('the API', () => {
  test('keys that are missing, of another form, or none are 401 with their own words', async () => {
    const without = await fetch(`${given.simulator.url}/transaction/verify/r1`);
    expect([without.status, await without.json()]).toEqual([
      401,
      { status: false, message: 'No Authorization Header was found' },
    ]);
    for (const key of ['pk_test_0123456789abcdef', 'sk_test_1', 'sk_demo_0123456789abcdef']) {
      const { status, body } = await api('GET', '/transaction/verify/r1', undefined, key);
      expect([status, body.message]).toEqual([401, 'Invalid key']);
    }
    const basic = await fetch(`${given.simulator.url}/transaction`, { headers: { authorization: 'Basic YTpi' } });
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
    const broken = await fetch(`${given.simulator.url}/transaction/initialize`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: '{',
    });
    expect(broken.status).toBe(400);
    expect(given.simulator.control.charges()).toEqual([]);
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
    const response = await fetch(`${given.simulator.url}/transaction/initialize`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: new URLSearchParams({ email: 'ada@example.com', amount: '700', metadata: '{"companyId":"com_2"}' }),
    });
    const { data } = (await response.json()) as { data: { reference: string } };
    expect(given.simulator.control.charge(data.reference)).toMatchObject({
      amount: 700,
      metadata: { companyId: 'com_2' },
    });
  });

  test('transactions are listed newest first and looked up by number', async () => {
    for (const reference of ['r1', 'r2', 'r3']) await begin(reference);
    const { body } = await api('GET', '/transaction?perPage=2');
    expect(body).toMatchObject({ data: [{ reference: 'r3' }, { reference: 'r2' }], meta: { total: 3, pageCount: 2 } });
    const [{ id } = { id: 0 }] = given.simulator.control.charges();
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
    expect((await fetch(`${given.simulator.url}/pay/elsewhere`)).status).toBe(404);
  });

  test('Pay charges once, however often it is pressed, and leads back to the shop with the reference', async () => {
    const page = await begin('r1');
    const answers = await Promise.all(Array.from({ length: 5 }, () => press(page, 'pay')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 303]);
    const back = answers.find(({ status }) => status === 303)?.headers.get('location');
    expect(back).toBe('http://localhost:3000/back?cart=1&trxref=r1&reference=r1');
    given.simulator.control.settle('r1', 'pay');
    expect(given.simulator.control.charge('r1')).toMatchObject({ status: 'success', charges: 1 });
    expect(await (await fetch(page)).text()).toContain('This is paid.');
    await given.simulator.control.settled();
    expect(given.shop.events()).toEqual(['charge.success']);
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
    await given.simulator.control.settled();
    expect(given.shop.heard).toEqual([]);
    await press(page, 'pay');
    expect(given.simulator.control.charge('r1').status).toBe('success');
    expect((await press(page, 'cancel')).status).toBe(200);
    expect(given.simulator.control.charge('r1').status).toBe('success');
    expect((await press(await begin('r2'), 'steal')).status).toBe(400);
  });
});

test('a key that was revoked opens nothing, others and the page still do, and it can be good again', async () => {
  await begin('kept');
  given.simulator.control.revokeKey(KEY);
  for (const [method, route] of [
    ['GET', '/transaction/verify/kept'],
    ['POST', '/transaction/initialize'],
  ] as const) {
    const said = await api(method, route, method === 'POST' ? order('more') : undefined);
    expect([said.status, said.body.message]).toEqual([401, 'Invalid key']);
  }
  expect((await api('GET', '/transaction', undefined, LIVE_KEY)).status).toBe(200);
  given.simulator.control.settle('kept', 'pay');
  const over = (revoked: boolean) =>
    fetch(`${given.simulator.url}/control/keys`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ secretKey: KEY, revoked }),
    });
  expect((await over(false)).status).toBe(200);
  expect((await api('GET', '/transaction/verify/kept')).body.data['status']).toBe('success');
  await over(true);
  expect((await api('GET', '/transaction/verify/kept')).status).toBe(401);
});

describe('the control API', () => {
  const control = async (method: string, route: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${given.simulator.url}/control${route}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as unknown };
  };

  test('it does over HTTP what tests do inside', async () => {
    expect((await control('GET', '')).body).toHaveProperty('DELETE /control');
    expect((await control('POST', '/webhook', { secretKey: KEY, url: `${given.shop.url}/own` })).status).toBe(200);
    expect((await control('POST', '/faults', { on: 'hook', kind: 'late' })).body).toEqual({ id: 1 });
    expect((await control('GET', '/faults')).body).toMatchObject([{ on: 'hook', kind: 'late', left: 1 }]);
    await begin('r1');
    expect((await control('POST', '/transactions/r1', { outcome: 'pay' })).status).toBe(200);
    expect((await control('GET', '/transactions/r1')).body).toMatchObject({ charges: 1, refunded: 0 });
    const { body } = await api('POST', '/refund', { transaction: 'r1', amount: 5 });
    expect((await control('POST', `/refunds/${body.data['id']}`, { status: 'failed' })).status).toBe(200);
    expect((await control('GET', '/refunds')).body).toMatchObject([{ reference: 'r1', amount: 5, status: 'failed' }]);
    await control('POST', '/hooks');
    await given.simulator.control.settled();
    expect((await control('GET', '/hooks')).body).toMatchObject([{ event: 'charge.success' }, {}, {}]);
    expect(given.shop.heard.map((hook) => hook.path)).toEqual(['/own', '/own', '/own']);
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
    expect(given.simulator.control.charge('r1').charges).toBe(0);
    const { port } = new URL(given.simulator.url);
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
