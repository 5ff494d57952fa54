import { rebuildNext } from '@souk/domain/catalog/collections/rebuilds.flow';
import { systemSession } from '@souk/domain/kernel/ctx';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { bootAdmin, register } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);

interface Listed {
  data: { id: string; name: string; productCount?: number }[];
}
interface Made {
  id: string;
  handle: string;
  version: number;
}
interface Product {
  id: string;
  version: number;
  variants: { id: string }[];
}

async function given() {
  const { company, tokens } = await register(admin);
  const call = <T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => admin.call<T>(method, path, { token: tokens.accessToken, body, headers });
  const product = async (title: string, more: object = {}) => {
    const variants = [{ sku: title.toUpperCase(), prices: [{ amount: 125_000, currency: 'NGN' }] }];
    const made = await call<Product>('POST', '/v1/products', { title, variants, ...more });
    if (made.status !== 201) throw new Error(`The product was refused: ${made.text}`);
    return { ...made.body, variantId: made.body.variants[0]?.id ?? '' };
  };
  return { companyId: company.id as `com_${string}`, call, product }; // registration gives ids of that kind
}

test('a tree of categories is made, counted, moved and taken down over HTTP', async () => {
  const { call, product } = await given();
  const women = await call<Made>('POST', '/v1/categories', { name: 'Women' });
  expect(women).toMatchObject({ status: 201, body: { handle: 'women', ancestorIds: [], version: 1 } });
  const shoes = await call<Made>('POST', '/v1/categories', { name: 'Shoes', parentId: women.body.id });
  const { id } = await product('Sandal', { categoryIds: [shoes.body.id] });
  expect(await call('POST', `/v1/products/${id}/publication`, {})).toMatchObject({ status: 200 });
  const tree = await call<Listed>('GET', '/v1/categories?counts=true');
  expect(tree.body.data.map(({ name, productCount }) => [name, productCount])).toEqual([
    ['Women', 1],
    ['Shoes', 1],
  ]);
  expect(await call('DELETE', `/v1/categories/${women.body.id}`)).toMatchObject({ status: 409 });
  const moved = await call('PATCH', `/v1/categories/${shoes.body.id}`, { parentId: null }, { 'if-match': '"1"' });
  expect(moved).toMatchObject({ status: 200, body: { parentId: null, version: 2 } });
  const stale = await call('PATCH', `/v1/categories/${shoes.body.id}`, { name: 'X' }, { 'if-match': '"1"' });
  expect(stale).toMatchObject({ status: 412 });
  expect(await call('DELETE', `/v1/categories/${shoes.body.id}`)).toMatchObject({ status: 204 });
  expect(await call('GET', `/v1/categories/${shoes.body.id}`)).toMatchObject({ status: 404 });
  expect(await call('GET', `/v1/products/${id}`)).toMatchObject({ body: { categoryIds: [] } });
  expect(await call('GET', '/v1/categories?limit=5')).toMatchObject({ status: 400 });
});

test('a collection with rules finds what was saved before and after it, a manual one holds what it was given', async () => {
  const { call, companyId, product } = await given();
  const cheap = await product('Cheap', { tags: ['Été'] });
  const rules = [
    { field: 'tag', operator: 'equals', value: 'ete' },
    { field: 'price', operator: 'less_than', value: 200_000, currency: 'NGN' },
  ];
  const preview = await call('POST', '/v1/collections/rule-previews', { rules });
  expect(preview).toMatchObject({ status: 200, body: { count: 1, sample: [{ id: cheap.id }] } });
  const made = await call<Made>('POST', '/v1/collections', { title: 'Summer', kind: 'rules', rules });
  expect(made).toMatchObject({ status: 201, body: { handle: 'summer', kind: 'rules', rules } });
  await rebuildNext(db.app.run, systemSession(companyId, 'collections'));
  const later = await product('Later', { tags: ['ÉTÉ'] });
  const membersOf = async (id: string) =>
    (await call<{ data: { productId: string }[] }>('GET', `/v1/collections/${id}/products`)).body.data.map(
      ({ productId }) => productId,
    );
  expect(await membersOf(made.body.id)).toEqual([cheap.id, later.id]);
  const prices = [{ amount: 300_000, currency: 'NGN' }];
  expect(await call('PUT', `/v1/variants/${later.variantId}/prices`, { prices })).toMatchObject({ status: 200 });
  expect(await membersOf(made.body.id)).toEqual([cheap.id]);
  expect(await call('PUT', `/v1/collections/${made.body.id}/pins`, { productIds: [later.id] })).toMatchObject({
    status: 200,
    body: { count: 1 },
  });
  expect(await membersOf(made.body.id)).toEqual([later.id, cheap.id]);
  expect(await call('PUT', `/v1/collections/${made.body.id}/exclusions`, { productIds: [cheap.id] })).toMatchObject({
    status: 200,
  });
  expect(await membersOf(made.body.id)).toEqual([later.id]);

  const manual = await call<Made>('POST', '/v1/collections', { title: 'Picks', kind: 'manual' });
  const path = `/v1/collections/${manual.body.id}/products`;
  expect(await call('PUT', path, { productIds: [later.id, cheap.id] })).toMatchObject({
    status: 200,
    body: { count: 2 },
  });
  expect(await call('DELETE', `${path}/${later.id}`)).toMatchObject({ status: 204 });
  expect(await call('POST', path, { productIds: [later.id], position: 0 })).toMatchObject({ status: 200 });
  expect(await membersOf(manual.body.id)).toEqual([later.id, cheap.id]);
  expect(await call('DELETE', `/v1/collections/${manual.body.id}`)).toMatchObject({ status: 204 });
  expect(await call('GET', `/v1/collections/${manual.body.id}`)).toMatchObject({ status: 404 });
});

