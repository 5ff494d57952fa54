import { expect, test } from 'vitest';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { productDraft, shirt, variantDraft } from '../../testing/product-drafts.ts';
import { countingTx } from '../../testing/statement-count.ts';
import { faultsOf, givenWriter, stored } from '../../testing/written-products.ts';
import type { ProductDraft } from './product-draft.ts';
import { productIdsByHandle, variantsBySku } from './product-reader.service.ts';
import { writeProducts } from './product-writer.service.ts';

const db = useDatabase();
const given = () => givenWriter(db);

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
