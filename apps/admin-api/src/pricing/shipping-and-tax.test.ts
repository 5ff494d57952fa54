import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { bootAdmin, register } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);

interface Made {
  id: string;
  version: number;
}
interface Listed<Item = Made> {
  data: Item[];
}
interface Faulty {
  code: string;
  detail: string;
  errors: { pointer: string; code: string }[];
}

async function given() {
  const { company, tokens } = await register(admin);
  const call = <T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => admin.call<T>(method, path, { token: tokens.accessToken, body, headers });
  return {
    company,
    call,
    listed: async <Item = Made>(path: string) => (await call<Listed<Item>>('GET', path)).body.data,
  };
}

test('a new company ships within its country and taxes what is usual there, all of it editable', async () => {
  const { call, listed } = await given();
  const zones = await listed('/v1/shipping-zones');
  expect(zones).toMatchObject([{ name: 'Nigeria', areas: [{ country: 'NG', region: null, postcodePattern: null }] }]);
  const [profile] = await listed('/v1/shipping-profiles');
  expect(profile).toMatchObject({ isDefault: true });
  const [option] = await listed(`/v1/shipping-options?zoneId=${zones[0]?.id}&profileId=${profile?.id}`);
  expect(option).toMatchObject({ basis: 'flat', rates: [{ from: 0, price: { amount: 0, currency: 'NGN' } }] });
  const rates = [{ price: { amount: 250_000, currency: 'NGN' } }];
  const priced = await call('PATCH', `/v1/shipping-options/${option?.id}`, { rates }, { 'if-match': '"1"' });
  expect(priced).toMatchObject({ status: 200, body: { version: 2, rates: [{ from: 0, ...rates[0] }] } });
  const [tax] = await listed('/v1/tax-rates?country=NG');
  expect(tax).toMatchObject({ name: 'VAT', ratePpm: 75_000, region: null, taxCategory: null, appliesToShipping: true });
  const setup = await call<{ steps: { key: string; isDone: boolean }[] }>('GET', '/v1/setup');
  expect(setup.body.steps).toContainEqual(expect.objectContaining({ key: 'shipping', isDone: true }));
});

test('tax rates are made, changed under their version and deleted over HTTP', async () => {
  const { call, listed } = await given();
  const body = { name: 'Sales tax', country: 'US', region: 'California', ratePpm: 72_500, appliesToShipping: false };
  const made = await call<Made>('POST', '/v1/tax-rates', body);
  expect(made).toMatchObject({ status: 201, body: { ...body, taxCategory: null, isActive: true, version: 1 } });
  const path = `/v1/tax-rates/${made.body.id}`;
  expect(await call<Faulty>('POST', '/v1/tax-rates', { ...body, region: 'CA' })).toMatchObject({
    status: 409,
    body: { code: 'tax_rate_taken' },
  });
  expect(await call('PATCH', path, { ratePpm: 80_000 }, { 'if-match': '"2"' })).toMatchObject({ status: 412 });
  expect(await call('PATCH', path, { ratePpm: 80_000 }, { 'if-match': '"1"' })).toMatchObject({ status: 200 });
  expect(await call('GET', path)).toMatchObject({ status: 200, body: { ratePpm: 80_000, version: 2 } });
  expect(await listed('/v1/tax-rates?country=US')).toHaveLength(1);
  expect(await call('DELETE', path, undefined, { 'if-match': '"1"' })).toMatchObject({ status: 412 });
  expect(await call('DELETE', path)).toMatchObject({ status: 204 });
  expect(await call('GET', path)).toMatchObject({ status: 404 });
});

test('what is wrong is named by its field', async () => {
  const { call } = await given();
  const pointersOf = async (path: string, body: unknown) => {
    const answer = await call<Faulty>('POST', path, body);
    expect(answer.status).toBe(400);
    return answer.body.errors.map(({ pointer }) => pointer);
  };
  const rate = { name: 'VAT', country: 'NG', ratePpm: 1_000_001 };
  expect(await pointersOf('/v1/tax-rates', rate)).toEqual(['/ratePpm']);
  expect(await pointersOf('/v1/tax-rates', { ...rate, ratePpm: 7.5 })).toEqual(['/ratePpm']);
  expect(await pointersOf('/v1/tax-rates', { ...rate, ratePpm: 1, country: 'XX', odd: 1 })).toContain('/country');
  expect(await pointersOf('/v1/shipping-zones', { name: 'Nowhere', areas: [] })).toEqual(['/areas']);
  const areas = [{ country: 'GB', postcodePattern: 'E1..' }];
  expect(await pointersOf('/v1/shipping-zones', { name: 'East', areas })).toEqual(['/areas/0/postcodePattern']);
  const price = { amount: -1, currency: 'NGN' };
  const option = { zoneId: 'shz_01h455vb4pex5vsknk084sn02q', name: 'Post', rates: [{ price }] };
  expect(await pointersOf('/v1/shipping-options', option)).toEqual(['/rates/0/price/amount']);
  const priced = { ...option, rates: [{ price: { ...price, amount: 1 } }] };
  expect(await pointersOf('/v1/shipping-options', priced)).toEqual(['/zoneId']);
});

test('a profile takes products, is made the default, and zones and profiles in use say the way out', async () => {
  const { call, listed } = await given();
  const [first] = await listed('/v1/shipping-profiles');
  const profile = await call<Made>('POST', '/v1/shipping-profiles', { name: 'Bulky goods' });
  expect(profile).toMatchObject({ status: 201, body: { isDefault: false } });
  const path = `/v1/shipping-profiles/${profile.body.id}`;
  const variants = [{ sku: 'SOFA', prices: [{ amount: 125_000, currency: 'NGN' }] }];
  const product = await call<Made>('POST', '/v1/products', { title: 'Sofa', variants });
  const productIds = [product.body.id];
  expect(await call('POST', `${path}/products`, { productIds })).toMatchObject({ status: 204 });
  expect(await listed(`${path}/products`)).toMatchObject([{ productId: product.body.id, title: 'Sofa' }]);
  expect(await call('DELETE', `${path}/products/${product.body.id}`)).toMatchObject({ status: 204 });
  expect(await call('DELETE', `${path}/products/${product.body.id}`)).toMatchObject({ status: 404 });
  const [zone] = await listed('/v1/shipping-zones');
  const option = await call('POST', '/v1/shipping-options', {
    zoneId: zone?.id,
    profileId: profile.body.id,
    name: 'Lorry',
    basis: 'weight',
    rates: [{ from: 0, price: { amount: 900_000, currency: 'NGN' } }],
  });
  expect(option.status).toBe(201);
  for (const [where, code] of [
    [path, 'profile_has_options'],
    [`/v1/shipping-zones/${zone?.id}`, 'zone_has_options'],
    [`/v1/shipping-profiles/${first?.id}`, 'default_profile_needed'],
  ])
    expect(await call('DELETE', String(where))).toMatchObject({ status: 409, body: { code } });
  expect(await call('PATCH', path, { isDefault: false })).toMatchObject({ status: 400 });
  expect(await call('PATCH', path, { isDefault: true })).toMatchObject({ status: 200, body: { isDefault: true } });
  expect(await call('GET', `/v1/shipping-profiles/${first?.id}`)).toMatchObject({ body: { isDefault: false } });
});
