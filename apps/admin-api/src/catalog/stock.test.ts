import { useDatabase } from '@souk/domain/testing/database';
import { givenGoods } from '@souk/domain/testing/goods';
import { expect, test } from 'vitest';
import { bootAdmin, register } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);

async function given() {
  const { company, tokens } = await register(admin);
  const call = <T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => admin.call<T>(method, path, { token: tokens.accessToken, body, headers });
  return { companyId: company.id as `com_${string}`, call }; // registration gives ids of that kind
}

test('a company is born with a place for its goods, and a change of stock by SKU shows in its levels', async () => {
  const { companyId, call } = await given();
  const { variantId } = await givenGoods(db, companyId, { sku: 'ADIRE-M' });
  const places = await call<{ data: { id: string; handle: string }[] }>('GET', '/v1/stock-locations');
  expect(places.body.data).toMatchObject([{ handle: 'main', isActive: true }]);
  const adjusted = await call('POST', '/v1/stock-adjustments', { sku: 'adire-m', delta: 7, reason: 'Delivery' });
  expect(adjusted).toMatchObject({
    status: 201,
    body: { delta: 7, stockLevel: { variantId, onHand: 7, available: 7 } },
  });
  const levels = await call('GET', '/v1/stock-levels?sku=ADIRE-M');
  expect(levels).toMatchObject({ status: 200, body: { data: [{ sku: 'ADIRE-M', onHand: 7 }] } });
  const changed = await call('PATCH', `/v1/stock-levels/${variantId}`, { safetyStock: 3, lowStockThreshold: 4 });
  expect(changed).toMatchObject({ status: 200, body: { available: 4, isLow: true } });
  expect(await call('GET', '/v1/stock-levels?low=true')).toMatchObject({ body: { data: [{ variantId }] } });
  const movements = await call('GET', `/v1/stock-movements?variantId=${variantId}`);
  expect(movements).toMatchObject({ status: 200, body: { data: [{ onHandDelta: 7, reason: 'Delivery' }] } });
  expect(await call('GET', '/v1/stock-reservations?status=held')).toMatchObject({ status: 200, body: { data: [] } });
});

test('what is wrong is named by its field: both names, no change, too little, a stale count', async () => {
  const { companyId, call } = await given();
  const { variantId } = await givenGoods(db, companyId, { sku: 'A' });
  const adjust = (body: object) =>
    call<{ code: string; errors: { pointer: string }[] }>('POST', '/v1/stock-adjustments', body);
  const reason = 'Count';
  const pointers = async (body: object) => (await adjust(body)).body.errors.map(({ pointer }) => pointer);
  expect(await pointers({ sku: 'A', variantId, delta: 1, reason })).toEqual(['/sku']);
  expect(await pointers({ sku: 'A', reason })).toEqual(['/delta']);
  expect(await pointers({ sku: 'A', delta: 0, reason })).toContain('/delta');
  expect(await pointers({ sku: 'A', delta: 1 })).toEqual(['/reason']);
  expect(await adjust({ sku: 'A', delta: -1, reason })).toMatchObject({
    status: 409,
    body: { code: 'stock_below_zero' },
  });
  expect(await adjust({ sku: 'A', setTo: 1, expected: 4, reason })).toMatchObject({
    status: 409,
    body: { code: 'stock_changed' },
  });
  expect(await adjust({ sku: 'B', delta: 1, reason })).toMatchObject({ status: 404 });
});

test('many counts in one go answer row by row', async () => {
  const { companyId, call } = await given();
  await givenGoods(db, companyId, { sku: 'A' });
  const rows = [
    { sku: 'A', setTo: 5 },
    { sku: 'Z', delta: 1 },
  ];
  const { status, body } = await call('POST', '/v1/stock-adjustment-batches', { reason: 'Stocktaking', rows });
  expect({ status, body }).toMatchObject({
    status: 201,
    body: {
      counts: { adjusted: 1, unchanged: 0, refused: 1 },
      rows: [{ onHand: 5 }, { error: { code: 'not_found' } }],
    },
  });
});

