import { createDefaultLocation } from '@souk/domain/catalog/inventory/locations.service';
import type { ProductsPage } from '@souk/domain/catalog/product-management/product-list.contract';
import type { ProductView } from '@souk/domain/catalog/product-management/product-management.contract';
import { patchSettings } from '@souk/domain/company/settings/settings.service';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';
import { expect, test } from 'vitest';
import { bootAdmin } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);

interface Refused {
  code: string;
  detail: string;
  errors?: { pointer: string; code: string }[];
}

const STAFF = ['products.read', 'products.write', 'inventory.write'];

async function given(permissions = STAFF) {
  const shop = await givenShopAtDoor(db, admin);
  await db.app.run(shop.system, createDefaultLocation);
  const { token } = await shop.loggedInWith(permissions);
  const ask = <Body = ProductView>(method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    admin.call<Body>(method, `/v1/products${path}`, { token, body, headers });
  const make = async (body: object) => {
    const made = await ask('POST', '', body);
    if (made.status !== 201) throw new Error(`${made.status} ${made.text}`);
    return made.body;
  };
  return { shop, token, ask, make };
}

const shirt = {
  title: 'Éclair Shirt',
  description: '<p onclick="x()">Soft<script>alert(1)</script></p>',
  options: [
    { name: 'Colour', values: ['Red', 'Blue'] },
    { name: 'Size', values: ['S', 'M'] },
  ],
  prices: [{ amount: 125_000, currency: 'NGN' }],
  onHand: 3,
  tags: ['cotton'],
};

test('options alone make every combination, each with the price and the stock that are given', async () => {
  const { make, ask } = await given();
  const product = await make(shirt);
  expect(product).toMatchObject({
    handle: 'eclair-shirt',
    kind: 'variable',
    status: 'draft',
    description: '<p>Soft</p>',
    version: 1,
  });
  expect(product.variants.map(({ title }) => title)).toEqual(['Red / S', 'Red / M', 'Blue / S', 'Blue / M']);
  for (const { prices, stock } of product.variants) {
    expect(prices).toEqual([{ amount: 125_000, currency: 'NGN', compareAt: null, validFrom: null, validUntil: null }]);
    expect(stock).toEqual({ onHand: 3, reserved: 0, available: 3 });
  }
  expect((await ask('GET', `/${product.id}`)).body).toEqual(product);
});

test('the same title again gets a handle with a number, also when four are made at once', async () => {
  const { ask } = await given();
  const made = await Promise.all(Array.from({ length: 4 }, () => ask('POST', '', { title: 'Shirt' })));
  expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  expect(made.map(({ body }) => body.handle).sort()).toEqual(['shirt', 'shirt-2', 'shirt-3', 'shirt-4']);
  const taken = await ask<Refused>('POST', '', { title: 'Shirt', handle: 'shirt-3' });
  expect([taken.status, taken.body.code, taken.body.errors?.[0]?.pointer]).toEqual([409, 'handle_taken', '/handle']);
});

test('of two products made at once with one given handle, one is made and the other is told 409', async () => {
  const { ask } = await given();
  const made = await Promise.all(['A', 'B'].map((title) => ask<Refused>('POST', '', { title, handle: 'race' })));
  expect(made.map(({ status }) => status).sort()).toEqual([201, 409]);
});

test('a zero-decimal currency is stored in its whole units', async () => {
  const { make } = await given();
  const product = await make({ title: 'Cup', prices: [{ amount: 980, currency: 'JPY', compareAt: 1_200 }] });
  expect(product.variants[0]?.prices).toMatchObject([{ amount: 980, currency: 'JPY', compareAt: 1_200 }]);
});

test('a patch changes what it names, replaces lists, and keeps variants by their id', async () => {
  const { make, ask } = await given();
  const before = await make({ ...shirt, vendor: 'Adire' });
  const [first, second] = before.variants;
  const patched = await ask('PATCH', `/${before.id}`, {
    title: 'Shirt',
    vendor: null,
    variants: [
      { id: second?.id, sku: 'RED-M' },
      { id: first?.id, prices: [] },
      { options: ['Blue', 'S'], onHand: 2 },
    ],
  });
  expect(patched.status).toBe(200);
  expect(patched.body).toMatchObject({
    title: 'Shirt',
    vendor: null,
    handle: before.handle,
    tags: ['cotton'],
    version: 2,
  });
  expect(
    patched.body.variants.map(({ title, sku, prices, stock }) => [title, sku, prices.length, stock?.onHand]),
  ).toEqual([
    ['Red / M', 'RED-M', 1, 3],
    ['Red / S', null, 0, 3],
    ['Blue / S', null, 1, 3],
  ]);
});

test('a patch that changes nothing leaves the version as it is', async () => {
  const { make, ask } = await given();
  const { id, title, version } = await make(shirt);
  expect((await ask('PATCH', `/${id}`, { title })).body.version).toBe(version);
});

test('who patches what somebody else has changed is told 412 with the version there is', async () => {
  const { make, ask } = await given();
  const { id } = await make({ title: 'Shirt' });
  const match = { 'if-match': '"1"' };
  expect((await ask('PATCH', `/${id}`, { title: 'One' }, match)).status).toBe(200);
  const late = await ask<Refused>('PATCH', `/${id}`, { title: 'Two' }, match);
  expect([late.status, late.body.code]).toEqual([412, 'version_stale']);
});

test('faults name the field of the form, and nothing is made', async () => {
  const { shop, ask } = await given();
  const cases: [object, string, string][] = [
    [{ title: ' ' }, '/title', 'too_small'],
    [{ title: 'A', sku: ' ' }, '/sku', 'too_small'],
    [
      { title: 'A', prices: [{ amount: 5, currency: 'NGN', compareAt: 3 }] },
      '/prices/0/compareAt',
      'compare_at_below_amount',
    ],
    [{ title: 'A', onHand: [{ locationId: newId('loc'), quantity: 1 }] }, '/onHand/0/locationId', 'unknown_location'],
    [{ title: 'A', categoryIds: [newId('cat')] }, '/categoryIds/0', 'unknown_category'],
    [{ title: 'A', attributes: { weave: 'twill' } }, '/attributes/weave', 'unknown_attribute'],
    [{ title: 'A', kind: 'bundle' }, '/variants/0/components', 'components_missing'],
    [{ title: 'A', options: shirt.options, sku: 'X' }, '/sku', 'several_variants'],
    [{ title: 'A', options: [{ name: 'Size', values: [] }] }, '/options/0/values', 'too_small'],
    [{ title: 'A', colour: 'red' }, '/colour', 'unknown_field'],
    [{ title: 'A', variants: [{ weightGrams: -1 }] }, '/variants/0/weightGrams', 'too_small'],
  ];
  for (const [body, pointer, code] of cases) {
    const { status, body: refused } = await ask<Refused>('POST', '', body);
    expect([status, refused.errors?.[0]]).toEqual([400, expect.objectContaining({ pointer, code })]);
  }
  const values = Array.from({ length: 100 }, (_, at) => `V${at}`);
  const options = ['A', 'B', 'C'].map((name) => ({ name, values }));
  const huge = await ask<Refused>('POST', '', { title: 'A', options });
  expect([huge.status, huge.body.errors?.[0]?.code]).toEqual([400, 'too_many_combinations']);
  const rows = await db.admin`select id from products where company_id = ${shop.companyId}`;
  expect(rows).toHaveLength(0);
});

test('a description nested without end, or too long in all languages together, is refused at its field', async () => {
  const { ask, make } = await given();
  const deep = '<b>'.repeat(5_000);
  const { id } = await make({ title: 'Cup' });
  const errorsOf = async (method: string, path: string, body: object) => {
    const { status, body: refused } = await ask<Refused>(method, path, body);
    return [status, refused.errors?.map(({ pointer, code }) => `${pointer} ${code}`).join()];
  };
  expect(await errorsOf('POST', '', { title: 'A', description: deep })).toEqual([400, '/description too_deep']);
  expect(await errorsOf('POST', '', { title: 'A', translations: { fr: { description: deep } } })).toEqual([
    400,
    '/translations/fr/description too_deep',
  ]);
  expect(await errorsOf('PATCH', `/${id}`, { description: deep })).toEqual([400, '/description too_deep']);
  expect(await errorsOf('PUT', `/${id}/translations/fr`, { description: deep })).toEqual([
    400,
    '/description too_deep',
  ]);
  const long = { description: 'x'.repeat(90_000) };
  const [status, where] = await errorsOf('POST', '', {
    title: 'A',
    ...long,
    translations: { fr: long, de: long, ha: long },
  });
  expect([status, String(where)]).toEqual([400, expect.stringMatching(/^\/translations /)]);
  for (const locale of ['fr', 'de', 'ha'])
    expect((await ask('PUT', `/${id}/translations/${locale}`, long)).status).toBe(200);
  expect(await errorsOf('PUT', `/${id}/translations/yo`, long)).toEqual([400, '/translations too_long_together']);
});

test('publication, withdrawal and archival lead where they say, twice as well as once', async () => {
  const { shop, make, ask } = await given();
  const { id } = await make({ title: 'Shirt' });
  const published = await ask('POST', `/${id}/publication`, {});
  expect(published.body).toMatchObject({ status: 'active', version: 2, hints: [{ code: 'no_price' }] });
  const again = await ask('POST', `/${id}/publication`, {});
  expect(again.body).toEqual(published.body);
  const later = await ask('POST', `/${id}/publication`, { publishAt: '2030-01-01T00:00:00+01:00' });
  expect(later.body).toMatchObject({ publishedAt: '2029-12-31T23:00:00.000Z', unpublishAt: null });
  const odd = await ask<Refused>('POST', `/${id}/publication`, { unpublishAt: '2029-01-01T00:00:00Z' });
  expect([odd.status, odd.body.errors?.[0]?.pointer]).toEqual([400, '/unpublishAt']);
  expect((await ask('POST', `/${id}/archival`)).body.status).toBe('archived');
  expect((await ask('POST', `/${id}/archival`)).body.version).toBe(4);
  expect((await ask('POST', `/${id}/withdrawal`)).body).toMatchObject({ status: 'draft', publishedAt: null });
  expect((await shop.eventsOf(id)).map(({ type, sequence }) => [type, sequence])).toEqual([
    ['product.created', 1],
    ['product.published', 2],
    ['product.updated', 3],
    ['product.archived', 4],
    ['product.updated', 5],
  ]);
  expect(await shop.auditOf(id)).toEqual([
    'product.created',
    'product.published',
    'product.updated',
    'product.archived',
    'product.updated',
  ]);
});

test('where approval is required, publishing waits for somebody who may approve, and comes back with a reason', async () => {
  const { shop, make, ask } = await given();
  await db.app.run(shop.system, (ctx) => patchSettings(ctx, 'catalogue', { requireApproval: true }));
  const chief = await shop.loggedInWith([...STAFF, 'products.approve']);
  const asChief = (path: string, body?: object) =>
    admin.call<ProductView & Refused>('POST', `/v1/products${path}`, { token: chief.token, body });
  const { id } = await make({ title: 'Shirt', status: 'active' });
  expect((await ask('GET', `/${id}`)).body).toMatchObject({ status: 'pending_approval', publishedAt: null });
  expect((await ask<Refused>('POST', `/${id}/approval`)).body.code).toBe('permission_missing');
  const rejected = await asChief(`/${id}/rejection`, { reason: 'No picture.' });
  expect(rejected.body).toMatchObject({ status: 'draft', rejectionReason: 'No picture.' });
  expect((await asChief(`/${id}/rejection`, { reason: 'Again.' })).body.code).toBe('status_move_refused');
  expect((await ask('POST', `/${id}/publication`, {})).body).toMatchObject({
    status: 'pending_approval',
    rejectionReason: null,
    submittedById: expect.stringMatching(/^stf_/),
  });
  expect((await asChief(`/${id}/approval`)).body).toMatchObject({ status: 'active', publishedAt: expect.any(String) });
  expect((await asChief(`/${id}/approval`)).status).toBe(409);
  expect((await ask('PATCH', `/${id}`, { title: 'Better shirt' })).body.status).toBe('active');
});

test('what moved on since it was read is not approved, rejected, published, withdrawn or archived', async () => {
  const { shop, ask, make } = await given();
  await db.app.run(shop.system, (ctx) => patchSettings(ctx, 'catalogue', { requireApproval: true }));
  const { token } = await shop.loggedInWith([...STAFF, 'products.approve']);
  const { id, version } = await make({ title: 'Shirt', status: 'active', sku: 'SHIRT' });
  const variant = (await ask('PATCH', `/${id}`, { title: 'Something else' })).body.variants[0]?.id;
  const asked = (path: string, ifMatch: string, body: object = {}, method = 'POST') =>
    admin.call<{ version: number }>(method, `/v1/${path}`, { token, body, headers: { 'if-match': ifMatch } });
  const moves = { approval: {}, rejection: { reason: 'No.' }, publication: {}, withdrawal: {}, archival: {} };
  for (const [move, body] of Object.entries(moves))
    expect([move, (await asked(`products/${id}/${move}`, `"${version}"`, body)).status]).toEqual([move, 412]);
  const prices = { prices: [{ amount: 5, currency: 'NGN' }] };
  expect((await asked(`variants/${variant}/prices`, `"${version}"`, prices, 'PUT')).status).toBe(412);
  const set = await asked(`variants/${variant}/prices`, `"${version + 1}"`, prices, 'PUT');
  expect(set).toMatchObject({ status: 200, body: { version: version + 2 } });
  expect((await asked(`products/${id}/approval`, `"${version + 2}"`)).body).toMatchObject({ status: 'active' });
});

test('an end that passed while it waited for approval does not hide what is approved', async () => {
  const { shop, ask, make } = await given();
  await db.app.run(shop.system, (ctx) => patchSettings(ctx, 'catalogue', { requireApproval: true }));
  const { token } = await shop.loggedInWith([...STAFF, 'products.approve']);
  const { id } = await make({ title: 'Shirt' });
  await ask('POST', `/${id}/publication`, { unpublishAt: '2999-01-01T00:00:00Z' });
  await db.admin`update products set unpublish_at = now() - interval '1 hour', published_at = now() - interval '2 hours' where id = ${id}`;
  const approved = await admin.call('POST', `/v1/products/${id}/approval`, { token });
  expect(approved).toMatchObject({ status: 200, body: { status: 'active', unpublishAt: null } });
});

test('a copy is a draft with names of its own, its prices, and nothing in stock', async () => {
  const { make, ask } = await given();
  const original = await make({
    ...shirt,
    variants: [{ sku: 'RED', barcode: '400', options: ['Red', 'S'], prices: shirt.prices }],
    prices: undefined,
    onHand: undefined,
  });
  const { status, body } = await ask('POST', `/${original.id}/copies`, {});
  expect(status).toBe(201);
  expect(body).toMatchObject({ handle: 'eclair-shirt-2', title: original.title, status: 'draft' });
  expect(body.variants).toMatchObject([
    { sku: null, barcode: null, stock: { onHand: 0 }, prices: [{ amount: 125_000 }] },
  ]);
  expect(body.variants[0]?.id).not.toBe(original.variants[0]?.id);
});

test('words in another language are set, replaced and taken away; what is not given is null', async () => {
  const { make, ask } = await given();
  const { id } = await make({ title: 'Shirt', translations: { de: { title: 'Hemd' } } });
  const set = await ask('PUT', `/${id}/translations/fr`, {
    title: 'Chemise',
    description: '<b>Douce</b><script></script>',
  });
  expect(set.body.translations).toEqual({
    de: { title: 'Hemd', description: null, seoTitle: null, seoDescription: null },
    fr: { title: 'Chemise', description: '<b>Douce</b>', seoTitle: null, seoDescription: null },
  });
  await ask('PUT', `/${id}/translations/fr`, { title: 'Tunique' });
  const { body } = await ask('DELETE', `/${id}/translations/de`);
  expect(body.translations).toMatchObject({ fr: { title: 'Tunique', description: null } });
  expect(Object.keys(body.translations)).toEqual(['fr']);
  expect((await ask('PUT', `/${id}/translations/fr_FR`, {})).status).toBe(400);
});

test('the list filters, sorts, counts and turns its pages without losing or repeating one', async () => {
  const { make, ask } = await given();
  expect((await ask('GET', '?count=true')).body).toEqual({ data: [], page: { hasMore: false, next: null }, count: 0 });
  for (const [title, more] of [
    ['Zebra cup', { vendor: 'Clay & Co', tags: ['Blue'] }],
    ['apron', { vendor: 'CLAY & CO', sku: 'APR-1', status: 'active', prices: [{ amount: 5, currency: 'NGN' }] }],
    ['Bowl', { productType: 'Kitchen' }],
  ] as const)
    await make({ title, ...more });
  const list = async (query: string) => {
    const { status, body } = await ask<ProductsPage>('GET', `?${query}`);
    expect(status).toBe(200);
    return body;
  };
  const titles = async (query: string) => (await list(query)).data.map(({ title }) => title);
  expect(await titles('')).toEqual(['Bowl', 'apron', 'Zebra cup']);
  expect(await titles('sort=title')).toEqual(['apron', 'Bowl', 'Zebra cup']);
  expect(await titles('vendor=clay+%26+co')).toEqual(['apron', 'Zebra cup']);
  expect(await titles('tag=blue')).toEqual(['Zebra cup']);
  expect(await titles('productType=kitchen')).toEqual(['Bowl']);
  expect(await titles('status=active')).toEqual(['apron']);
  expect(await titles('q=APR-')).toEqual(['apron']);
  expect(await titles('q=zeb')).toEqual(['Zebra cup']);
  expect(await titles(`categoryId=${newId('cat')}`)).toEqual([]);
  expect(await titles(`collectionId=${newId('col')}`)).toEqual([]);
  const counted = await list('count=true&limit=1');
  expect([counted.count, counted.data.length]).toEqual([3, 1]);
  expect((await list('status=active')).data[0]).toMatchObject({
    variantCount: 1,
    prices: [{ currency: 'NGN', min: 5, max: 5 }],
  });
  for (const sort of ['newest', 'title', '-updated']) {
    const seen: string[] = [];
    for (let after = ''; ; ) {
      const { data, page } = await list(`sort=${sort}&limit=1${after}`);
      seen.push(...data.map(({ title }) => title));
      if (!page.hasMore) break;
      after = `&after=${page.next}`;
    }
    expect(seen).toEqual(await titles(`sort=${sort}`));
  }
  expect((await ask('GET', '?colour=red')).status).toBe(400);
  expect((await ask('GET', '?sort=price')).status).toBe(400);
});

test("another company's product is exactly like a missing one on every route", async () => {
  const [a, b] = [await given([...STAFF, 'products.approve']), await given()];
  const { id } = await b.make({ title: 'Shirt' });
  const routes: [string, string, object?][] = [
    ['GET', ''],
    ['PATCH', '', { title: 'x' }],
    ['POST', '/publication', {}],
    ['POST', '/withdrawal'],
    ['POST', '/archival'],
    ['POST', '/approval'],
    ['POST', '/rejection', { reason: 'x' }],
    ['POST', '/copies', {}],
    ['PUT', '/translations/fr', {}],
    ['DELETE', '/translations/fr'],
  ];
  for (const [method, path, body] of routes) {
    const answers = [];
    for (const one of [id, newId('prod')]) {
      const { status, body: refused } = await a.ask<Refused & { requestId?: string; instance?: string }>(
        method,
        `/${one}${path}`,
        body,
      );
      const { requestId: _request, instance: _instance, ...rest } = refused;
      answers.push([status, rest]);
    }
    expect([method, path, answers[0]]).toEqual([method, path, answers[1]]);
    expect(answers[0]?.[0]).toBe(404);
  }
  expect((await a.ask('GET', '/cat_01h455vb4pex5vsknk084sn02q')).status).toBe(400);
});

test('who may not count stock may make products, but not say how many there are', async () => {
  const { ask } = await given(['products.read', 'products.write']);
  const refused = await ask<Refused>('POST', '', { title: 'Shirt', onHand: 5 });
  expect([refused.status, refused.body.code]).toEqual([403, 'permission_missing']);
  expect((await ask('POST', '', { title: 'Shirt' })).status).toBe(201);
});

test('a bundle has as many as its scarcest component allows', async () => {
  const { make, ask } = await given();
  const [cup, plate] = [await make({ title: 'Cup', onHand: 5 }), await make({ title: 'Plate', onHand: 9 })];
  const components = [
    { variantId: cup.variants[0]?.id, quantity: 2 },
    { variantId: plate.variants[0]?.id, quantity: 1 },
  ];
  const set = await make({ title: 'Set', kind: 'bundle', variants: [{ components }] });
  expect(set.variants[0]).toMatchObject({ components, stock: { available: 2 } });
  const nested = await ask<Refused>('POST', '', {
    title: 'Sets',
    kind: 'bundle',
    variants: [{ components: [{ variantId: set.variants[0]?.id, quantity: 1 }] }],
  });
  expect(nested.body.errors?.[0]).toMatchObject({
    code: 'bundle_in_bundle',
    pointer: '/variants/0/components/0/variantId',
  });
});

test('the same Idempotency-Key makes one product', async () => {
  const { ask } = await given();
  const headers = { 'idempotency-key': 'shirt-1' };
  const [one, two] = [
    await ask('POST', '', { title: 'Shirt' }, headers),
    await ask('POST', '', { title: 'Shirt' }, headers),
  ];
  expect(two.body).toEqual(one.body);
  expect(two.headers['idempotency-replayed']).toBe('true');
});
