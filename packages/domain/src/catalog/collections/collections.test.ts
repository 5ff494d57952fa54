import type postgres from 'postgres';
import { expect, test } from 'vitest';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { NotFound, VersionStale } from '../../kernel/errors.ts';
import { type CompanyId, type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { gate, somebodyWaits } from '../../testing/lock-waits.ts';
import { warmUp } from '../../testing/people.ts';
import { newCategory } from '../categories/categories.contract.ts';
import { createCategory } from '../categories/categories.service.ts';
import { writePrices } from '../prices/prices.service.ts';
import { changeCategory, removeCategory, showCategories } from './category-changes.service.ts';
import {
  addProducts,
  listMembers,
  removeProduct,
  setExclusions,
  setPins,
  setProducts,
} from './collection-products.service.ts';
import { type CollectionRule, RULE_COLLECTIONS_MAX } from './collection-rules.ts';
import { type NewCollection, newCollection } from './collections.contract.ts';
import { CollectionHandleTaken, CollectionLimitReached, WrongKindOfCollection } from './collections.errors.ts';
import {
  createCollection,
  deleteCollection,
  getCollection,
  listCollections,
  updateCollection,
} from './collections.service.ts';
import { refreshMemberships } from './memberships.service.ts';
import { rebuildNext, refreshDrifting } from './rebuilds.flow.ts';
import { companiesWithDueRebuilds, finishRebuild, nextRebuild, rebuildPart } from './rebuilds.service.ts';
import { previewRules } from './rule-previews.service.ts';

const db = useDatabase();
const run = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
type CollectionId = Id<'col'>;
type ProductId = Id<'prod'>;

const noted = (ctx: Ctx) => {
  ctx.audit({ action: 'memberships.tested', entity: { type: 'test', id: 'test' } });
  return ctx;
};
const make = (session: Session, more: Partial<NewCollection> = {}) =>
  run(session, (ctx) => createCollection(ctx, newCollection.parse({ title: 'Summer', kind: 'manual', ...more })));
const found = (session: Session, ...rules: CollectionRule[]) => make(session, { kind: 'rules', rules });
const products = async (companyId: CompanyId, count: number): Promise<ProductId[]> => {
  const ids: ProductId[] = [];
  for (let n = 0; n < count; n++) ids.push((await givenGoods(db, companyId)).productId);
  return ids;
};
const tag = (companyId: CompanyId, id: ProductId, word: string) =>
  db.admin`insert into product_tags (company_id, product_id, tag, tag_key) values (${companyId}, ${id}, ${word}, ${word})`;
const members = async (session: Session, id: CollectionId) =>
  (await run(session, (ctx) => listMembers(ctx, id, { limit: 100, excluded: 'false' }))).data.map(
    (row) => row.productId,
  );
const counts = async (session: Session) =>
  (await run(session, (ctx) => showCategories(ctx, { counts: true }))).data.map((row) => row.productCount);
const rebuildAll = async (session: Session) => {
  while (await rebuildNext(db.app.run, session)) {
    // until nothing is due
  }
};
const summer: CollectionRule = { field: 'tag', operator: 'equals', value: 'summer' };

test('a manual collection keeps the order it was given: set, added, moved, taken out', async () => {
  const shop = await givenCompany(db);
  const [a, b, c, d] = (await products(shop.companyId, 4)) as [ProductId, ProductId, ProductId, ProductId];
  const { id } = await make(shop);
  await run(shop, (ctx) => setProducts(ctx, id, { productIds: [c, a] }));
  await run(shop, (ctx) => addProducts(ctx, id, { productIds: [b, a] }));
  expect(await members(shop, id)).toEqual([c, a, b]);
  await run(shop, (ctx) => addProducts(ctx, id, { productIds: [d, b], position: 1 }));
  expect(await members(shop, id)).toEqual([c, d, b, a]);
  await run(shop, (ctx) => removeProduct(ctx, id, d));
  await expect(run(shop, (ctx) => removeProduct(ctx, id, d))).rejects.toBeInstanceOf(NotFound);
  await run(shop, (ctx) => addProducts(ctx, id, { productIds: [c], position: 99 }));
  expect(await members(shop, id)).toEqual([b, a, c]);
  await run(shop, (ctx) => setProducts(ctx, id, { productIds: [] }));
  expect(await members(shop, id)).toEqual([]);
});

test('products that were added at once are all in it, each at a place of its own', async () => {
  const shop = await givenCompany(db);
  const ids = await products(shop.companyId, 8);
  const { id } = await make(shop);
  await warmUp(db);
  await Promise.all(ids.map((one) => run(shop, (ctx) => addProducts(ctx, id, { productIds: [one], position: 0 }))));
  const rows = await db.admin`select position from collection_members where collection_id = ${id} order by position`;
  expect(rows.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect((await members(shop, id)).sort()).toEqual(ids.sort());
});

test('collections of one title that are made at once get handles of their own, and nobody is refused', async () => {
  const shop = await givenCompany(db);
  await warmUp(db);
  const made = await Promise.all(Array.from({ length: 12 }, () => make(shop)));
  expect(made.map(({ handle }) => handle)).toContain('summer');
  expect(new Set(made.map(({ handle }) => handle)).size).toBe(12);
});

test('members come page by page', async () => {
  const shop = await givenCompany(db);
  const ids = await products(shop.companyId, 5);
  const { id } = await make(shop);
  await run(shop, (ctx) => setProducts(ctx, id, { productIds: ids }));
  const first = await run(shop, (ctx) => listMembers(ctx, id, { limit: 3, excluded: 'false' }));
  const after = first.page.next ?? '';
  const second = await run(shop, (ctx) => listMembers(ctx, id, { limit: 3, after, excluded: 'false' }));
  expect([...first.data, ...second.data].map((row) => row.productId)).toEqual(ids);
  expect(second.page).toEqual({ hasMore: false, next: null });
});

test('rules find the products there are, and a change of rules finds others', async () => {
  const shop = await givenCompany(db);
  const [a, b, c] = (await products(shop.companyId, 3)) as [ProductId, ProductId, ProductId];
  for (const id of [a, b]) await tag(shop.companyId, id, 'summer');
  await tag(shop.companyId, c, 'winter');
  const collection = await found(shop, summer);
  expect(collection.rebuildDueAt).not.toBeNull();
  expect(await db.relay.unscoped((tx) => companiesWithDueRebuilds(tx, 100))).toContain(shop.companyId);
  await rebuildAll(shop);
  expect(await members(shop, collection.id)).toEqual([a, b]);
  expect(await run(shop, (ctx) => getCollection(ctx, collection.id))).toEqual({ ...collection, rebuildDueAt: null });
  expect(await db.relay.unscoped((tx) => companiesWithDueRebuilds(tx, 100))).not.toContain(shop.companyId);
  const rules: CollectionRule[] = [{ ...summer, operator: 'not_equals' }];
  const changed = await run(shop, (ctx) => updateCollection(ctx, collection.id, { rules }, 1));
  expect(changed).toMatchObject({ rules, version: 2 });
  await rebuildAll(shop);
  expect(await members(shop, collection.id)).toEqual([c]);
});

test('a save refreshes exactly what a rebuild would find', async () => {
  const shop = await givenCompany(db);
  const ids = await products(shop.companyId, 6);
  for (const [at, id] of ids.entries()) if (at % 2 === 0) await tag(shop.companyId, id, 'summer');
  const { id } = await found(shop, summer);
  await rebuildAll(shop);
  await db.admin`delete from product_tags where product_id = ${ids[0] ?? ''}`;
  await tag(shop.companyId, ids[1] as ProductId, 'summer');
  await tag(shop.companyId, ids[3] as ProductId, 'summer');
  expect(await run(shop, (ctx) => refreshMemberships(noted(ctx), ids.slice(0, 2)))).toBe(2);
  expect(await members(shop, id)).toEqual([ids[1], ids[2], ids[4]]);
  await db.admin`update collections set rebuild_due_at = now() where id = ${id}`;
  await rebuildAll(shop);
  expect(await members(shop, id)).toEqual([1, 2, 3, 4].map((at) => ids[at]));
});

test('pinned products stay in front and excluded ones out, whatever the rules say; let go, the rules speak again', async () => {
  const shop = await givenCompany(db);
  const [a, b, c] = (await products(shop.companyId, 3)) as [ProductId, ProductId, ProductId];
  for (const id of [a, b]) await tag(shop.companyId, id, 'summer');
  const { id } = await found(shop, summer);
  await rebuildAll(shop);
  await run(shop, (ctx) => setPins(ctx, id, { productIds: [c, b] }));
  await run(shop, (ctx) => setExclusions(ctx, id, { productIds: [a] }));
  await run(shop, (ctx) => refreshMemberships(noted(ctx), [a, b, c]));
  await db.admin`update collections set rebuild_due_at = now() where id = ${id}`;
  await rebuildAll(shop);
  expect(await members(shop, id)).toEqual([c, b]);
  const excluded = await run(shop, (ctx) => listMembers(ctx, id, { limit: 10, excluded: 'true' }));
  expect(excluded.data.map((row) => row.productId)).toEqual([a]);
  await run(shop, (ctx) => setPins(ctx, id, { productIds: [] }));
  await run(shop, (ctx) => setExclusions(ctx, id, { productIds: [] }));
  expect(await members(shop, id)).toEqual([a, b]);
});

test('the catalogue version rises when a rebuild changes members, and not when it does not', async () => {
  const shop = await givenCompany(db);
  const [a] = (await products(shop.companyId, 1)) as [ProductId];
  const { id } = await found(shop, summer);
  const version = async () =>
    (await db.admin`select version from catalogue_versions where company_id = ${shop.companyId}`)[0]?.['version'];
  const before = Number(await version());
  await rebuildAll(shop);
  expect(Number(await version())).toBe(before);
  await tag(shop.companyId, a, 'summer');
  await db.admin`update collections set rebuild_due_at = now() where id = ${id}`;
  await rebuildAll(shop);
  expect(Number(await version())).toBe(before + 1);
});

test('a rebuild whose reason is past neither changes anything nor says that all is right', async () => {
  const shop = await givenCompany(db);
  const [a] = (await products(shop.companyId, 1)) as [ProductId];
  await tag(shop.companyId, a, 'winter');
  const { id } = await found(shop, summer);
  const task = await run(shop, nextRebuild);
  if (!task) throw new Error('A new collection with rules is due');
  await run(shop, (ctx) => updateCollection(ctx, id, { rules: [{ ...summer, value: 'winter' }] }));
  expect(await run(shop, (ctx) => rebuildPart(ctx, task, null))).toEqual({ next: null, changed: 0 });
  await run(shop, (ctx) => finishRebuild(ctx, task));
  expect(await run(shop, nextRebuild)).toMatchObject({ collectionId: id });
  await rebuildAll(shop);
  expect(await members(shop, id)).toEqual([a]);
});

test('rules wait for the product saves that have looked at them', async () => {
  const shop = await givenCompany(db);
  const [a] = (await products(shop.companyId, 1)) as [ProductId];
  const { id } = await found(shop, summer);
  const [looked, mayEnd] = [gate(), gate()];
  const save = run(shop, async (ctx) => {
    await refreshMemberships(noted(ctx), [a]);
    looked.open();
    await mayEnd.passed;
  });
  await looked.passed;
  const change = run(shop, (ctx) => updateCollection(ctx, id, { rules: [{ ...summer, value: 'winter' }] }));
  expect(await Promise.race([change.then(() => 'changed'), somebodyWaits(db)])).toBe('waits');
  mayEnd.open();
  await Promise.all([save, change]);
});

test('a rebuild waits for the save of a product it would put in, and goes by what was saved', async () => {
  const shop = await givenCompany(db);
  const [a] = (await products(shop.companyId, 1)) as [ProductId];
  await tag(shop.companyId, a, 'summer');
  const { id } = await found(shop, summer);
  const rebuild = await db.admin.begin(async (save) => {
    await save`select 1 from products where id = ${a} for no key update`;
    await save`delete from product_tags where product_id = ${a}`;
    const done = rebuildAll(shop);
    expect(await Promise.race([done.then(() => 'rebuilt'), somebodyWaits(db)])).toBe('waits');
    return { done };
  });
  await rebuild.done;
  expect(await members(shop, id)).toEqual([]);
});

test('rules wait for a rebuild that goes by them', async () => {
  const shop = await givenCompany(db);
  const [a] = (await products(shop.companyId, 1)) as [ProductId];
  await tag(shop.companyId, a, 'summer');
  const { id } = await found(shop, summer);
  await rebuildAll(shop);
  await db.admin`delete from product_tags where product_id = ${a}`;
  const [looked, mayEnd] = [gate(), gate()];
  const rebuild = run(shop, async (ctx) => {
    // Only takes out: putting in would lock the collection for its foreign key as well.
    expect(await rebuildPart(ctx, { collectionId: id, dueAt: null }, null)).toEqual({ next: null, changed: 1 });
    looked.open();
    await mayEnd.passed;
  });
  await looked.passed;
  const change = run(shop, (ctx) => updateCollection(ctx, id, { rules: [{ ...summer, value: 'winter' }] }));
  expect(await Promise.race([change.then(() => 'changed'), somebodyWaits(db)])).toBe('waits');
  mayEnd.open();
  await Promise.all([rebuild, change]);
});

test('products saved while rules change end up where the new rules want them', async () => {
  const shop = await givenCompany(db);
  const ids = await products(shop.companyId, 12);
  for (const [at, id] of ids.entries()) await tag(shop.companyId, id, at % 2 === 0 ? 'summer' : 'winter');
  const { id } = await found(shop, summer);
  await warmUp(db);
  const save = (one: ProductId) => run(shop, (ctx) => refreshMemberships(noted(ctx), [one]));
  const change = (value: string) => run(shop, (ctx) => updateCollection(ctx, id, { rules: [{ ...summer, value }] }));
  await Promise.all([
    ...ids.map(save),
    change('winter'),
    rebuildNext(db.app.run, shop),
    change('summer'),
    change('winter'),
  ]);
  await rebuildAll(shop);
  const { rules } = await run(shop, (ctx) => getCollection(ctx, id));
  const isSummer = JSON.stringify(rules).includes('summer');
  expect(await members(shop, id)).toEqual(ids.filter((_id, at) => (at % 2 === 0) === isSummer));
});

test('what stock and time change by themselves is set right by the hourly chore', async () => {
  const shop = await givenCompany(db);
  const { productId, variantId } = await givenGoods(db, shop.companyId);
  const inStock = await found(shop, { field: 'in_stock', operator: 'equals', value: true });
  const onSale = await found(shop, { field: 'on_sale', operator: 'equals', value: true, currency: 'JPY' });
  await rebuildAll(shop);
  expect(await refreshDrifting(db.app.run, shop.companyId)).toBe(0);
  await db.admin`insert into product_availability (company_id, product_id, is_available)
    values (${shop.companyId}, ${productId}, true)`;
  const sale = {
    currency: 'JPY',
    amountMinor: 80n,
    compareAtMinor: 100n,
    validFrom: '2020-01-01T00:00:00Z',
    validUntil: null,
  };
  await run(shop, (ctx) => writePrices(noted(ctx), [{ variantId, prices: [sale] }]));
  expect(await refreshDrifting(db.app.run, shop.companyId)).toBe(2);
  expect([await members(shop, inStock.id), await members(shop, onSale.id)]).toEqual([[productId], [productId]]);
});

test('a preview counts what the rules would find, drafts as well, and shows the newest', async () => {
  const shop = await givenCompany(db);
  const ids = await products(shop.companyId, 12);
  for (const id of ids) await tag(shop.companyId, id, 'summer');
  const preview = await run(shop, (ctx) => previewRules(ctx, { match: 'all', rules: [summer] }));
  expect(preview.count).toBe(12);
  expect(preview.sample.map(({ id }) => id)).toEqual(ids.toReversed().slice(0, 10));
});

test('a category that moves or goes takes its products into and out of collections that ask for it', async () => {
  const shop = await givenCompany(db);
  const [a] = (await products(shop.companyId, 1)) as [ProductId];
  const shelf = (name: string) => run(shop, (ctx) => createCategory(ctx, newCategory.parse({ name })));
  const [women, shoes] = [await shelf('Women'), await shelf('Shoes')];
  await db.admin`insert into product_categories (company_id, product_id, category_id)
    values (${shop.companyId}, ${a}, ${shoes.id})`;
  const { id } = await found(shop, { field: 'category', operator: 'equals', value: women.id });
  await rebuildAll(shop);
  expect(await members(shop, id)).toEqual([]);
  await run(shop, (ctx) => changeCategory(ctx, shoes.id, { parentId: women.id }));
  await rebuildAll(shop);
  expect(await members(shop, id)).toEqual([a]);
  expect(await counts(shop)).toEqual([1, 1]);
  await run(shop, (ctx) => removeCategory(ctx, shoes.id));
  await rebuildAll(shop);
  expect(await members(shop, id)).toEqual([]);
  expect(await counts(shop)).toEqual([0]);
});

test('a category that goes leaves its products with a new version, and the others alone', async () => {
  const shop = await givenCompany(db);
  const [a, b, other] = (await products(shop.companyId, 3)) as [ProductId, ProductId, ProductId];
  const shelf = await run(shop, (ctx) => createCategory(ctx, newCategory.parse({ name: 'Shoes' })));
  const put = (id: ProductId, sql: typeof db.admin | postgres.TransactionSql = db.admin) =>
    sql`insert into product_categories (company_id, product_id, category_id) values (${shop.companyId}, ${id}, ${shelf.id})`;
  await put(a);
  await db.admin`update products set updated_at = '2020-01-01' where company_id = ${shop.companyId}`;
  // While one product is being saved: the category is not held before it, or the save could not put another one on.
  const removal = await db.admin.begin(async (save) => {
    await save`set local lock_timeout = '300ms'`;
    await save`select 1 from products where id = any(${[a, b]}) order by id for no key update`;
    const going = run(shop, (ctx) => removeCategory(ctx, shelf.id));
    await somebodyWaits(db);
    await put(b, save);
    return { going };
  });
  await removal.going;
  const rows = await db.admin`select id, version, event_sequence, updated_at > now() - interval '1 hour' as is_new
    from products where company_id = ${shop.companyId} order by id`;
  const changed = { version: 2, event_sequence: 2, is_new: true };
  expect([...rows]).toEqual([
    { id: a, ...changed },
    { id: b, ...changed },
    { id: other, version: 1, event_sequence: 1, is_new: false },
  ]);
});

test('odd rules, kinds, windows, handles and stale versions are refused by name', async () => {
  const shop = await givenCompany(db);
  const manual = await make(shop, { handle: 'summer' });
  expect((await make(shop)).handle).toBe('summer-2');
  await expect(make(shop, { handle: 'summer' })).rejects.toBeInstanceOf(CollectionHandleTaken);
  await expect(make(shop, { kind: 'rules' })).rejects.toMatchObject({ faults: [{ code: 'no_rules' }] });
  await expect(make(shop, { rules: [summer] })).rejects.toMatchObject({ faults: [{ code: 'not_for_manual' }] });
  const unknown: CollectionRule = { field: 'category', operator: 'equals', value: newId('cat') };
  await expect(found(shop, summer, unknown)).rejects.toMatchObject({ faults: [{ pointer: '/rules/1/value' }] });
  const over = { publishedAt: '2026-11-21T09:00:00Z', unpublishAt: '2026-11-21T10:00:00+02:00' };
  await expect(make(shop, over)).rejects.toMatchObject({ faults: [{ pointer: '/unpublishAt' }] });
  const ruled = await found(shop, summer);
  const [a] = (await products(shop.companyId, 1)) as [ProductId];
  await expect(run(shop, (ctx) => setProducts(ctx, ruled.id, { productIds: [a] }))).rejects.toBeInstanceOf(
    WrongKindOfCollection,
  );
  await expect(run(shop, (ctx) => setPins(ctx, manual.id, { productIds: [a] }))).rejects.toBeInstanceOf(
    WrongKindOfCollection,
  );
  await expect(run(shop, (ctx) => setProducts(ctx, manual.id, { productIds: [a, a] }))).rejects.toMatchObject({
    faults: [{ pointer: '/productIds/1', code: 'product_twice' }],
  });
  await expect(run(shop, (ctx) => updateCollection(ctx, ruled.id, { rules: [] }))).rejects.toMatchObject({
    faults: [{ code: 'no_rules' }],
  });
  await run(shop, (ctx) => updateCollection(ctx, ruled.id, { title: 'Heat' }, 1));
  await expect(run(shop, (ctx) => updateCollection(ctx, ruled.id, { title: 'X' }, 1))).rejects.toBeInstanceOf(
    VersionStale,
  );
  expect(
    newCollection.safeParse({ title: 'X', kind: 'rules', rules: [{ field: 'price', operator: 'contains', value: 3 }] })
      .success,
  ).toBe(false);
});

test('a company has as many collections with rules as a save can look at', async () => {
  const shop = await givenCompany(db);
  await db.admin`insert into collections (company_id, id, handle, title, kind)
    select ${shop.companyId}, 'col_' || n, 'h' || n, 'T', 'rules' from generate_series(1, ${RULE_COLLECTIONS_MAX}) n`;
  await expect(found(shop, summer)).rejects.toBeInstanceOf(CollectionLimitReached);
  await make(shop);
});

test("another company's collection and products are like missing ones", async () => {
  const [a, b] = [await givenCompany(db), await givenCompany(db)];
  const theirs = await make(a);
  const ours = await make(b);
  const [product] = (await products(a.companyId, 1)) as [ProductId];
  for (const id of [theirs.id, newId('col')]) {
    const none = new NotFound('collection');
    await expect(run(b, (ctx) => getCollection(ctx, id))).rejects.toEqual(none);
    await expect(run(b, (ctx) => updateCollection(ctx, id, { title: 'X' }))).rejects.toEqual(none);
    await expect(run(b, (ctx) => deleteCollection(ctx, id))).rejects.toEqual(none);
    await expect(run(b, (ctx) => listMembers(ctx, id, { limit: 5, excluded: 'false' }))).rejects.toEqual(none);
    await expect(run(b, (ctx) => setProducts(ctx, id, { productIds: [] }))).rejects.toEqual(none);
    await expect(run(b, (ctx) => setPins(ctx, id, { productIds: [] }))).rejects.toEqual(none);
  }
  for (const id of [product, newId('prod')])
    await expect(run(b, (ctx) => addProducts(ctx, ours.id, { productIds: [id] }))).rejects.toMatchObject({
      faults: [{ pointer: '/productIds/0', code: 'unknown_product' }],
    });
  expect((await run(b, (ctx) => listCollections(ctx, { limit: 10 }))).data.map(({ id }) => id)).toEqual([ours.id]);
});

test('all that happens to a collection is noted and announced in order, down to its end', async () => {
  const shop = await givenCompany(db);
  const [a] = (await products(shop.companyId, 1)) as [ProductId];
  const { id } = await make(shop);
  await run(shop, (ctx) => setProducts(ctx, id, { productIds: [a] }));
  await run(shop, (ctx) => updateCollection(ctx, id, { title: 'Heat' }));
  await run(shop, (ctx) => deleteCollection(ctx, id));
  const told = await db.admin`select type, sequence from events where aggregate_id = ${id} order by sequence`;
  expect(told.map(({ type, sequence }) => `${sequence} ${type}`)).toEqual([
    '1 collection.created',
    '2 collection.updated',
    '3 collection.updated',
    '4 collection.deleted',
  ]);
  const notes = await db.admin`select action from audit_entries where entity_id = ${id} order by id`;
  expect(notes.map(({ action }) => action)).toEqual([
    'collection.created',
    'collection.updated',
    'collection.updated',
    'collection.deleted',
  ]);
});
