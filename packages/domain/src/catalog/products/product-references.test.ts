import { expect, test } from 'vitest';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { productDraft, shirt, variantDraft } from '../../testing/product-drafts.ts';
import { faultsOf, givenWriter } from '../../testing/written-products.ts';
import { createAttribute, updateAttribute } from './attributes.service.ts';
import type { ProductDraft, ProductWrite, ProductWritten, StoredProduct } from './product-draft.ts';
import { readProducts } from './product-reader.service.ts';
import { writeProducts } from './product-writer.service.ts';

const db = useDatabase();
const given = () => givenWriter(db);

test('a picture that was only announced, or is being deleted, is shown by no product', async () => {
  const { companyId, write } = await given();
  const { media } = await givenReferences(companyId);
  const outcomes: unknown[] = [];
  for (const status of ['awaiting_upload', 'deleting', 'stored']) {
    await db.admin`update files set status = ${status} where company_id = ${companyId}`;
    outcomes.push(faultsOf((await write({ draft: productDraft({ media: media.slice(0, 1) }) }))[0]));
  }
  const unknown = [['/media/0/fileId', 'unknown_file']];
  expect(outcomes).toEqual([unknown, unknown, 'created']);
});

test("another company's product, category, file, medium, variant and attribute are exactly like missing ones", async () => {
  const [a, b] = [await given(), await given()];
  const foreign = await givenReferences(b.companyId);
  const { id, ...draft } = await b.make({ ...foreign, variants: [variantDraft({ medium: 0 })] });
  const component = draft.variants[0]?.id;
  const medium = draft.media[0]?.id;
  const refused = await a.write(
    { draft: productDraft({ categoryIds: foreign.categoryIds }) },
    { draft: productDraft({ media: foreign.media }) },
    { draft: productDraft({ media: [{ id: medium, fileId: newId('file'), alt: '' }] }) },
    { draft: productDraft({ attributes: foreign.attributes }) },
    { draft: productDraft({ variants: [variantDraft({ id: component })] }) },
    { draft: bundle([component ?? newId('var')]) },
  );
  const missing = await a.write(
    { draft: productDraft({ categoryIds: [newId('cat')] }) },
    { draft: productDraft({ media: foreign.media.map(() => ({ fileId: newId('file'), alt: '' })) }) },
    { draft: productDraft({ media: [{ id: newId('med'), fileId: newId('file'), alt: '' }] }) },
    { draft: productDraft({ attributes: foreign.attributes }) },
    { draft: productDraft({ variants: [variantDraft({ id: newId('var') })] }) },
    { draft: bundle([newId('var')]) },
  );
  expect(refused).toEqual(missing);
  expect(refused.every(({ outcome }) => outcome === 'refused')).toBe(true);
  await expect(a.write({ id, draft: productDraft() })).rejects.toMatchObject({ code: 'not_found' });
  await expect(a.write({ id: newId('prod'), draft: productDraft() })).rejects.toMatchObject({ code: 'not_found' });
  expect(await a.inShop((ctx) => readProducts(ctx, [id]))).toEqual(new Map());
});

const bundle = (ids: readonly Id<'var'>[], given: Partial<ProductDraft> = {}) =>
  productDraft({
    kind: 'bundle',
    variants: [variantDraft({ components: ids.map((variantId) => ({ variantId, quantity: 2 })) })],
    ...given,
  });

/** A category, two pictures and an attribute of a company, put in by the back door: their modules are not asked here. */
async function givenReferences(companyId: string) {
  const [cat, one, two, attr] = [newId('cat'), newId('file'), newId('file'), newId('attr')];
  await db.admin`insert into categories (company_id, id, path, handle, name) values (${companyId}, ${cat}, ${`${cat}/`}, ${cat}, 'C')`;
  for (const file of [one, two])
    await db.admin`insert into files (company_id, id, purpose, status, storage_key, name, created_by_type, created_by_id)
      values (${companyId}, ${file}, 'image', 'ready', ${file}, 'a.png', 'system', 'test')`;
  await db.admin`insert into attribute_definitions (company_id, id, key, name, type) values (${companyId}, ${attr}, 'material', 'Material', 'text')`;
  return {
    categoryIds: [cat],
    media: [one, two].map((fileId) => ({ fileId, alt: '' })),
    attributes: { material: 'cotton' },
  };
}

