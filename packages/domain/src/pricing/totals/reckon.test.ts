import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import { basketLine, basketOf, discount, PROFILE, shippingOption, taxRate } from '../../testing/baskets.ts';
import { reckon } from './reckon.ts';
import type { Totals } from './totals.ts';

const sums = ({ subtotal, discount: off, shipping, tax, total }: Totals) => [subtotal, off, shipping, tax, total];
const textsOf = (totals: Totals, step: string) =>
  totals
    .explained()
    .filter((one) => one.step === step)
    .map(({ text }) => text);

const vat = taxRate('VAT');
const dhl = shippingOption('DHL', 1_500n);
const shipped = { taxRates: [vat], shippingOptions: [dhl], chosenShippingOptionIds: [dhl.id] };

test('prices that include tax: two shirts at 2,500.00 and a mug at 999.99, delivery 15.00, 7.5 % inside', () => {
  const lines = [
    basketLine('shirt', { quantity: 2, unitAmount: 250_000n }),
    basketLine('mug', { unitAmount: 99_999n }),
  ];
  const totals = reckon(basketOf(lines, shipped));
  // 500,000 holds 500,000 - 465,116 (.27…) = 34,884; 99,999 holds 99,999 - 93,022 (.32…) = 6,977; 1,500 holds 105 (104.65…).
  expect(totals.lines.map(({ tax, total }) => [tax, total])).toEqual([
    [34_884n, 500_000n],
    [6_977n, 99_999n],
  ]);
  expect(totals.shippingLines).toMatchObject([{ amount: 1_500n, tax: 105n, total: 1_500n, profileId: PROFILE }]);
  expect(sums(totals)).toEqual([599_999n, 0n, 1_500n, 41_966n, 601_499n]);
  expect(totals.requirements).toEqual([]);
  expect(totals.lines[0]?.taxes).toEqual([
    { rateId: vat.id, name: 'VAT', ratePpm: 75_000, base: 465_116n, amount: 34_884n, isIncluded: true, reason: 'rate' },
  ]);
});

test('prices without tax: the same basket, tax on top', () => {
  const lines = [
    basketLine('shirt', { quantity: 2, unitAmount: 250_000n }),
    basketLine('mug', { unitAmount: 99_999n }),
  ];
  const totals = reckon(basketOf(lines, { ...shipped, pricesIncludeTax: false }));
  // 37,500 + 7,499.925 -> 7,500 + 112.5 -> 113 = 45,113.
  expect(totals.lines.map(({ tax, total }) => [tax, total])).toEqual([
    [37_500n, 537_500n],
    [7_500n, 107_499n],
  ]);
  expect(sums(totals)).toEqual([599_999n, 0n, 1_500n, 45_113n, 646_612n]);
});

test('rounding by order: three lines of 0.10 at 5 % bear 0.02 together, spread by largest remainder; by line 0.03', () => {
  const lines = ['a', 'b', 'c'].map((name) => basketLine(name, { unitAmount: 10n, requiresShipping: false }));
  const rates = { taxRates: [taxRate('five', { ratePpm: 50_000 })], pricesIncludeTax: false };
  const byLine = reckon(basketOf(lines, rates));
  expect([byLine.lines.map(({ tax }) => tax), byLine.tax]).toEqual([[1n, 1n, 1n], 3n]);
  const byOrder = reckon(basketOf(lines, { ...rates, taxRounding: 'order' }));
  expect([byOrder.lines.map(({ tax }) => tax), byOrder.tax]).toEqual([[1n, 1n, 0n], 2n]);
  expect(textsOf(byOrder, 'rounding')).toEqual(['The tax on all that bears five: 0.015 NGN became 0.02 NGN.']);
});

test('20 % off a shirt, then 10 % off what is left of all, then delivery free: each on what the one before left', () => {
  const shirt = basketLine('shirt', { unitAmount: 10_000n });
  const mug = basketLine('mug', { unitAmount: 5_005n });
  const discounts = [
    discount('ten', { class: 'order' }),
    discount('twenty', { percentPpm: 200_000, targets: [{ type: 'variant', id: shirt.variantId }] }),
    discount('free', { kind: 'free_shipping', class: 'shipping', percentPpm: null }),
  ];
  const totals = reckon(basketOf([shirt, mug], { ...shipped, discounts }));
  // Shirt 10,000 - 2,000 = 8,000. 10 % of 13,005 is 1,300.5 -> 1,301, spread 800.3… and 500.6…: 800 and 501.
  expect(totals.lines.map(({ discounts: shares }) => shares.map(({ amount }) => amount))).toEqual([
    [2_000n, 800n],
    [501n],
  ]);
  // 7,200 holds 502 (502.33…), 4,504 holds 314 (314.23…).
  expect(sums(totals)).toEqual([15_005n, 4_801n, 1_500n, 816n, 11_704n]);
  expect(totals.shippingLines).toMatchObject([{ amount: 1_500n, discount: 1_500n, tax: 0n, total: 0n }]);
  expect(textsOf(totals, 'discount').join(' ')).toContain(
    'ten takes 13.01 NGN off: 8.00 NGN off shirt, 5.01 NGN off mug.',
  );
  expect(textsOf(totals, 'rounding')).toContain('What ten takes of all goods: 13.005 NGN became 13.01 NGN.');
});

