import { expect, test } from 'vitest';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop } from '../../testing/people.ts';
import { productDraft, variantDraft } from '../../testing/product-drafts.ts';
import { countingTx } from '../../testing/statement-count.ts';
import { createAttribute, updateAttribute } from './attributes.service.ts';
import type { ProductDraft, ProductWrite, ProductWritten, StoredProduct } from './product-draft.ts';
import { productIdsByHandle, readProducts, variantsBySku } from './product-reader.service.ts';
import { writeProducts } from './product-writer.service.ts';

const db = useDatabase();

async function given() {
  const shop = await givenShop(db);
  const inShop = <T>(work: (ctx: Ctx) => Promise<T>) => db.app.run(shop.system, work);
  const write = (...writes: ProductWrite[]) =>
    inShop(async (ctx) => {
      ctx.audit({ action: 'product.written', entity: { type: 'product', id: 'test' } });
      return writeProducts(ctx, writes);
    });
  const make = async (draft: Partial<ProductDraft> = {}) => stored(await write({ draft: productDraft(draft) }));
  const read = (id: Id<'prod'>) =>
    inShop(async (ctx) => {
      const product = (await readProducts(ctx, [id])).get(id);
      if (!product) throw new Error('not there');
      return product;
    });
  return { shop, companyId: shop.companyId, inShop, write, make, read };
}

function stored([first]: readonly ProductWritten[]): StoredProduct {
  if (!first || first.outcome === 'refused') throw new Error(JSON.stringify(first));
  return first.product;
}

const faultsOf = (written: ProductWritten | undefined) =>
  written?.outcome === 'refused' ? written.faults.map(({ pointer, code }) => [pointer, code]) : written?.outcome;

const shirt = (given: Partial<ProductDraft> = {}) =>
  productDraft({
    kind: 'variable',
    title: 'Shirt',
    options: [
      { name: 'Colour', values: ['Red', 'Blue'] },
      { name: 'Size', values: ['S', 'M'] },
    ],
    variants: [
      variantDraft({ sku: 'RED-S', options: ['Red', 'S'], weightGrams: 200 }),
      variantDraft({ sku: 'RED-M', options: ['Red', 'M'] }),
      variantDraft({ sku: 'BLUE-S', options: ['Blue', 'S'] }),
    ],
    tags: ['Summer', 'cotton', 'summer '],
    vendor: 'Adire',
    ...given,
  });

test('what is written is what is read, in the one settled form', async () => {
  const { make, read } = await given();
  const product = await make(shirt({ status: 'active', translations: { fr: words('Chemise'), de: words(null) } }));
  expect(await read(product.id)).toEqual(product);
  expect(product).toMatchObject({ version: 1, eventSequence: 1, tags: ['cotton', 'Summer'], status: 'active' });
  expect(product.publishedAt).not.toBeNull();
  expect(Object.keys(product.translations)).toEqual(['fr']);
});

const words = (title: string | null) => ({ title, description: null, seoTitle: null, seoDescription: null });

test('writing the same again changes nothing: no version, no event, no row, no newer catalogue', async () => {
  const { companyId, make, write, read } = await given();
  const draft = shirt({ status: 'active' });
  const before = await make(draft);
  const versions = () => db.admin`select version from catalogue_versions where company_id = ${companyId}`;
  const [was] = await versions();
  const [again] = await write({ id: before.id, draft });
  expect(again).toMatchObject({ outcome: 'unchanged', variants: [{ outcome: 'unchanged' }, {}, {}] });
  expect(await read(before.id)).toEqual(before);
  expect(await versions()).toEqual([was]);
});

test('variants are known by SKU, then by options; the others are new, and those left out are archived', async () => {
  const { make, write, read } = await given();
  const before = await make(shirt());
  const [redS, redM, blueS] = before.variants.map(({ id }) => id);
  const [after] = await write({
    id: before.id,
    draft: {
      ...before,
      variants: [
        variantDraft({ sku: 'blue-s', options: ['Blue', 'M'] }),
        variantDraft({ sku: 'NEW', options: ['Red', 'S'] }),
        variantDraft({ options: ['Blue', 'S'] }),
      ],
    },
  });
  expect(after).toMatchObject({ outcome: 'updated' });
  const now = await read(before.id);
  expect(now.variants.map(({ id }) => id)).toEqual([blueS, redS, expect.not.stringMatching(`${redM}|${blueS}`)]);
  expect(now.version).toBe(2);
});

