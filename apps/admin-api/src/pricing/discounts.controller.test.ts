import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { bootAdmin, register } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);

interface Made {
  id: string;
  version: number;
  codes: string[];
}

async function given() {
  const { tokens } = await register(admin);
  return <T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => admin.call<T>(method, path, { token: tokens.accessToken, body, headers });
}

test('a discount is made with its codes, found by one, changed, given more codes and archived over HTTP', async () => {
  const call = await given();
  const body = { title: 'Launch', method: 'code', kind: 'percentage', percentPpm: 100_000, codes: ['LAUNCH 10'] };
  const made = await call<Made>('POST', '/v1/discounts', body);
  expect(made).toMatchObject({ status: 201, body: { class: 'order', codes: ['LAUNCH 10'], used: 0, version: 1 } });
  const path = `/v1/discounts/${made.body.id}`;
  expect(await call('GET', '/v1/discounts?code=launch10&status=active')).toMatchObject({
    status: 200,
    body: { data: [{ id: made.body.id }], page: { hasMore: false } },
  });
  expect(await call('PATCH', path, { status: 'paused' }, { 'if-match': '"1"' })).toMatchObject({
    status: 200,
    body: { status: 'paused', version: 2 },
  });
  expect(await call('PATCH', path, { title: 'Late' }, { 'if-match': '"1"' })).toMatchObject({ status: 412 });
  expect(await call('POST', `${path}/codes`, { codes: ['A/B'] })).toMatchObject({ status: 400 });
  expect(await call('POST', `${path}/codes`, { codes: ['launch10'] })).toMatchObject({
    status: 409,
    body: { code: 'discount_codes_taken' },
  });
  const batch = await call<{ codes: string[] }>('POST', `${path}/code-batches`, {
    count: 3,
    prefix: 'VIP-',
    usageLimit: 1,
  });
  expect(batch.status).toBe(201);
  expect(batch.body.codes).toHaveLength(3);
  expect(await call('DELETE', `${path}/codes/launch%2010`)).toMatchObject({ status: 204 });
  expect(await call('GET', `${path}/codes`)).toMatchObject({
    status: 200,
    body: { data: [{ usageLimit: 1 }, {}, {}] },
  });
  expect(await call('GET', `${path}/redemptions`)).toMatchObject({ status: 200, body: { data: [] } });
  expect(await call('POST', `${path}/archival`)).toMatchObject({
    status: 200,
    body: { status: 'archived', codeCount: 0 },
  });
  expect(await call('PATCH', path, { title: 'Never' })).toMatchObject({
    status: 409,
    body: { code: 'discount_archived' },
  });
});

test('what is wrong with a discount is told by field, and another company has never heard of it', async () => {
  const [call, stranger] = [await given(), await given()];
  const odd = await call('POST', '/v1/discounts', { title: 'x', method: 'code', kind: 'fixed_price', percentPpm: 1 });
  expect(odd).toMatchObject({ status: 400, body: { errors: [{ pointer: '/percentPpm' }, { pointer: '/amounts' }] } });
  const gift = await call('POST', '/v1/discounts', { title: 'x', method: 'code', kind: 'gift' });
  expect(gift).toMatchObject({ status: 400 });
  expect(gift.text).toContain('Gifts cannot be given yet');
  const made = await call<Made>('POST', '/v1/discounts', { title: 'Free', method: 'automatic', kind: 'free_shipping' });
  expect(made).toMatchObject({ status: 201, body: { class: 'shipping' } });
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['PATCH', '', { title: 'Mine' }],
    ['POST', '/archival', undefined],
    ['POST', '/codes', { codes: ['A'] }],
    ['POST', '/code-batches', { count: 1 }],
    ['DELETE', '/codes/A', undefined],
    ['GET', '/codes', undefined],
    ['GET', '/redemptions', undefined],
  ] as const)
    expect(await stranger(method, `/v1/discounts/${made.body.id}${path}`, body)).toMatchObject({ status: 404 });
});