test('locations are made, changed by version, and the last active one stays on', async () => {
  const { call } = await given();
  const made = await call<{ id: string }>('POST', '/v1/stock-locations', {
    name: 'Abuja',
    handle: 'abuja',
    priority: 2,
  });
  expect(made).toMatchObject({ status: 201, body: { handle: 'abuja', isActive: true, version: 1 } });
  const again = await call('POST', '/v1/stock-locations', { name: 'Abuja', handle: 'abuja' });
  expect(again).toMatchObject({ status: 409, body: { code: 'location_handle_taken' } });
  const patch = (id: string, body: object, version = '*') =>
    call('PATCH', `/v1/stock-locations/${id}`, body, { 'if-match': version });
  expect(await patch(made.body.id, { priority: 0 }, '"1"')).toMatchObject({ status: 200, body: { version: 2 } });
  expect(await patch(made.body.id, { priority: 1 }, '"1"')).toMatchObject({ status: 412 });
  const { body } = await call<{ data: { id: string }[] }>('GET', '/v1/stock-locations');
  const outcomes = await Promise.all(body.data.map(({ id }) => patch(id, { isActive: false })));
  expect(outcomes.map(({ status }) => status).sort()).toEqual([200, 409]);
});

test("another company's location and variant are exactly like missing ones", async () => {
  const [mine, other] = [await given(), await given()];
  const { variantId } = await givenGoods(db, other.companyId);
  const { body } = await other.call<{ data: { id: string }[] }>('GET', '/v1/stock-locations');
  const answers = async (path: string, method = 'GET', sent?: object) => {
    const { status, body: said } = await mine.call(method, path, sent);
    return { status, ...said, requestId: undefined, instance: undefined };
  };
  const missing = 'loc_01h455vb4pex5vsknk084sn02q';
  expect(await answers(`/v1/stock-locations/${body.data[0]?.id}`)).toEqual(
    await answers(`/v1/stock-locations/${missing}`),
  );
  const change = { safetyStock: 1 };
  const unknown = 'var_01h455vb4pex5vsknk084sn02q';
  expect(await answers(`/v1/stock-levels/${variantId}`, 'PATCH', change)).toEqual(
    await answers(`/v1/stock-levels/${unknown}`, 'PATCH', change),
  );
});

test('goods are sent from one location to another and received in parts', async () => {
  const { companyId, call } = await given();
  const { variantId } = await givenGoods(db, companyId, { sku: 'A' });
  await call('POST', '/v1/stock-adjustments', { sku: 'A', delta: 5, reason: 'Delivery' });
  const made = await call<{ id: string }>('POST', '/v1/stock-locations', {
    name: 'Abuja',
    handle: 'abuja',
    priority: 2,
  });
  const places = await call<{ data: { id: string }[] }>('GET', '/v1/stock-locations');
  const plan = {
    fromLocationId: places.body.data[0]?.id,
    toLocationId: made.body.id,
    lines: [{ variantId, quantity: 4 }],
  };
  expect(await call('POST', '/v1/stock-transfers', { ...plan, toLocationId: plan.fromLocationId })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/toLocationId' }] },
  });
  const draft = await call<{ id: string }>('POST', '/v1/stock-transfers', plan);
  expect(draft).toMatchObject({ status: 201, body: { status: 'draft' } });
  const path = `/v1/stock-transfers/${draft.body.id}`;
  expect(await call('POST', `${path}/departure`)).toMatchObject({ status: 200, body: { status: 'in_transit' } });
  const part = { lines: [{ variantId, received: 3 }] };
  expect(await call('POST', `${path}/receipts`, part)).toMatchObject({ status: 201, body: { status: 'in_transit' } });
  expect(await call('POST', `${path}/receipts`, part)).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/lines/0' }] },
  });
  expect(await call('POST', `${path}/cancellation`)).toMatchObject({ status: 200, body: { status: 'cancelled' } });
  const levels = await call<{ data: { onHand: number; incoming: number }[] }>(
    'GET',
    `/v1/stock-levels?variantId=${variantId}`,
  );
  expect(levels.body.data.map(({ onHand, incoming }) => [onHand, incoming])).toEqual([
    [2, 0],
    [3, 0],
  ]);
  expect(await call('GET', '/v1/stock-drifts')).toMatchObject({ status: 200, body: { data: [] } });
  expect(await call('POST', '/v1/stock-corrections', { variantIds: [variantId] })).toMatchObject({
    status: 201,
    body: { corrected: [] },
  });
});
