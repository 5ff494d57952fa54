import { expect, test } from 'vitest';
import { basketLine, basketOf, discount, shippingOption, taxRate } from '../../testing/baskets.ts';
import { reckon } from './reckon.ts';
import { parcelsView, totalsView, totalsViewShape } from './totals-view.contract.ts';

const coded = (name: string, more: Parameters<typeof discount>[1] = {}) => discount(name, { code: name, ...more });

test('shoppers are told of what they get and what became of their codes, and of no other discount', () => {
  const discounts = [
    discount('ten'),
    discount('secret', { subtotalMin: 999_999n }),
    coded('COMING', { startsAt: '2027-01-01T00:00:00Z' }),
    coded('OVER', { endsAt: '2020-01-01T00:00:00Z' }),
    coded('PAUSED', { isActive: false }),
    coded('BIG', { title: 'For big carts', subtotalMin: 5_000n }),
  ];
  const codes = ['COMING', 'OVER', 'PAUSED', 'NOPE', 'BIG'];
  const totals = reckon(basketOf([basketLine('mug')], { discounts, codes }));
  const view = totalsView(totals, { withExplanation: true });
  const unknown = {
    discountId: null,
    obstacle: { code: 'unknown_code', message: expect.stringContaining('There is no discount for this code') },
  };
  expect(view.discounts).toMatchObject([
    { ...unknown, title: 'COMING', code: 'COMING' },
    { ...unknown, title: 'OVER', code: 'OVER' },
    { ...unknown, title: 'PAUSED', code: 'PAUSED' },
    { ...unknown, title: 'NOPE', code: 'NOPE' },
    { title: 'BIG', discountId: null, obstacle: { code: 'below_subtotal', message: expect.stringContaining('50.00') } },
    { title: 'ten', code: null, obstacle: null, amount: { amount: 100, currency: 'NGN' } },
  ]);
  // All told alike: nothing but the code differs.
  const [coming, ...others] = view.discounts.slice(0, 4);
  for (const one of others) expect({ ...one, title: 'COMING', code: 'COMING' }).toEqual(coming);
  expect(JSON.stringify(view)).not.toMatch(/secret|For big carts|dis_(?!ten)/);
  expect(JSON.stringify(totalsView(totals, { isForStaff: true, withExplanation: true }))).toMatch(/secret/);
  expect(totalsView(totals).explanation).toBeUndefined();
});

test('the view is what its contract says, in money of the currency', () => {
  const post = shippingOption('Post', 500n);
  const bike = shippingOption('Bike', 300n, { weightMaxGrams: 1 });
  const basket = basketOf([basketLine('mug', { weightGrams: 400 }), basketLine('none', { unitAmount: null })], {
    currency: 'JPY',
    taxRates: [taxRate('JCT', { ratePpm: 100_000 })],
    shippingOptions: [post, bike],
    chosenShippingOptionIds: [post.id],
  });
  const totals = reckon(basket);
  const view = totalsView(totals);
  // Ids of tests are shorter than real ones, so the shape is compared by what it keeps.
  expect(Object.keys(view).sort()).toEqual(
    Object.keys(totalsViewShape.shape)
      .filter((key) => key !== 'explanation')
      .sort(),
  );
  const yen = (amount: number) => ({ amount, currency: 'JPY' });
  expect(view.totals).toEqual({
    subtotal: yen(1_000),
    discount: yen(0),
    shipping: yen(500),
    tax: yen(136),
    total: yen(1_500),
  });
  expect(view.lines).toMatchObject([
    { lineId: 'mug', unitPrice: yen(1_000), obstacle: null, taxes: [{ base: yen(909), amount: yen(91) }] },
    { lineId: 'none', unitPrice: null, total: yen(0), taxes: [], obstacle: { code: 'not_in_currency' } },
  ]);
  expect(parcelsView(totals)).toMatchObject([
    {
      lineIds: ['mug'],
      weightGrams: 400,
      options: [
        { id: post.id, amount: yen(500), isChosen: true, obstacle: null },
        { id: bike.id, amount: null, isChosen: false, obstacle: { code: 'too_heavy' } },
      ],
    },
  ]);
});
