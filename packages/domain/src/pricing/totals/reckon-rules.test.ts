import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import { basketLine, basketOf, discount, PROFILE, shippingOption, taxRate } from '../../testing/baskets.ts';
import type { DiscountFacts } from '../discounts/discount-facts.ts';
import { sumOf } from '../discounts/discount-scene.ts';
import { taxOf } from '../tax/tax-choice.ts';
import type { Basket, BasketLine } from './basket.ts';
import { SUBTOTAL_MAX } from './line-prices.ts';
import { reckon } from './reckon.ts';
import type { Totals } from './totals.ts';
import { totalsView } from './totals-view.contract.ts';

const RUNS = 500;
const BULKY = 'shp_bulky' as Id<'shp'>; // looked up nowhere
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];

const amounts = fc.oneof(
  fc.bigInt({ min: 0n, max: 20n }),
  fc.bigInt({ min: 0n, max: 1_000_000n }),
  fc.bigInt({ min: 0n, max: 2n ** 52n }),
);
const ppm = fc.oneof(fc.constantFrom(1, 333_333, 500_000, 1_000_000), fc.integer({ min: 1, max: 1_000_000 }));
const classes = fc.subarray(['product', 'order', 'shipping'] as const);

const lineNamed = (name: string): fc.Arbitrary<BasketLine> =>
  fc
    .record({
      quantity: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 1_000 })),
      unitAmount: fc.option(amounts, { freq: 20 }),
      isForSale: fc.boolean().map((no) => !no || name !== 'f'),
      isTaxable: fc.boolean().map((yes) => yes || name !== 'e'),
      taxCategory: fc.constantFrom(null, 'books'),
      requiresShipping: fc.boolean(),
      profileId: fc.constantFrom(PROFILE, PROFILE, BULKY, null),
      weightGrams: fc.option(fc.integer({ min: 0, max: 40_000 })),
      collectionIds: fc.subarray(['col_x' as Id<'col'>, 'col_y' as Id<'col'>]),
    })
    .map((more) => basketLine(name, more));

const target = fc.constantFrom(
  ...NAMES.map((name) => ({ type: 'variant' as const, id: `var_${name}` })),
  { type: 'collection' as const, id: 'col_x' },
  { type: 'collection' as const, id: 'col_y' },
);

const KINDS = [
  { kind: 'percentage', class: 'product' },
  { kind: 'percentage', class: 'order' },
  { kind: 'percentage', class: 'shipping' },
  { kind: 'fixed_amount', class: 'product' },
  { kind: 'fixed_amount', class: 'order' },
  { kind: 'fixed_price', class: 'product' },
  { kind: 'free_shipping', class: 'shipping' },
  { kind: 'buy_x_get_y', class: 'product' },
  { kind: 'gift', class: 'product' },
] as const;

const discountNamed = (name: string): fc.Arbitrary<DiscountFacts> =>
  fc
    .record({
      which: fc.constantFrom(...KINDS),
      priority: fc.integer({ min: 0, max: 2 }),
      percentPpm: ppm,
      amount: amounts,
      allocation: fc.constantFrom('each' as const, 'across' as const),
      amountMax: fc.option(amounts, { freq: 3 }),
      targets: fc.array(target, { maxLength: 3 }),
      subtotalMin: fc.option(fc.bigInt({ min: 1n, max: 5_000n }), { freq: 3 }),
      buyTargets: fc.array(target, { maxLength: 2 }),
      buyQuantity: fc.integer({ min: 1, max: 3 }),
      getQuantity: fc.integer({ min: 1, max: 2 }),
      isCode: fc.boolean(),
      usageLimit: fc.option(fc.constantFrom(1, 10), { freq: 5 }),
      used: fc.integer({ min: 0, max: 3 }),
      combinesWith: classes,
    })
    .map(({ which, percentPpm, amount, buyTargets, buyQuantity, getQuantity, isCode, ...more }) => {
      const isDeal = which.kind === 'buy_x_get_y';
      return discount(name, {
        ...more,
        ...which,
        code: isCode ? `CODE-${name}` : null,
        percentPpm: which.kind === 'percentage' || isDeal ? percentPpm : null,
        amount: which.kind === 'fixed_amount' || which.kind === 'fixed_price' ? amount : null,
        buy: isDeal ? { targets: buyTargets, quantity: buyQuantity } : null,
        getQuantity: isDeal ? getQuantity : null,
      });
    });