test('a rule that asks what cannot be asked is refused by its place', async () => {
  const { call } = await given();
  const refused = async (rule: object) =>
    (
      await call<{ errors: { pointer: string }[] }>('POST', '/v1/collections/rule-previews', { rules: [rule] })
    ).body.errors.map(({ pointer }) => pointer);
  expect(await refused({ field: 'price', operator: 'less_than', value: 5 })).toEqual(['/rules/0/currency']);
  expect(await refused({ field: 'colour', operator: 'equals', value: 'red' })).toEqual(['/rules/0/field']);
  expect(await refused({ field: 'tag', operator: 'contains', value: 'red' })).toEqual(['/rules/0/operator']);
  expect(await refused({ field: 'category', operator: 'equals', value: newId('cat') })).toEqual(['/rules/0/value']);
});

test('prices of a variant are set, seen with the one in force, and remembered', async () => {
  const { call, product } = await given();
  const { id, variantId, version } = await product('Shirt');
  const prices = [
    { amount: 125_000, currency: 'NGN' },
    { amount: 99_000, currency: 'NGN', compareAt: 125_000, validFrom: '2026-01-01T00:00:00+01:00' },
    { amount: 2_500, currency: 'JPY' },
  ];
  const set = await call<{ prices: { amount: number; isCurrent: boolean }[] }>(
    'PUT',
    `/v1/variants/${variantId}/prices`,
    { prices },
  );
  expect(set.body.prices.map(({ amount, isCurrent }) => [amount, isCurrent])).toEqual([
    [2_500, true],
    [125_000, false],
    [99_000, true],
  ]);
  expect(await call('GET', `/v1/variants/${variantId}/prices`)).toMatchObject({ status: 200, body: set.body });
  expect(await call('GET', `/v1/products/${id}`)).toMatchObject({ body: { version: version + 1 } });
  const changes = await call<{ data: { amount: number }[] }>('GET', `/v1/variants/${variantId}/price-changes`);
  expect(changes.body.data).toHaveLength(3);
  const prior = await call('GET', `/v1/variants/${variantId}/prior-prices`);
  expect(prior).toMatchObject({
    status: 200,
    body: { data: [{ currency: 'JPY' }, { currency: 'NGN', amount: 99_000 }] },
  });
  const odd = await call('PUT', `/v1/variants/${variantId}/prices`, {
    prices: [{ amount: 5, currency: 'NGN', compareAt: 4 }],
  });
  expect(odd).toMatchObject({ status: 400, body: { errors: [{ pointer: '/prices/0/compareAt' }] } });
});