test('pictures keep their ids by their file, and one that goes is let go by variants for sale and archived ones', async () => {
  const { companyId, make, write, read } = await given();
  const references = await givenReferences(companyId);
  const before = await make({
    ...shirt(),
    ...references,
    variants: shirt().variants.map((one) => ({ ...one, medium: 1 })),
  });
  expect(await read(before.id)).toEqual(before);
  const { media } = references;
  await write({ id: before.id, draft: { ...before, media: [...media].reverse(), variants: before.variants.slice(1) } });
  const turned = await read(before.id);
  expect(turned.media.map(({ id }) => id)).toEqual(before.media.map(({ id }) => id).reverse());
  const variants = turned.variants.map((one) => ({ ...one, medium: null }));
  await write({
    id: before.id,
    draft: { ...turned, media: turned.media.slice(1), variants, attributes: {}, categoryIds: [] },
  });
  expect(await read(before.id)).toMatchObject({
    media: [{ id: before.media[0]?.id }],
    attributes: {},
    categoryIds: [],
  });
  expect((await read(before.id)).attributes).toEqual({});
});

test('a bundle holds no bundle, not itself, and nothing that is part of a bundle becomes one', async () => {
  const { make, write, read } = await given();
  const part = await make({ variants: [variantDraft({ sku: 'PART' })] });
  const partId = part.variants[0]?.id ?? newId('var');
  const whole = await make(bundle([partId]));
  const wholeId = whole.variants[0]?.id ?? newId('var');
  expect(await read(whole.id)).toEqual(whole);
  const loose = await make();
  const looseId = loose.variants[0]?.id ?? newId('var');
  const written = await write(
    { draft: bundle([wholeId]) },
    { id: whole.id, draft: { ...whole, variants: bundle([wholeId]).variants } },
    { id: part.id, draft: { ...part, ...bundle([looseId], { handle: part.handle }) } },
    { draft: bundle([]) },
    { draft: productDraft({ variants: bundle([partId]).variants }) },
  );
  expect(written.map(faultsOf)).toEqual([
    [['/variants/0/components/0/variantId', 'bundle_in_bundle']],
    [['/variants/0/components/0/variantId', 'component_of_itself']],
    [['/kind', 'bundle_in_bundle']],
    [['/variants/0/components', 'components_missing']],
    [['/variants/0/components', 'not_a_bundle']],
  ]);
  await write({ id: whole.id, draft: { ...whole, kind: 'simple', variants: [variantDraft()] } });
  expect((await read(whole.id)).variants[0]).toMatchObject({ id: wholeId, components: [] });
});

test('a bundle whose component has gone can be changed, emptied of it, and put away; nothing new of the gone is taken', async () => {
  const { make, write, read } = await given();
  const part = await make(shirt());
  const [gone, stays] = part.variants;
  if (!gone || !stays) throw new Error('a shirt has variants');
  const of = (...variantIds: Id<'var'>[]) => [
    variantDraft({ components: variantIds.map((variantId) => ({ variantId, quantity: 1 })) }),
  ];
  const bundle = await make({ kind: 'bundle', variants: of(gone.id, stays.id) });
  await write({ id: part.id, draft: { ...part, variants: part.variants.slice(1) } });
  const { id } = bundle;
  expect((await write({ id, draft: { ...bundle, title: 'Set' } }))[0]?.outcome).toBe('updated');
  expect((await write({ id, draft: { ...(await read(id)), status: 'archived' } }))[0]?.outcome).toBe('updated');
  expect(faultsOf((await write({ draft: productDraft({ kind: 'bundle', variants: of(gone.id) }) }))[0])).toEqual([
    ['/variants/0/components/0/variantId', 'unknown_variant'],
  ]);
  expect((await write({ id, draft: { ...bundle, variants: of(stays.id) } }))[0]?.outcome).toBe('updated');
});

