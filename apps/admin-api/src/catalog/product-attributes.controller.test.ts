import type { AttributeView } from '@souk/domain/catalog/products/attributes.contract';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';
import { expect, test } from 'vitest';
import { bootAdmin } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);

interface Refused {
  code: string;
  errors?: { pointer: string; code: string }[];
}

async function given() {
  const shop = await givenShopAtDoor(db, admin);
  const { token } = await shop.loggedInWith(['products.read', 'products.write']);
  const call = <Body = AttributeView>(method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    admin.call<Body>(method, `/v1/${path}`, { token, body, headers });
  const declare = async (body: object) => (await call('POST', 'product-attributes', body)).body;
  return { shop, call, declare };
}

test('products have typed facts: a value that does not fit is refused, null takes it off', async () => {
  const { call, declare } = await given();
  await declare({ key: 'material', name: 'Material', type: 'choice', choices: ['cotton', 'silk'] });
  await declare({ key: 'width', name: 'Width', type: 'number', unit: 'cm' });
  await declare({ key: 'washable', name: 'Washable', type: 'boolean' });
  await declare({ key: 'season', name: 'Season begins', type: 'date' });
  const attributes = { material: 'silk', width: 12.5, washable: true, season: '2026-02-28' };
  const made = await call<{ id: string; attributes: object }>('POST', 'products', { title: 'Scarf', attributes });
  expect(made.body.attributes).toEqual({ material: 'silk', season: '2026-02-28', washable: 'true', width: '12.5' });
  for (const [key, value] of Object.entries({
    material: 'wool',
    width: 'wide',
    washable: 'yes',
    season: '2026-02-30',
  })) {
    const refused = await call<Refused>('PATCH', `products/${made.body.id}`, { attributes: { [key]: value } });
    expect([refused.status, refused.body.errors?.[0]]).toEqual([
      400,
      expect.objectContaining({ pointer: `/attributes/${key}`, code: 'attribute_value' }),
    ]);
  }
  const patched = await call<{ attributes: object }>('PATCH', `products/${made.body.id}`, {
    attributes: { width: null },
  });
  expect(patched.body.attributes).toEqual({ material: 'silk', season: '2026-02-28', washable: 'true' });
});

test('an attribute or a choice that products have cannot go; otherwise it can', async () => {
  const { call, declare } = await given();
  const { id } = await declare({ key: 'material', name: 'Material', type: 'choice', choices: ['cotton', 'silk'] });
  const { body } = await call<{ id: string }>('POST', 'products', { title: 'Scarf', attributes: { material: 'silk' } });
  const path = `product-attributes/${id}`;
  expect((await call<Refused>('DELETE', path)).body.code).toBe('attribute_in_use');
  expect((await call<Refused>('PATCH', path, { choices: ['cotton'] })).body.code).toBe('attribute_in_use');
  expect((await call('PATCH', path, { choices: ['silk', 'wool'] })).body.choices).toEqual(['silk', 'wool']);
  await call('PATCH', `products/${body.id}`, { attributes: { material: null } });
  expect((await call('DELETE', path)).status).toBe(204);
  expect((await call('GET', path)).status).toBe(404);
});

test('keys are unique in a company, stale versions are refused, and odd declarations name their field', async () => {
  const [a, b] = [await given(), await given()];
  const declared = await a.declare({ key: 'size', name: 'Size', type: 'text' });
  expect((await b.declare({ key: 'size', name: 'Size', type: 'text' })).key).toBe('size');
  const twice = await a.call<Refused>('POST', 'product-attributes', { key: 'size', name: 'Size', type: 'text' });
  expect([twice.status, twice.body.code]).toEqual([409, 'attribute_key_taken']);
  const path = `product-attributes/${declared.id}`;
  await a.call('PATCH', path, { name: 'Width' }, { 'if-match': '"1"' });
  expect((await a.call('PATCH', path, { name: 'Depth' }, { 'if-match': '"1"' })).status).toBe(412);
  for (const [odd, pointer] of [
    [{ type: 'text', unit: 'cm' }, '/unit'],
    [{ type: 'text', choices: ['a'] }, '/choices'],
    [{ type: 'choice' }, '/choices'],
    [{ type: 'choice', choices: ['a', 'a'] }, '/choices'],
    [{ type: 'text', key: 'Big Size' }, '/key'],
  ] as const) {
    const refused = await a.call<Refused>('POST', 'product-attributes', { key: 'other', name: 'O', ...odd });
    expect([refused.status, refused.body.errors?.[0]?.pointer]).toEqual([400, pointer]);
  }
  for (const id of [declared.id, newId('attr')])
    expect((await b.call('GET', `product-attributes/${id}`)).status).toBe(404);
  const { body } = await a.call<{ data: AttributeView[] }>('GET', 'product-attributes');
  expect(body.data.map(({ name, version }) => [name, version])).toEqual([['Width', 2]]);
  expect(await a.shop.auditOf(declared.id)).toEqual(['attribute.created', 'attribute.updated']);
});

test('declaring, changing and taking away are told, each with the next number', async () => {
  const { shop, call, declare } = await given();
  const { id } = await declare({ key: 'fit', name: 'Fit', type: 'text' });
  await call('PATCH', `product-attributes/${id}`, { name: 'How it fits' });
  await call('DELETE', `product-attributes/${id}`);
  const told = await db.admin`select type, sequence, data -> 'attribute' ->> 'name' as name from events
    where company_id = ${shop.companyId} and aggregate_id = ${id} order by sequence`;
  expect(told).toEqual([
    { type: 'attribute.created', sequence: 1, name: 'Fit' },
    { type: 'attribute.updated', sequence: 2, name: 'How it fits' },
    { type: 'attribute.deleted', sequence: 3, name: 'How it fits' },
  ]);
});