test('many prices change by SKU in one go: each row is answered, other currencies stay, one refusal holds up nobody', async () => {
  const { call, product } = await given();
  const [red, blue] = [await product('Red'), await product('Blue')];
  await call('PUT', `/v1/variants/${red.variantId}/prices`, {
    prices: [
      { amount: 125_000, currency: 'NGN' },
      { amount: 9, currency: 'JPY' },
    ],
  });
  const row = (sku: string, amount: number, more: object = {}) => ({
    sku,
    prices: [{ amount, currency: 'NGN', ...more }],
  });
  const updates = [
    row('red', 7),
    row('BLUE', 125_000),
    row('none', 1),
    row('RED', 8),
    row('Blue', 5, { compareAt: 1 }),
  ];
  const { status, body } = await call('POST', '/v1/price-updates', { updates });
  expect({ status, body }).toMatchObject({
    status: 200,
    body: {
      updated: 1,
      unchanged: 1,
      refused: 3,
      results: [
        { sku: 'red', outcome: 'updated' },
        { sku: 'BLUE', outcome: 'unchanged' },
        { outcome: 'refused', errors: [{ pointer: '/updates/2/sku', code: 'unknown_sku' }] },
        { outcome: 'refused', errors: [{ pointer: '/updates/3/sku', code: 'sku_twice' }] },
        { outcome: 'refused', errors: [{ pointer: '/updates/4/sku' }] },
      ],
    },
  });
  const after = await call<{ prices: { amount: number }[] }>('GET', `/v1/variants/${red.variantId}/prices`);
  expect(after.body.prices.map(({ amount }) => amount)).toEqual([9, 7]);
  expect(await call('GET', `/v1/products/${blue.id}`)).toMatchObject({ body: { version: blue.version } });
});

test('a request larger than a transaction is answered as one, its places counted through, and replayed as one', async () => {
  const { call, product } = await given();
  const { variantId } = await product('Last');
  const many = Array.from({ length: 450 }, (_one, at) => ({
    sku: `NONE-${at}`,
    prices: [{ amount: 1, currency: 'NGN' }],
  }));
  const updates = [...many, { sku: 'LAST', prices: [{ amount: 7, currency: 'NGN' }] }, many[0]];
  const send = () =>
    call<{ results: { errors?: object[] }[] }>('POST', '/v1/price-updates', { updates }, { 'idempotency-key': 'once' });
  const first = await send();
  expect(first.body).toMatchObject({ updated: 1, unchanged: 0, refused: 451 });
  expect(first.body.results[451]).toMatchObject({ errors: [{ pointer: '/updates/451/sku' }] });
  expect((await send()).text).toBe(first.text);
  expect(await call('GET', `/v1/variants/${variantId}/prices`)).toMatchObject({ body: { prices: [{ amount: 7 }] } });
});

test('a request of several transactions that is repeated, or sent anew under its key, writes nothing', async () => {
  const { call, product } = await given();
  const sizes = Array.from({ length: 201 }, (_one, at) => ({
    sku: `FIRST-${at}`,
    options: [`${at % 50}`, `${at % 67}`],
  }));
  const valuesTo = (end: number) => Array.from({ length: end }, (_one, at) => `${at}`);
  const options = [
    { name: 'Width', values: valuesTo(50) },
    { name: 'Length', values: valuesTo(67) },
  ];
  const first = await product('First', { options, variants: sizes });
  const send = (amount: number) => {
    const updates = sizes.map(({ sku }) => ({ sku, prices: [{ amount, currency: 'NGN' }] }));
    return call('POST', '/v1/price-updates', { updates }, { 'idempotency-key': 'again' });
  };
  const amountOf = async () =>
    (await call<{ prices: { amount: number }[] }>('GET', `/v1/variants/${first.variantId}/prices`)).body.prices[0]
      ?.amount;
  const answered = await send(7);
  expect(answered.body).toMatchObject({ updated: 201, unchanged: 0, refused: 0 });
  await call('PUT', `/v1/variants/${first.variantId}/prices`, { prices: [{ amount: 9, currency: 'NGN' }] });
  expect((await send(7)).text).toBe(answered.text);
  expect(await amountOf()).toBe(9);
  expect((await send(8)).status).toBe(422);
  expect(await amountOf()).toBe(9);
});

test("another company's category, collection, product and variant answer like missing ones", async () => {
  const [a, b] = [await given(), await given()];
  const category = await a.call<Made>('POST', '/v1/categories', { name: 'Theirs' });
  const collection = await a.call<Made>('POST', '/v1/collections', { title: 'Theirs', kind: 'manual' });
  const { variantId } = await a.product('Theirs');
  const pairs = [
    ['/v1/categories/', category.body.id, newId('cat')],
    ['/v1/collections/', collection.body.id, newId('col')],
    ['/v1/variants/', `${variantId}/prices`, `${newId('var')}/prices`],
    ['/v1/variants/', `${variantId}/price-changes`, `${newId('var')}/price-changes`],
    ['/v1/variants/', `${variantId}/prior-prices`, `${newId('var')}/prior-prices`],
  ] as const;
  for (const [path, theirs, none] of pairs) {
    const [one, other] = [await b.call('GET', path + theirs), await b.call('GET', path + none)];
    expect(one.status).toBe(404);
    expect({ ...one.body, requestId: '' }).toEqual({ ...other.body, requestId: '' });
  }
});
