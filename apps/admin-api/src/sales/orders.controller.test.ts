import { systemSession } from '@souk/domain/kernel/ctx';
import { type CompanyId, newId } from '@souk/domain/kernel/ids';
import type { OrderDetailView, OrderSummaryView, TimelineEntryView } from '@souk/domain/sales/orders/orders.contract';
import { useDatabase } from '@souk/domain/testing/database';
import { givenGoods } from '@souk/domain/testing/listed-goods';
import { givenReservedOrder } from '@souk/domain/testing/reserved-orders';
import { expect, test } from 'vitest';
import { bootAdmin, register } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);

interface Page<Item> {
  data: Item[];
  page: { hasMore: boolean; next: string | null };
  count?: number | string;
}

async function given() {
  const { company, staff, tokens } = await register(admin);
  const companyId = company.id as CompanyId; // what registration answers
  const call = <Body>(method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    admin.call<Body>(method, `/v1/${path}`, { token: tokens.accessToken, body, headers });
  const { variants } = await givenGoods(db, companyId).product({ prices: { NGN: 1_000 }, variants: [{ onHand: 9 }] });
  const order = (lifecycle: 'open' | 'pending' = 'open') =>
    givenReservedOrder(
      db,
      systemSession(companyId, 'test'),
      [{ variantId: variants[0] ?? newId('var'), quantity: 2 }],
      {
        lifecycle,
      },
    );
  return { company, staff, call, order };
}

test('staff list orders, find them and see one whole', async () => {
  const { call, order } = await given();
  const first = await order();
  const second = await order('pending');
  const list = await call<Page<OrderSummaryView>>('GET', 'orders?count=true&limit=1');
  expect(list).toMatchObject({
    status: 200,
    body: { count: 2, page: { hasMore: true }, data: [{ id: second.orderId, units: 2, total: { amount: 2_000 } }] },
  });
  const open = await call<Page<OrderSummaryView>>('GET', 'orders?lifecycle=open&sort=oldest');
  expect(open.body.data.map(({ id }) => id)).toEqual([first.orderId]);
  expect(await call('GET', 'orders?colour=red')).toMatchObject({ status: 400 });
  const one = await call<OrderDetailView>('GET', `orders/${first.orderId}`);
  expect(one).toMatchObject({
    status: 200,
    body: {
      lifecycle: 'open',
      lines: [{ id: first.lineIds[0], quantity: 2 }],
      open: [{ orderLineId: first.lineIds[0], fulfil: 2, ship: 0, return: 0 }],
      dueTotal: { amount: 0, currency: 'NGN' },
      timeline: { data: [] },
      payment: null,
      fulfilments: [],
    },
  });
});

test('staff correct an order under its version and leave notes; both stand in its history and in the log', async () => {
  const { call, order, staff } = await given();
  const { orderId } = await order();
  const path = `orders/${orderId}`;
  const patched = await call<OrderDetailView>('PATCH', path, { note: 'Careful', tags: ['vip'] }, { 'if-match': '"1"' });
  expect(patched).toMatchObject({ status: 200, body: { note: 'Careful', tags: ['vip'], version: 2 } });
  expect(await call('PATCH', path, { note: 'x' }, { 'if-match': '"1"' })).toMatchObject({ status: 412 });
  expect(await call('PATCH', path, { total: 1 })).toMatchObject({ status: 400 });
  const note = await call<TimelineEntryView>('POST', `${path}/notes`, { message: 'Rang her' });
  expect(note).toMatchObject({ status: 201, body: { kind: 'note', actor: { type: 'staff', id: staff.id } } });
  const history = await call<Page<TimelineEntryView>>('GET', `${path}/timeline`);
  expect(history.body.data.map(({ kind }) => kind)).toEqual(['note', 'updated']);
  const log = await call<Page<{ action: string }>>('GET', `audit-entries?entity=${orderId}`);
  expect(log.body.data.map(({ action }) => action)).toEqual(['order.note_added', 'order.updated']);
});

test('orders go out as CSV', async () => {
  const { call, order } = await given();
  const { orderId } = await order();
  const file = await call('GET', 'orders.csv?lifecycle=open');
  expect(file.status).toBe(200);
  expect(file.headers['content-type']).toMatch(/^text\/csv/);
  expect(file.text.split('\r\n')[1]).toContain(`${orderId},`);
});

test("another company's order is like one that is not there", async () => {
  const { order } = await given();
  const { orderId } = await order();
  const other = await given();
  const answers = await Promise.all([
    other.call('GET', `orders/${orderId}`),
    other.call('PATCH', `orders/${orderId}`, { note: 'x' }),
    other.call('POST', `orders/${orderId}/notes`, { message: 'x' }),
    other.call('GET', `orders/${orderId}/timeline`),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
});