test('what is part of a bundle becomes no gift', async () => {
  const { make, write } = await given();
  const part = await make();
  const components = [{ variantId: part.variants[0]?.id ?? newId('var'), quantity: 1 }];
  await make({ kind: 'bundle', variants: [variantDraft({ components })] });
  expect(faultsOf((await write({ id: part.id, draft: { ...part, kind: 'gift' } }))[0])).toEqual([
    ['/kind', 'bundle_in_bundle'],
  ]);
});

/** Begins the second while the first has done its work and is not committed; both answers. */
async function overlapping<A, B>(
  inShop: <T>(work: (ctx: Ctx) => Promise<T>) => Promise<T>,
  first: (ctx: Ctx) => Promise<A>,
  second: (ctx: Ctx) => Promise<B>,
): Promise<[A, B]> {
  const noted =
    <T>(work: (ctx: Ctx) => Promise<T>) =>
    (ctx: Ctx) => {
      ctx.audit({ action: 'test.done', entity: { type: 'product', id: 'test' } });
      return work(ctx);
    };
  const [hasWorked, mayEnd] = [signal(), signal()];
  const one = inShop(
    noted(async (ctx) => {
      const done = await first(ctx);
      hasWorked.give();
      await mayEnd.given;
      return done;
    }),
  );
  await Promise.race([hasWorked.given, one]);
  const other = inShop(noted(second));
  // It waits for the first one, or is done by itself, wrongly: long enough for that.
  await Promise.race([other.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 500))]);
  mayEnd.give();
  return [await one, await other];
}

function signal() {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

test('of a bundle that is made and a component that becomes a bundle at once, the later is refused', async () => {
  const { make, inShop } = await given();
  const [part, other] = [await make(), await make()];
  const of = (product: StoredProduct) => [
    variantDraft({ components: [{ variantId: product.variants[0]?.id ?? newId('var'), quantity: 1 }] }),
  ];
  const made = { draft: productDraft({ kind: 'bundle', variants: of(part) }) };
  const become = (one: StoredProduct, of_: StoredProduct) => ({
    id: one.id,
    draft: {
      ...one,
      kind: 'bundle' as const,
      variants: of(of_).map((variant) => ({ ...variant, id: one.variants[0]?.id })),
    },
  });
  const outcomes = (pair: [ProductWritten[], ProductWritten[]]) => pair.map(([one]) => faultsOf(one));
  const write = (one: ProductWrite) => (ctx: Ctx) => writeProducts(ctx, [one]);
  const [a, b] = [await make(), await make()];
  expect(outcomes(await overlapping(inShop, write(made), write(become(part, other))))).toEqual([
    'created',
    [['/kind', 'bundle_in_bundle']],
  ]);
  // A circle, from both its ends.
  const [first, second] = outcomes(await overlapping(inShop, write(become(a, b)), write(become(b, a))));
  expect(first).toBe('updated');
  expect(second).toEqual([
    ['/kind', 'bundle_in_bundle'],
    ['/variants/0/components/0/variantId', 'bundle_in_bundle'],
  ]);
});

test('a choice that is being taken away is not given to a product', async () => {
  const { make, inShop } = await given();
  const product = await make();
  const attribute = await inShop((ctx) =>
    createAttribute(ctx, {
      key: 'fit',
      name: 'Fit',
      type: 'choice',
      choices: ['slim', 'wide'],
      isPublic: true,
      position: 0,
    }),
  );
  const [, [written]] = await overlapping(
    inShop,
    (ctx) => updateAttribute(ctx, attribute.id, { choices: ['wide'] }),
    (ctx) => writeProducts(ctx, [{ id: product.id, draft: { ...product, attributes: { fit: 'slim' } } }]),
  );
  expect(faultsOf(written)).toEqual([['/attributes/fit', 'attribute_value']]);
});
