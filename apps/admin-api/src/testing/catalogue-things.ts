import { newCategory } from '@souk/domain/catalog/categories/categories.contract';
import { createCategory } from '@souk/domain/catalog/categories/categories.service';
import { newCollection } from '@souk/domain/catalog/collections/collections.contract';
import { createCollection } from '@souk/domain/catalog/collections/collections.service';
import { newLocation } from '@souk/domain/catalog/inventory/locations.contract';
import { createDefaultLocation, createLocation } from '@souk/domain/catalog/inventory/locations.service';
import { createTransfer } from '@souk/domain/catalog/inventory/transfers.service';
import { saveProducts } from '@souk/domain/catalog/product-management/product-save.service';
import { newAttribute } from '@souk/domain/catalog/products/attributes.contract';
import { createAttribute } from '@souk/domain/catalog/products/attributes.service';
import type { Ctx, Run, Session } from '@souk/domain/kernel/ctx';
import { newId } from '@souk/domain/kernel/ids';
import type { TestDatabase } from '@souk/domain/testing/database';
import { productDraft, variantDraft } from '@souk/domain/testing/product-drafts';

/** One thing of each kind a catalogue has, by the prefix of its id. */
export async function givenCatalogueThings(db: TestDatabase, run: Run, system: Session) {
  const made = await run(system, makeThings);
  const [file, pim, pex] = [newId('file'), newId('pim'), newId('pex')];
  const { companyId } = system;
  const by = { created_by_type: 'system', created_by_id: 'test' };
  const row = { company_id: companyId, ...by };
  const rows = { ...row, id: file, purpose: 'image', status: 'ready', storage_key: `x/${file}`, name: 'A picture' };
  await db.admin`insert into files ${db.admin(rows)}`;
  const job = { ...row, status: 'completed', file_id: file };
  await db.admin`insert into product_imports ${db.admin({ ...job, id: pim, format: 'souk', file_name: 'x.csv', currency: 'NGN', counts: db.admin.json({ rows: 0, products: { created: 0, updated: 0, unchanged: 0, failed: 0 }, variants: { created: 0, updated: 0, unchanged: 0 }, prices: 0, images: 0, errors: 0 }) })}`;
  await db.admin`insert into product_exports ${db.admin({ ...job, id: pex })}`;
  return { ...made, file, pim, pex };
}

async function makeThings(ctx: Ctx) {
  const cat = (await createCategory(ctx, newCategory.parse({ name: 'A shelf' }))).id;
  const col = (await createCollection(ctx, newCollection.parse({ title: 'A choice', kind: 'manual' }))).id;
  const attr = (await createAttribute(ctx, newAttribute.parse({ key: 'material', name: 'Material', type: 'text' }))).id;
  const loc = (await createDefaultLocation(ctx)).id;
  const other = (await createLocation(ctx, newLocation.parse({ name: 'Backroom', handle: 'backroom' }))).id;
  const draft = productDraft({ variants: [variantDraft({ sku: 'A-1' })] });
  const [saved] = await saveProducts(ctx, [{ draft }]);
  const [variant] = saved && saved.outcome !== 'refused' ? saved.variants : [];
  if (!saved || saved.outcome === 'refused' || !variant) throw new Error('The product was refused');
  const lines = [{ variantId: variant.id, quantity: 1 }];
  const trf = (await createTransfer(ctx, { fromLocationId: loc, toLocationId: other, lines, reference: null })).id;
  return { cat, col, attr, loc, prod: saved.product.id, var: variant.id, trf };
}
