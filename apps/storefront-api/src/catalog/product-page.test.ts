import { readMovedHandle } from '@souk/domain/catalog/listing/product-page.service';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { bootStorefront } from '../testing/boot-storefront.ts';
import { givenShopfront } from '../testing/shopfront.ts';

const db = useDatabase();
const storefront = bootStorefront(db);
const givenShop = () => givenShopfront(db, storefront);

test('an archived variant and an attribute kept inside are not on the page', async () => {
  const shop = await givenShop();
  const { id, variants } = await shop.product({
    handle: 'gown',
    variants: [
      { sku: 'G-S', options: { Size: 'S' }, onHand: 0 },
      { sku: 'G-M', options: { Size: 'M' }, onHand: 5 },
    ],
  });
  await db.admin`update product_variants set archived_at = now() where id = ${variants[1] ?? ''}`;
  const definitions = ['shown', 'inside'].map((key, position) => ({
    id: newId('attr'),
    key,
    name: key,
    type: 'text',
    position,
    is_public: key === 'shown',
  }));
  await shop.insert('attribute_definitions', definitions);
  await shop.insert(
    'product_attributes',
    definitions.map((definition) => ({ product_id: id, definition_id: definition.id, value: 'x' })),
  );
  const { body, text } = await shop.ask<{ variants: unknown[]; attributes: unknown[] }>('products/gown');
  expect(body).toMatchObject({ isAvailable: false, variants: [{ sku: 'G-S' }], attributes: [{ key: 'shown' }] });
  expect([body.variants.length, body.attributes.length]).toEqual([1, 1]);
  expect(text).not.toContain('G-M');
  expect(text).not.toContain('inside');
});

test('prices are those of the currency asked for, and what has none in it is left out of lists', async () => {
  const shop = await givenShop();
  await shop.settings('general', { currencies: ['JPY'] });
  await shop.product({
    handle: 'both',
    variants: [
      { options: { Size: 'S' }, prices: { NGN: 100_050, JPY: 120 } },
      { options: { Size: 'M' }, prices: { NGN: 90_000 } },
    ],
  });
  await shop.product({ handle: 'home-only', prices: { NGN: 5_000 } });
  expect(await shop.handles('sort=price')).toEqual(['home-only', 'both']);
  const { body } = await shop.ask('products?currency=JPY&sort=price');
  expect(body.data).toMatchObject([
    {
      handle: 'both',
      price: { amount: 120, currency: 'JPY' },
      priceMax: { amount: 120, currency: 'JPY' },
      compareAt: null,
    },
  ]);
  expect(await shop.handles('currency=JPY&priceGte=121')).toEqual([]);
  const page = await shop.ask<{ price: unknown; variants: unknown[] }>('products/both?currency=JPY');
  expect(page.body).toMatchObject({
    price: { amount: 120, currency: 'JPY' },
    variants: [{ price: { amount: 120, currency: 'JPY' } }, { price: null }],
  });
  expect((await shop.ask('products/home-only?currency=JPY')).body).toMatchObject({
    price: null,
    variants: [{ price: null }],
  });
  expect((await shop.ask('products/both')).body).toMatchObject({
    price: { amount: 90_000 },
    priceMax: { amount: 100_050 },
  });
});

test('words come in the language asked for, field by field, else in that of the shop', async () => {
  const shop = await givenShop();
  await shop.settings('general', { locales: ['fr', 'pt-BR'] });
  await shop.product({
    handle: 'gown',
    title: 'Gown',
    description: '<p>Long.</p>',
    translations: { fr: { title: 'Robe' }, nl: { title: 'Jurk' } },
  });
  const title = async (query: string, acceptLanguage = '') =>
    (
      await shop.ask<{ title: string; description: string }>(`products/gown${query}`, {
        'accept-language': acceptLanguage,
      })
    ).body.title;
  expect(await title('')).toBe('Gown');
  expect(await title('?locale=fr')).toBe('Robe');
  expect(await title('?locale=fr-CA')).toBe('Robe');
  expect(await title('?locale=pt-BR')).toBe('Gown');
  expect(await title('?locale=de')).toBe('Gown');
  expect(await title('?locale=nl')).toBe('Gown'); // translated, and not offered any more
  expect(await title('', 'de, fr;q=0.9, en;q=0.1')).toBe('Robe');
  expect(await title('?locale=en', 'fr')).toBe('Gown');
  expect(await title('', ';;;q=x,,*')).toBe('Gown');
  const { body } = await shop.ask<{ title: string; description: string }>('products/gown?locale=fr');
  expect(body).toMatchObject({ title: 'Robe', description: '<p>Long.</p>' });
  expect((await shop.ask('products?locale=fr')).body.data).toMatchObject([{ title: 'Robe' }]);
});

