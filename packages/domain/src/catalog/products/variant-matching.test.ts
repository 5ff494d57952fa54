import { expect, test } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { variantDraft } from '../../testing/product-drafts.ts';
import { optionsKeyOf } from './option-combinations.ts';
import { type KnownVariant, matchMedia, matchVariants } from './variant-matching.ts';

const known = (skuKey: string | null, options: string[], isArchived = false): KnownVariant => ({
  id: newId('var'),
  skuKey,
  optionsKey: optionsKeyOf(options),
  isArchived,
});

test('an id goes before a SKU, a SKU before options, one for sale before an archived one, and each is meant once', () => {
  const [a, b, c, gone] = [known('a', ['S']), known('b', ['M']), known(null, ['L']), known('a', ['XL'], true)];
  const match = (...drafts: Parameters<typeof matchVariants>[0]) =>
    matchVariants(drafts, [gone, a, b, c]).matches.map((one) => one?.id);
  expect(
    match(variantDraft({ id: b.id, sku: 'a', options: ['S'] }), variantDraft({ sku: 'A', options: ['M'] })),
  ).toEqual([b.id, a.id]);
  expect(match(variantDraft({ options: ['l'] }), variantDraft({ options: ['L'] }))).toEqual([c.id, undefined]);
  expect(match(variantDraft({ sku: 'A', options: ['M'] }), variantDraft({ sku: 'x', options: ['xl'] }))).toEqual([
    a.id,
    gone.id,
  ]);
  const stranger = newId('var');
  expect(matchVariants([variantDraft({ id: stranger, sku: 'a' })], [a])).toEqual({
    matches: [undefined],
    unknown: [0],
  });
});

test('one for sale with the same options goes before an archived one with the SKU', () => {
  const [living, gone] = [known('new', ['S']), known('old', ['M'], true)];
  const match = (...drafts: Parameters<typeof matchVariants>[0]) =>
    matchVariants(drafts, [gone, living]).matches.map((one) => one?.id);
  expect(match(variantDraft({ sku: 'old', options: ['S'] }))).toEqual([living.id]);
  expect(match(variantDraft({ sku: 'old', options: ['L'] }))).toEqual([gone.id]);
});

test('the same file twice is two pictures, each known again in its order', () => {
  const [one, two] = [newId('file'), newId('file')];
  const stored = [one, one, two].map((fileId) => ({ id: newId('med'), fileId, alt: '' }));
  const drafts = [
    { fileId: two, alt: '' },
    { fileId: one, alt: 'x' },
    { fileId: one, alt: '' },
    { fileId: one, alt: '' },
  ];
  const ids = stored.map(({ id }) => id);
  expect(matchMedia(drafts, stored)).toEqual({ ids: [ids[2], ids[0], ids[1], undefined], unknown: [] });
  const named = [
    { id: ids[1], fileId: one, alt: '' },
    { fileId: one, alt: '' },
  ];
  expect(matchMedia(named, stored).ids).toEqual([ids[1], ids[0]]);
});