const option = (name: string, profileId: Id<'shp'>) =>
  fc
    .record({
      basis: fc.constantFrom('flat' as const, 'weight' as const, 'subtotal' as const),
      price: fc.bigInt({ min: 0n, max: 5_000n }),
      freeOver: fc.option(fc.bigInt({ min: 0n, max: 3_000n })),
      weightMaxGrams: fc.option(fc.integer({ min: 1, max: 50_000 })),
    })
    .map(({ price, ...more }) => shippingOption(name, price, { profileId, ...more }));

const basket: fc.Arbitrary<Basket> = fc
  .record({
    lines: fc.subarray(NAMES).chain((names) => fc.tuple(...names.map(lineNamed))),
    discounts: fc.subarray(['p', 'q', 'r', 's', 't']).chain((names) => fc.tuple(...names.map(discountNamed))),
    currency: fc.constantFrom('JPY', 'NGN', 'KWD'),
    pricesIncludeTax: fc.boolean(),
    taxRounding: fc.constantFrom('line' as const, 'order' as const),
    rates: fc.record({ standard: fc.integer({ min: 0, max: 1_000_000 }), books: ppm, appliesToShipping: fc.boolean() }),
    options: fc.tuple(option('Post', PROFILE), option('Bike', PROFILE), option('Lorry', BULKY)),
    chosen: fc.subarray(['sho_Post', 'sho_Bike', 'sho_Lorry', 'sho_gone'] as Id<'sho'>[]),
    shipTo: fc.constantFrom({ country: 'NG' }, { country: 'NG' }, { country: 'GH' }, null),
    isTaxExempt: fc.boolean().map((yes) => yes),
    codes: fc.subarray(['CODE-p', 'code-q', 'CODE-r', 'NOPE']),
  })
  .map(({ rates, options, chosen, isTaxExempt, ...more }) => {
    const { standard, books, appliesToShipping } = rates;
    return basketOf(more.lines, {
      ...more,
      taxRates: [
        taxRate('VAT', { ratePpm: standard, appliesToShipping }),
        taxRate('Books', { ratePpm: books, taxCategory: 'books' }),
      ],
      customer: { id: null, groupIds: [], isTaxExempt: isTaxExempt && more.codes.length === 0, hasOrdered: null },
      shippingOptions: options,
      chosenShippingOptionIds: chosen,
    });
  });

const always = (holds: (basket: Basket, totals: Totals) => void) =>
  fc.assert(
    fc.property(basket, (one) => holds(one, reckon(one))),
    { numRuns: RUNS },
  );
const told = (totals: Totals) => ({ ...totals, explanation: totals.explained() });
const bytes = (value: unknown) =>
  JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one));

test('the total is subtotal less discount plus shipping, and plus tax only where prices are without it', () => {
  always((_, { subtotal, discount: off, shipping, tax, total, pricesIncludeTax }) => {
    expect(total).toBe(subtotal - off + shipping + (pricesIncludeTax ? 0n : tax));
  });
});

test('lines and shipments sum to the totals, shares and taxes to what their line says', () => {
  always((_, totals) => {
    const { lines, shippingLines } = totals;
    const all = [...lines, ...shippingLines];
    expect(sumOf(all.map(({ total }) => total))).toBe(totals.total);
    expect(sumOf(all.map(({ tax }) => tax))).toBe(totals.tax);
    expect(sumOf(all.map(({ discount: off }) => off))).toBe(totals.discount);
    expect(sumOf(lines.map(({ subtotal }) => subtotal))).toBe(totals.subtotal);
    expect(sumOf(shippingLines.map(({ amount }) => amount))).toBe(totals.shipping);
    for (const { discounts, discount: off, taxes, tax } of all) {
      expect(sumOf(discounts.map(({ amount }) => amount))).toBe(off);
      expect(sumOf(taxes.map(({ amount }) => amount))).toBe(tax);
    }
    expect(sumOf(totals.discounts.map(({ amount }) => amount))).toBe(totals.discount);
  });
});

