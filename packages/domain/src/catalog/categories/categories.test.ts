import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Session } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany } from '../../testing/goods.ts';
import { warmUp } from '../../testing/people.ts';
import { type CategoryPatch, DEPTH_MAX, newCategory } from './categories.contract.ts';
import { CategoryCycle, CategoryHandleTaken, CategoryHasChildren } from './categories.errors.ts';
import {
  categoryIdsByHandle,
  createCategory,
  deleteCategory,
  getCategory,
  listCategories,
  updateCategory,
} from './categories.service.ts';

const db = useDatabase();
type CategoryId = Id<'cat'>;

const make = (session: Session, name: string, parentId: CategoryId | null = null, more: object = {}) =>
  db.app.run(session, (ctx) => createCategory(ctx, newCategory.parse({ name, parentId, ...more })));
const patch = (session: Session, id: CategoryId, change: CategoryPatch, version?: number) =>
  db.app.run(session, (ctx) => updateCategory(ctx, id, change, version));
const tree = (session: Session) => db.app.run(session, (ctx) => listCategories(ctx));
const remove = (session: Session, id: CategoryId) =>
  db.app.run(session, (ctx) => deleteCategory(ctx, id, () => Promise.resolve()));
const shape = async (session: Session) =>
  (await tree(session)).map(({ name, ancestorIds }) => `${'-'.repeat(ancestorIds.length)}${name}`);

test('a category stands below its parent, behind its siblings, under a handle made of its name', async () => {
  const shop = await givenCompany(db);
  const women = await make(shop, 'Women');
  const shoes = await make(shop, 'Shoes', women.id);
  await make(shop, 'Men');
  const twin = await make(shop, 'Shoes', women.id, { position: 0 });
  expect(shoes).toMatchObject({
    handle: 'shoes',
    parentId: women.id,
    ancestorIds: [women.id],
    position: 0,
    version: 1,
  });
  expect(twin).toMatchObject({ handle: 'shoes-2', position: 0 });
  expect(await shape(shop)).toEqual(['Women', '-Shoes', '-Shoes', 'Men']);
  expect((await tree(shop))[1]?.id).toBe(twin.id);
  expect(await db.app.run(shop, (ctx) => getCategory(ctx, shoes.id))).toEqual({ ...shoes, position: 1 });
});

test('categories of one name that are made at once get handles of their own, and nobody is refused', async () => {
  const shop = await givenCompany(db);
  await warmUp(db);
  const made = await Promise.all(Array.from({ length: 12 }, () => make(shop, 'Größe')));
  expect(made.map(({ handle }) => handle)).toContain('grosse');
  expect(new Set(made.map(({ handle }) => handle)).size).toBe(12);
});

test('a handle is free in another company and taken in its own, however it is written', async () => {
  const [a, b] = [await givenCompany(db), await givenCompany(db)];
  const first = await make(a, 'Sale', null, { handle: 'sale' });
  await make(b, 'Sale', null, { handle: 'sale' });
  await expect(make(a, 'Other', null, { handle: 'SALE' })).rejects.toBeInstanceOf(CategoryHandleTaken);
  const other = await make(a, 'Other');
  await expect(patch(a, other.id, { handle: 'sale' })).rejects.toBeInstanceOf(CategoryHandleTaken);
  const found = await db.app.run(a, (ctx) => categoryIdsByHandle(ctx, ['Sale', 'sale', 'none']));
  expect([...found]).toEqual([
    ['Sale', first.id],
    ['sale', first.id],
  ]);
});

test('a move takes all below along, and tells it: version, audit note, event, catalogue version', async () => {
  const shop = await givenCompany(db);
  const [a, b] = [await make(shop, 'A'), await make(shop, 'B')];
  const below = await make(shop, 'Below', a.id);
  const leaf = await make(shop, 'Leaf', below.id);
  const versionOf = async () =>
    (await db.admin`select version from catalogue_versions where company_id = ${shop.companyId}`)[0]?.['version'];
  const before = Number(await versionOf());
  const moved = await patch(shop, below.id, { parentId: b.id }, 1);
  expect(moved).toMatchObject({ parentId: b.id, ancestorIds: [b.id], version: 2 });
  expect((await db.app.run(shop, (ctx) => getCategory(ctx, leaf.id))).ancestorIds).toEqual([b.id, below.id]);
  expect(await shape(shop)).toEqual(['A', 'B', '-Below', '--Leaf']);
  expect(Number(await versionOf())).toBe(before + 1);
  const told = await db.admin`select type, sequence from events where aggregate_id = ${below.id} order by sequence`;
  expect([...told]).toEqual([
    { type: 'category.created', sequence: 1 },
    { type: 'category.updated', sequence: 2 },
  ]);
  const notes = await db.admin`select action from audit_entries where entity_id = ${below.id} order by id`;
  expect(notes.map(({ action }) => action)).toEqual(['category.created', 'category.updated']);
  await patch(shop, below.id, { parentId: null, position: 0 });
  expect(await shape(shop)).toEqual(['Below', '-Leaf', 'A', 'B']);
});

test('a category never gets below itself', async () => {
  const shop = await givenCompany(db);
  const a = await make(shop, 'A');
  const b = await make(shop, 'B', a.id);
  const c = await make(shop, 'C', b.id);
  for (const target of [a, b, c])
    await expect(patch(shop, a.id, { parentId: target.id })).rejects.toBeInstanceOf(CategoryCycle);
  expect(await shape(shop)).toEqual(['A', '-B', '--C']);
});