test('an archived variant comes back by its SKU or its options, and keeps its id', async () => {
  const { make, write, read } = await given();
  const before = await make(shirt());
  const [first, second] = before.variants;
  await write({ id: before.id, draft: { ...before, variants: before.variants.slice(2) } });
  expect((await read(before.id)).variants).toHaveLength(1);
  const back = [variantDraft({ options: ['Red', 'S'] }), variantDraft({ sku: 'RED-M', options: ['Red', 'M'] })];
  await write({ id: before.id, draft: { ...before, variants: [...back, ...before.variants.slice(2)] } });
  const now = await read(before.id);
  expect(now.variants.slice(0, 2).map(({ id }) => id)).toEqual([first?.id, second?.id]);
});

test('two variants of a product swap their SKUs, and their options, in one write', async () => {
  const { make, write, read } = await given();
  const before = await make(shirt());
  const [one, two, three] = before.variants;
  if (!one || !two || !three) throw new Error('three variants');
  const skus = [{ ...one, sku: two.sku }, { ...two, sku: one.sku }, three];
  await write({ id: before.id, draft: { ...before, variants: skus } });
  const options = [{ ...one, options: two.options }, { ...two, options: one.options }, three];
  await write({ id: before.id, draft: { ...before, variants: options } });
  expect((await read(before.id)).variants).toEqual(options);
});

test('options are renamed, reordered and taken away with their values', async () => {
  const { companyId, make, write, read } = await given();
  const before = await make(shirt());
  const options = [
    { name: 'Size', values: ['M', 'S', 'XL'] },
    { name: 'Colour', values: ['Blue', 'Red'] },
  ];
  const variants = before.variants.map((one) => ({ ...one, options: [...one.options].reverse() }));
  await write({ id: before.id, draft: { ...before, options, variants } });
  const now = await read(before.id);
  expect(now.options).toEqual(options);
  const rows = await db.admin`select name_key, value_key from variant_options
    where company_id = ${companyId} and variant_id = ${now.variants[0]?.id ?? ''} order by name_key`;
  expect(rows.map((row) => [row['name_key'], row['value_key']])).toEqual([
    ['colour', 'red'],
    ['size', 's'],
  ]);
  const simple = { ...before, kind: 'simple' as const, options: [], variants: [variantDraft({ sku: 'RED-S' })] };
  await write({ id: before.id, draft: simple });
  expect((await read(before.id)).options).toEqual([]);
});

test('each refusal of a batch names its place, and the others of the batch are written', async () => {
  const { make, write, inShop } = await given();
  await make({ handle: 'taken', variants: [variantDraft({ sku: 'TAKEN' })] });
  const unknown = { cat: newId('cat'), file: newId('file') };
  const written = await write(
    { draft: productDraft({ handle: 'taken' }) },
    { draft: productDraft({ variants: [variantDraft({ sku: 'taken' })] }) },
    { draft: productDraft({ handle: 'fine', variants: [variantDraft({ sku: 'FINE' })] }) },
    { draft: productDraft({ handle: 'fine', variants: [variantDraft({ sku: ' fine' })] }) },
    { draft: productDraft({ categoryIds: [unknown.cat], media: [{ fileId: unknown.file, alt: '' }] }) },
    { draft: productDraft({ attributes: { colour: 'red' } }) },
    { draft: productDraft({ variants: [variantDraft({ id: newId('var') })] }) },
    { draft: productDraft({ title: ' ', variants: [variantDraft({ weightGrams: -1 })] }) },
    { draft: shirt({ variants: [variantDraft({ options: ['Red', 'S'] }), variantDraft({ options: ['red', 's'] })] }) },
    { draft: shirt({ variants: [variantDraft({ options: ['Green', 'S'] }), variantDraft({ options: ['Red'] })] }) },
    { draft: productDraft({ variants: [variantDraft(), variantDraft()] }) },
    { draft: productDraft({ handle: 'also-fine' }) },
  );
  expect(written.map(faultsOf)).toEqual([
    [['/handle', 'handle_taken']],
    [['/variants/0/sku', 'sku_taken']],
    'created',
    [
      ['/handle', 'handle_taken'],
      ['/variants/0/sku', 'sku_taken'],
    ],
    [
      ['/categoryIds/0', 'unknown_category'],
      ['/media/0/fileId', 'unknown_file'],
    ],
    [['/attributes/colour', 'unknown_attribute']],
    [['/variants/0/id', 'unknown_variant']],
    [
      ['/title', 'too_small'],
      ['/variants/0/weightGrams', 'too_small'],
    ],
    [['/variants/1/options', 'options_repeated']],
    [
      ['/variants/0/options/0', 'unknown_option_value'],
      ['/variants/1/options', 'options_mismatch'],
    ],
    [['/variants', 'one_variant']],
    'created',
  ]);
  const handles = await inShop((ctx) => productIdsByHandle(ctx, ['fine', 'also-fine', 'nobody']));
  expect([...handles.keys()].sort()).toEqual(['also-fine', 'fine']);
});