test('yen have no decimals and dinar three', () => {
  const jpy = basketOf([basketLine('tea', { unitAmount: 1_980n, requiresShipping: false })], {
    currency: 'JPY',
    taxRates: [taxRate('JCT', { ratePpm: 100_000 })],
  });
  expect(sums(reckon(jpy))).toEqual([1_980n, 0n, 0n, 180n, 1_980n]);
  expect(textsOf(reckon(jpy), 'total')).toEqual([
    '1980 JPY for goods, 0 JPY for delivery: 1980 JPY in all, 180 JPY tax included.',
  ]);
  const kwd = { ...jpy, currency: 'KWD', pricesIncludeTax: false, taxRates: [taxRate('VAT', { ratePpm: 50_000 })] };
  // 1.980 bears 0.099.
  expect(sums(reckon(kwd))).toEqual([1_980n, 0n, 0n, 99n, 2_079n]);
});

test('everything off leaves nothing to pay, and nothing below it', () => {
  const discounts = [
    discount('all', { percentPpm: 1_000_000 }),
    discount('more', { kind: 'fixed_amount', class: 'order', percentPpm: null, amount: 999_999n }),
    discount('free', { kind: 'free_shipping', class: 'shipping', percentPpm: null }),
  ];
  const totals = reckon(basketOf([basketLine('a', { quantity: 3 })], { ...shipped, discounts, taxRounding: 'order' }));
  expect(sums(totals)).toEqual([3_000n, 4_500n, 1_500n, 0n, 0n]);
  expect(totals.discounts.map(({ title, obstacle }) => [title, obstacle])).toContainEqual(['more', 'nothing_left']);
  expect(totals.requirements).toEqual([]);
});

test('free from a subtotal on is asked of what discounts left', () => {
  const option = shippingOption('Post', 500n, { freeOver: 1_000n });
  const more = { shippingOptions: [option], chosenShippingOptionIds: [option.id] };
  expect(reckon(basketOf([basketLine('a')], more)).shipping).toBe(0n);
  expect(reckon(basketOf([basketLine('a')], { ...more, discounts: [discount('ten')] })).shipping).toBe(500n);
});

test('goods of two profiles are two parcels; what needs no shipping is in none', () => {
  const bulky = 'shp_bulky' as Id<'shp'>; // looked up nowhere
  const lorry = shippingOption('Lorry', 9_000n, {
    profileId: bulky,
    basis: 'weight',
    rates: [
      { from: 0n, amount: 5_000n },
      { from: 20_000n, amount: 9_000n },
    ],
  });
  const lines = [
    basketLine('sofa', { profileId: bulky, weightGrams: 15_000, quantity: 2 }),
    basketLine('mug'),
    basketLine('song', { requiresShipping: false }),
  ];
  const more = { shippingOptions: [dhl, lorry] };
  const none = reckon(basketOf(lines, more));
  expect(none.requirements).toEqual([
    { code: 'shipping_option', profileId: bulky, why: 'not_chosen', droppedId: null },
    { code: 'shipping_option', profileId: PROFILE, why: 'not_chosen', droppedId: null },
  ]);
  expect(none.quotes.map(({ parcel }) => parcel.lineIds)).toEqual([['sofa'], ['mug']]);
  const both = reckon(basketOf(lines, { ...more, chosenShippingOptionIds: [dhl.id, lorry.id] }));
  expect(both.shippingLines.map(({ name, amount }) => [name, amount])).toEqual([
    ['Lorry', 9_000n],
    ['DHL', 1_500n],
  ]);
  expect(both.requirements).toEqual([]);
  const songs = reckon(basketOf([basketLine('song', { requiresShipping: false })], { shipTo: null }));
  expect([songs.requirements, songs.quotes]).toEqual([[], []]);
});

