import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { useDatabase } from '../../testing/database.ts';
import { givenImports } from '../../testing/imports.ts';
import { createLocation } from '../inventory/locations.service.ts';

const db = useDatabase();
const SHOPIFY = await readFile(new URL('./fixtures/shopify-products.csv', import.meta.url), 'utf8');
const SOUK = await readFile(new URL('./fixtures/souk-products.csv', import.meta.url), 'utf8');

/** A shop with two places for goods. */
async function givenShop() {
  const shop = await givenImports(db);
  for (const handle of ['main', 'lagos-island'])
    await shop.run((ctx) => createLocation(ctx, { name: handle, handle, address: null, priority: 0, isActive: true }));
  return shop;
}

test('what was imported from another platform comes out and goes in again as the same bytes', async () => {
  const [one, two] = [await givenShop(), await givenShop()];
  await one.imported(SHOPIFY);
  const file = await one.exported();
  expect(await two.imported(file)).toMatchObject({
    status: 'completed',
    errors: [],
    ignoredColumns: [],
    format: 'souk',
    counts: { products: { created: 8, failed: 0 } },
  });
  expect(await two.exported()).toBe(file);
});

test('everything a product is comes out and goes in again as the same bytes', async () => {
  const [one, two] = [await givenShop(), await givenShop()];
  const report = await one.imported(SOUK);
  expect(report).toMatchObject({ status: 'completed', errors: [], ignoredColumns: [] });
  const file = await one.exported();
  // Yen and naira, a sale in both, French, attributes, a shelf in a tree, two places, a bundle by SKU and by options.
  for (const trace of [
    'price:JPY',
    '2026-11-27T00:00:00.000Z..2026-11-30T00:00:00.000Z=4500.00/5000.00; 2027-01-01T00:00:00.000Z..=4800.00',
    '..2026-12-01T00:00:00.000Z=280',
    'Théière',
    'attribute:capacity_ml:number ml',
    'attribute:glaze:choice Ash|Tenmoku',
    'home/kitchen',
    'stock:lagos-island',
    '2 x sku CUP-W|1 x product teapot [Large]',
    "'=SUM(A1:A9)",
    "''=quoted",
    '2026-12-24T00:00:00.000Z',
    'pending_approval',
  ])
    expect(file).toContain(trace);
  const again = await two.imported(file);
  expect(again).toMatchObject({ status: 'completed', errors: [], ignoredColumns: [] });
  expect(again.counts.products.created).toBe(report.counts.products.created);
  expect(await two.exported()).toBe(file);
});

test('an export taken back into its own shop changes nothing', async () => {
  const shop = await givenShop();
  await shop.imported(SOUK);
  const { counts } = await shop.imported(await shop.exported());
  expect(counts.products).toMatchObject({ created: 0, updated: 0, failed: 0 });
  expect(counts.prices).toBe(0);
});

test('the same catalogue gives the same bytes each time, and an empty one a header', async () => {
  const shop = await givenShop();
  expect((await shop.exported()).split('\r\n')).toEqual([expect.stringMatching(/^handle,title,/), '']);
  await shop.imported(SOUK);
  expect(await shop.exported()).toBe(await shop.exported());
});

test('whoever may not see stock gets a file without it', async () => {
  const shop = await givenShop();
  await shop.imported(SOUK);
  expect(await shop.exported()).toContain('stock:main');
  const editor = await shop.as(await shop.hireWith(['products.read']));
  expect(await shop.exported(editor)).not.toContain('stock:');
});

test('a dry run of a file with bundles says what the import will do', async () => {
  const shop = await givenShop();
  const rehearsed = await shop.imported(SOUK, { dryRun: 'true' });
  const real = await shop.imported(SOUK);
  expect(rehearsed.counts.products).toEqual(real.counts.products);
});