test('two companies have the same handle and SKU; one company has neither twice', async () => {
  const [a, b] = [await given(), await given()];
  const draft = productDraft({ handle: 'shirt', variants: [variantDraft({ sku: 'S-1', barcode: '400' })] });
  expect((await a.make(draft)).handle).toBe((await b.make(draft)).handle);
  const found = await a.inShop((ctx) => variantsBySku(ctx, ['s-1', 'S-1', 'none']));
  expect([...found.keys()]).toEqual(['s-1']);
});

test('a handle of the past belongs to its product until another one takes it as its present one', async () => {
  const { companyId, make, write } = await given();
  const first = await make({ handle: 'old' });
  await write({ id: first.id, draft: { ...first, handle: 'new' } });
  const owners = () =>
    db.admin`select handle, product_id from product_handles where company_id = ${companyId} order by 1`;
  expect((await owners()).map((row) => Object.values(row))).toEqual([
    ['new', first.id],
    ['old', first.id],
  ]);
  const second = await make({ handle: 'old' });
  expect((await owners()).map((row) => Object.values(row))).toEqual([
    ['new', first.id],
    ['old', second.id],
  ]);
});

test('a SKU is free again when its variant is archived, and goes back to whoever comes first', async () => {
  const { make, write } = await given();
  const first = await make(shirt());
  await write({ id: first.id, draft: { ...first, variants: first.variants.slice(1) } });
  const other = await make({ variants: [variantDraft({ sku: 'RED-S' })] });
  const [refused] = await write({ id: first.id, draft: { ...first, variants: first.variants } });
  expect(faultsOf(refused)).toEqual([['/variants/0/sku', 'sku_taken']]);
  expect(other.variants[0]?.sku).toBe('RED-S');
});

test('of two products made at once with one handle, or one SKU, one is made and the other is told why', async () => {
  const { make } = await given();
  const handles = await Promise.allSettled([make({ handle: 'race' }), make({ handle: 'race' })]);
  const skus = await Promise.allSettled(
    ['a', 'b'].map((handle) => make({ handle, variants: [variantDraft({ sku: 'RACE' })] })),
  );
  for (const outcomes of [handles, skus]) {
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  }
});

test('two changes that read the same version: one wins, the other is told so', async () => {
  const { make, write } = await given();
  const { id, version, ...draft } = await make();
  const change = (title: string) => write({ id, expectedVersion: version, draft: { ...draft, title } });
  const outcomes = await Promise.allSettled([change('One'), change('Two')]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'version_stale' } });
});

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

test('a batch takes the same number of statements for one product as for two hundred and fifty', async () => {
  const { shop, inShop } = await given();
  const counted = async (count: number) => {
    let statements = 0;
    const drafts = Array.from({ length: count }, (_, at) =>
      shirt({
        handle: `batch-${count}-${at}`,
        status: 'active',
        variants: shirt().variants.map((one) => ({ ...one, sku: `${one.sku}-${count}-${at}` })),
      }),
    );
    const write = (change: (draft: ProductDraft) => ProductDraft, ids: readonly Id<'prod'>[] = []) =>
      inShop(async (ctx) => {
        ctx.audit({ action: 'product.written', entity: { type: 'product', id: shop.companyId } });
        const counting: Ctx = { ...ctx, tx: countingTx(ctx.tx, () => statements++) };
        return writeProducts(
          counting,
          drafts.map((draft, at) => ({ id: ids[at], draft: change(draft) })),
        );
      });
    const made = await write((draft) => draft);
    const ids = made.map((one) => stored([one]).id);
    const whenMade = statements;
    await write((draft) => ({ ...draft, title: 'Other', tags: ['x'], variants: draft.variants.slice(1) }), ids);
    const whenChanged = statements - whenMade;
    return [whenMade, whenChanged];
  };
  const one = await counted(1);
  expect(await counted(250)).toEqual(one);
  expect(Math.max(...one)).toBeLessThan(40);
});

test('search words are folded, bounded, and follow the product', async () => {
  const { companyId, make, write } = await given();
  const before = await make(shirt({ title: 'Café  ÉTÉ', description: `<p>Très&nbsp;doux</p>${'mot '.repeat(5_000)}` }));
  const document = async () => {
    const [row] = await db.admin`select title_words, key_words, body_words from product_search_documents
      where company_id = ${companyId} and product_id = ${before.id}`;
    return row;
  };
  const first = await document();
  expect(first).toMatchObject({ title_words: 'cafe ete', key_words: expect.stringContaining('red-s') });
  expect(first?.['body_words']).toMatch(/^tres doux mot/);
  expect(String(first?.['body_words']).length).toBeLessThanOrEqual(5_000);
  await write({ id: before.id, draft: { ...before, title: 'Tee' } });
  expect(await document()).toMatchObject({ title_words: 'tee' });
});