test('an old handle leads to the present one, of visible products only', async () => {
  const shop = await givenShop();
  await shop.product({ handle: 'new-name', oldHandles: ['old name'] });
  await shop.product({ handle: 'hidden', oldHandles: ['was-hidden'], status: 'draft' });
  const moved = await shop.ask('products/old%20name');
  expect([moved.status, moved.headers['location']]).toEqual([301, '/v1/products/new-name']);
  expect((await shop.ask('products/old%20name')).status).toBe(301);
  expect((await shop.ask('products/was-hidden')).status).toBe(404);
});

test('a move keeps the currency and the language that were named, each caller its own', async () => {
  const shop = await givenShop();
  await shop.settings('general', { currencies: ['JPY'], locales: ['fr'] });
  await shop.product({ handle: 'new-name', oldHandles: ['old'] });
  const location = async (query: string, headers = {}) =>
    (await shop.ask(`products/old${query}`, headers)).headers['location'];
  for (const round of ['made', 'from memory'])
    expect([
      round,
      await location(''),
      await location('?currency=NGN'),
      await location('?currency=JPY'),
      await location('?locale=fr'),
      await location('', { 'accept-language': 'fr' }),
      await location('?locale=fr&currency=JPY'),
    ]).toEqual([
      round,
      '/v1/products/new-name',
      '/v1/products/new-name?currency=NGN',
      '/v1/products/new-name?currency=JPY',
      '/v1/products/new-name?locale=fr',
      '/v1/products/new-name',
      '/v1/products/new-name?currency=JPY&locale=fr',
    ]);
});

test('a product never moves to where it was asked for', async () => {
  const shop = await givenShop();
  await shop.product({ handle: 'here', oldHandles: ['before'] });
  const moved = (handle: string) =>
    db.app.run(shop.system, (ctx) => readMovedHandle(ctx, { company: shop.companyId, handle }));
  expect([(await moved('before'))?.handle, await moved('here')]).toEqual(['here', undefined]);
});

test('a page says of each variant whether it can be had this moment', async () => {
  const shop = await givenShop();
  const { variants } = await shop.product({
    handle: 'gown',
    variants: [
      { options: { Size: 'S' }, onHand: 1 },
      { options: { Size: 'M' }, onHand: 0 },
      { options: { Size: 'L' }, onHand: 0, backorder: 'allow' },
    ],
  });
  const [small] = variants;
  const shown = async () => {
    await shop.changed();
    const { body } = await shop.ask<{ isAvailable: boolean; variants: { isAvailable: boolean; options: object }[] }>(
      'products/gown',
    );
    return [body.isAvailable, ...body.variants.map(({ isAvailable }) => isAvailable)];
  };
  expect(await shown()).toEqual([true, true, false, true]);
  const hold = (expires: string) =>
    db.admin.begin(async (tx) => {
      await tx`update stock_levels set reserved = reserved + 1 where variant_id = ${small ?? ''}`;
      await tx`insert into stock_reservations (company_id, id, owner_type, owner_id, variant_id, location_id, quantity,
          wanted_variant_id, expires_at)
        values (${shop.companyId}, ${`rsv_${expires}`}, 'cart', 'c', ${small ?? ''}, ${shop.location}, 1, ${small ?? ''}, now() + ${expires}::interval)`;
    });
  await hold('1 hour');
  expect(await shown()).toEqual([true, false, false, true]);
  await db.admin`update stock_reservations set expires_at = now() - interval '1 second'`;
  expect(await shown()).toEqual([true, true, false, true]);
  await shop.settings('inventory', { backorder: true });
  expect(await shown()).toEqual([true, true, true, true]);
});

test('pictures are those that are ready, with their public address', async () => {
  const shop = await givenShop();
  const gown = await shop.product({ handle: 'gown' });
  const file = (id: string, status: string, widths: number[] | null) => ({
    id,
    purpose: 'image',
    status,
    storage_key: `k/image/${id}`,
    name: 'x',
    width: 1600,
    height: 900,
    widths: widths && JSON.stringify(widths),
    created_by_type: 'system',
    created_by_id: 't',
  });
  await shop.insert('files', [file('file_a', 'remote', null)]);
  await shop.insert('files', [file('file_b', 'ready', [320, 640])]);
  await db.admin`update files set widths = '[320, 640]' where id = 'file_b'`;
  await shop.insert('product_media', [
    { id: 'med_a', product_id: gown.id, file_id: 'file_a', alt: 'not there yet', position: 0 },
    { id: 'med_b', product_id: gown.id, file_id: 'file_b', alt: 'From behind', position: 1 },
  ]);
  const picture = {
    alt: 'From behind',
    width: 1600,
    height: 900,
    widths: [320, 640],
    url: expect.stringMatching(/^https?:.*\/k\/image\/file_b\/640\.webp$/),
  };
  expect((await shop.ask('products')).body.data).toMatchObject([{ image: picture }]);
  expect((await shop.ask<{ images: unknown[] }>('products/gown')).body.images).toEqual([picture]);
});