test('the tree is as deep as it may be, by making and by moving', async () => {
  const shop = await givenCompany(db);
  let parent: CategoryId | null = null;
  const chain: CategoryId[] = [];
  for (let level = 1; level <= DEPTH_MAX; level++) {
    parent = (await make(shop, `Level ${level}`, parent)).id;
    chain.push(parent);
  }
  await expect(make(shop, 'Too deep', parent)).rejects.toMatchObject({
    faults: [{ pointer: '/parentId', code: 'too_deep' }],
  });
  const twig = await make(shop, 'Twig');
  await make(shop, 'Leaf', twig.id);
  await expect(patch(shop, twig.id, { parentId: chain[DEPTH_MAX - 2] as CategoryId })).rejects.toBeInstanceOf(
    InvalidInput,
  );
  await patch(shop, twig.id, { parentId: chain[DEPTH_MAX - 3] as CategoryId });
});

test('siblings keep the order they were given', async () => {
  const shop = await givenCompany(db);
  const made = [];
  for (const name of ['A', 'B', 'C', 'D']) made.push(await make(shop, name));
  await patch(shop, made[3]?.id as CategoryId, { position: 1 });
  expect(await shape(shop)).toEqual(['A', 'D', 'B', 'C']);
  expect(await patch(shop, made[0]?.id as CategoryId, { position: 99 })).toMatchObject({ position: 3 });
  expect(await shape(shop)).toEqual(['D', 'B', 'C', 'A']);
  expect((await tree(shop)).map(({ position }) => position)).toEqual([0, 1, 2, 3]);
});

test('one with children stays; one without goes, once', async () => {
  const shop = await givenCompany(db);
  const a = await make(shop, 'A');
  const b = await make(shop, 'B', a.id);
  await expect(remove(shop, a.id)).rejects.toBeInstanceOf(CategoryHasChildren);
  const outcomes = await Promise.allSettled([remove(shop, b.id), remove(shop, b.id)]);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await remove(shop, a.id);
  expect(await tree(shop)).toEqual([]);
});

test('a stale version is refused, an unknown picture named', async () => {
  const shop = await givenCompany(db);
  const a = await make(shop, 'A');
  await patch(shop, a.id, { name: 'B' }, 1);
  await expect(patch(shop, a.id, { name: 'C' }, 1)).rejects.toBeInstanceOf(VersionStale);
  await expect(patch(shop, a.id, { imageId: newId('file') })).rejects.toMatchObject({
    faults: [{ pointer: '/imageId' }],
  });
  await expect(make(shop, 'C', null, { imageId: newId('file') })).rejects.toMatchObject({
    faults: [{ pointer: '/imageId' }],
  });
});

test('of changes that know the same version and come at once, one is made and the others are stale', async () => {
  const shop = await givenCompany(db);
  const a = await make(shop, 'A');
  await warmUp(db);
  const outcomes = await Promise.allSettled(['B', 'C', 'D', 'E'].map((name) => patch(shop, a.id, { name }, 1)));
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(refused).toHaveLength(3);
  for (const reason of refused) expect(reason).toBeInstanceOf(VersionStale);
});

test("another company's category is like a missing one, as a parent as well", async () => {
  const [a, b] = [await givenCompany(db), await givenCompany(db)];
  const theirs = await make(a, 'Theirs');
  const ours = await make(b, 'Ours');
  for (const id of [theirs.id, newId('cat')]) {
    await expect(db.app.run(b, (ctx) => getCategory(ctx, id))).rejects.toEqual(new NotFound('category'));
    await expect(patch(b, id, { name: 'X' })).rejects.toEqual(new NotFound('category'));
    await expect(patch(b, id, { parentId: null })).rejects.toEqual(new NotFound('category'));
    await expect(remove(b, id)).rejects.toEqual(new NotFound('category'));
    await expect(make(b, 'X', id)).rejects.toMatchObject({ faults: [{ code: 'unknown_category' }] });
    await expect(patch(b, ours.id, { parentId: id })).rejects.toMatchObject({ faults: [{ code: 'unknown_category' }] });
  }
  expect(await shape(b)).toEqual(['Ours']);
});

test('however categories are made and moved at once, every one hangs below its parent and none below itself', async () => {
  await warmUp(db);
  const someMove = fc.record({ who: fc.nat(9), where: fc.option(fc.nat(9), { nil: null }), makes: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(someMove, { minLength: 2, maxLength: 6 }), { maxLength: 5 }), async (rounds) => {
      const shop = await givenCompany(db);
      const ids: CategoryId[] = [];
      for (let n = 0; n < 10; n++) ids.push((await make(shop, `C${n}`, ids[Math.floor(n / 3) - 1] ?? null)).id);
      for (const moves of rounds) {
        const at = (n: number | null) => (n === null ? null : (ids[n] ?? null));
        const outcomes = await Promise.allSettled(
          moves.map(({ who, where, makes }) =>
            makes ? make(shop, 'New', at(where)) : patch(shop, ids[who] as CategoryId, { parentId: at(where) }),
          ),
        );
        for (const outcome of outcomes)
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(CategoryCycle);
      }
      const rows = await db.admin<{ id: string; parent_id: string | null; path: string }[]>`
        select id, parent_id, path from categories where company_id = ${shop.companyId}`;
      const byId = new Map(rows.map((row) => [row.id, row]));
      for (const row of rows) {
        const chain = [row.id];
        for (let up = row.parent_id; up !== null; up = byId.get(up)?.parent_id ?? null) {
          expect(chain).not.toContain(up);
          chain.unshift(up);
        }
        expect(row.path).toBe(`${chain.join('/')}/`);
      }
    }),
    { numRuns: 15 },
  );
}, 60_000);