test('an option that cannot be had any more is dropped and asked for again, saying why', () => {
  const light = shippingOption('Bike', 300n, { weightMaxGrams: 1_000 });
  const heavy = basketOf([basketLine('anvil', { weightGrams: 50_000 })], {
    shippingOptions: [light, dhl],
    chosenShippingOptionIds: [light.id],
  });
  const why = (basket: typeof heavy) => reckon(basket).requirements;
  const asked = { code: 'shipping_option', profileId: PROFILE, droppedId: light.id };
  expect(why(heavy)).toEqual([{ ...asked, why: 'too_heavy' }]);
  expect(reckon(heavy)).toMatchObject({ shipping: 0n, shippingLines: [] });
  expect(why({ ...heavy, shippingOptions: [dhl] })).toEqual([{ ...asked, why: 'gone' }]);
  expect(why({ ...heavy, shipTo: { country: 'GH' } })).toEqual([{ ...asked, why: 'none_offered' }]);
  expect(why({ ...heavy, chosenShippingOptionIds: [], shipsTo: ['GH'] })).toEqual([
    { ...asked, why: 'none_offered', droppedId: null },
  ]);
  expect(why({ ...heavy, shipTo: null })).toEqual([{ code: 'shipping_address' }, { ...asked, why: 'no_address' }]);
  expect(why(basketOf([basketLine('a', { profileId: null })]))).toEqual([
    { code: 'shipping_option', profileId: null, why: 'none_offered', droppedId: null },
  ]);
});

test('a line that cannot be bought adds nothing and says why', () => {
  const lines = [
    basketLine('gone', { isForSale: false }),
    basketLine('other money', { unitAmount: null }),
    basketLine('gift', { isGift: true, isForSale: false }),
    basketLine('fortune', { unitAmount: 2n ** 50n, quantity: 3 }),
    basketLine('mug'),
  ];
  const totals = reckon(basketOf(lines, { ...shipped, discounts: [discount('ten')] }));
  expect(totals.lines.map(({ obstacle, subtotal, total }) => [obstacle, subtotal, total])).toEqual([
    ['not_for_sale', 0n, 0n],
    ['not_in_currency', 0n, 0n],
    ['gift_only', 0n, 0n],
    ['too_much', 0n, 0n],
    [null, 1_000n, 900n],
  ]);
  expect(totals.requirements.map((one) => ('lineId' in one ? one.lineId : one.code))).toEqual([
    'gone',
    'other money',
    'gift',
    'fortune',
  ]);
  expect(totals.total).toBe(2_400n);
});

test('an empty basket comes to nothing and cannot be ordered', () => {
  const totals = reckon(basketOf([], { ...shipped, discounts: [discount('ten')], codes: ['NOPE'] }));
  expect(sums(totals)).toEqual([0n, 0n, 0n, 0n, 0n]);
  expect(totals.requirements).toEqual([{ code: 'empty' }]);
});

test('abroad and for who bears no tax, a price that includes tax stands, and one without has nothing put on top', () => {
  const lines = [basketLine('mug')];
  const abroad = { taxRates: [vat], taxAt: { country: 'US' }, shippingOptions: [dhl] };
  const exempt = { taxRates: [vat], customer: { id: null, groupIds: [], isTaxExempt: true, hasOrdered: null } };
  for (const more of [abroad, exempt])
    for (const pricesIncludeTax of [true, false])
      expect(sums(reckon(basketOf(lines, { ...more, pricesIncludeTax })))).toEqual([1_000n, 0n, 0n, 0n, 1_000n]);
  expect(reckon(basketOf(lines, abroad)).lines[0]?.taxes).toMatchObject([
    { reason: 'no_rate_for_place', base: 1_000n },
  ]);
});

test('the explanation has a sentence for each decision', () => {
  const basket = basketOf([basketLine('Mug', { unitAmount: 999n, variantTitle: 'Red' })], {
    ...shipped,
    codes: ['NOPE'],
    discounts: [
      discount('Ten'),
      discount('Big', { kind: 'fixed_amount', percentPpm: null, amount: 50n, combinesWith: [] }),
    ],
  });
  expect(
    reckon(basket)
      .explained()
      .map(({ step, text }) => `${step}: ${text}`),
  ).toEqual([
    'price: 1 of Mug (Red) at 9.99 NGN come to 9.99 NGN, by price prc_Mug.',
    'discount: NOPE (code NOPE) takes nothing off. There is no discount for this code, or it is not to be had now. Check its spelling, or take it out.',
    'discount: Big takes nothing off. Another discount that takes more off was taken.',
    'discount: Ten takes 1.00 NGN off: 1.00 NGN off Mug (Red).',
    'shipping: DHL for Mug (Red): 15.00 NGN.',
    'tax: Mug (Red) bears VAT of 7.5 % for Lagos, NG (where it goes): 0.63 NGN is in the price, beside 8.36 NGN.',
    'tax: DHL bears VAT of 7.5 % for Lagos, NG (where it goes): 1.05 NGN is in the price, beside 13.95 NGN.',
    'rounding: What Ten takes off Mug (Red): 0.999 NGN became 1.00 NGN.',
    'rounding: The price without tax of Mug (Red): 8.36279069… NGN became 8.36 NGN.',
    'rounding: The price without tax of DHL: 13.95348837… NGN became 13.95 NGN.',
    'total: 9.99 NGN for goods, less 1.00 NGN, 15.00 NGN for delivery: 23.99 NGN in all, 1.68 NGN tax included.',
  ]);
});