test('nothing is negative, nothing takes off more than there is, and what is off is told by exactly one verdict', () => {
  always((_, totals) => {
    const wholes = [...totals.lines.map((line) => ({ ...line, amount: line.subtotal })), ...totals.shippingLines];
    for (const { amount, discount: off, tax, total, discounts } of wholes) {
      expect(off >= 0n && off <= amount && tax >= 0n && total >= 0n).toBe(true);
      expect(discounts.every((share) => share.amount > 0n)).toBe(true);
    }
    for (const { amount, obstacle } of totals.discounts) expect(amount > 0n).toBe(obstacle === null);
  });
});

test('each tax is its rate of its base, rounded once: by line, or on the sum of a rate and never off by a whole unit', () => {
  always(({ taxRounding, pricesIncludeTax: isIncluded }, { lines, shippingLines }) => {
    const taxes = [...lines, ...shippingLines].flatMap((one) => one.taxes);
    const whole = (one: { base: bigint; amount: bigint }) => (isIncluded ? one.base + one.amount : one.base);
    for (const tax of taxes) {
      const exact = taxOf(whole(tax), tax.ratePpm, { isIncluded });
      const off = tax.amount - exact;
      expect(taxRounding === 'line' ? off === 0n : off >= -1n && off <= 1n).toBe(true);
    }
    for (const rateId of taxRounding === 'order' ? new Set(taxes.map((tax) => tax.rateId)) : []) {
      const own = taxes.filter((tax) => tax.rateId === rateId);
      const expected = taxOf(sumOf(own.map(whole)), own[0]?.ratePpm ?? 0, { isIncluded });
      expect(sumOf(own.map(({ amount }) => amount))).toBe(expected);
    }
  });
});

test('the same basket gives the same bytes, in whatever order its discounts, rates and options stand', () => {
  always((one, totals) => {
    const turned = {
      ...one,
      discounts: [...one.discounts].reverse(),
      taxRates: [...one.taxRates].reverse(),
      shippingOptions: [...one.shippingOptions].reverse(),
      chosenShippingOptionIds: [...one.chosenShippingOptionIds].reverse(),
    };
    expect(bytes(told(reckon(structuredClone(one))))).toBe(bytes(told(totals)));
    expect(bytes(told(reckon(turned)))).toBe(bytes(told(totals)));
  });
});

test('a basket either has what it takes to be ordered, or says what is missing', () => {
  always(({ lines, shipTo }, { requirements, shippingLines, lines: reckoned }) => {
    const shipped = new Set(
      lines.flatMap((line, at) => (reckoned[at]?.obstacle === null && line.requiresShipping ? [line.profileId] : [])),
    );
    const codes = new Set(requirements.map(({ code }) => code));
    expect(codes.has('empty')).toBe(lines.length === 0);
    expect(codes.has('line')).toBe(reckoned.some(({ obstacle }) => obstacle !== null));
    expect(codes.has('shipping_address')).toBe(shipped.size > 0 && shipTo === null);
    const sent = shippingLines.length + requirements.filter(({ code }) => code === 'shipping_option').length;
    expect(sent).toBe(shipped.size);
  });
});

test('the view carries every amount exactly, and the explanation accounts for every line and code', () => {
  always((one, totals) => {
    const view = totalsView(totals, { isForStaff: true, withExplanation: true });
    expect(BigInt(view.totals.total.amount)).toBe(totals.total);
    expect(totals.subtotal <= SUBTOTAL_MAX).toBe(true);
    const about = new Set(view.explanation?.map((sentence) => sentence.about));
    for (const { id } of one.lines) expect(about.has(id)).toBe(true);
    for (const { discountId, code, title } of totals.discounts)
      expect(about.has(discountId ?? code ?? title)).toBe(true);
    expect(JSON.parse(JSON.stringify(view))).toEqual(view);
  });
});
