import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import { discount } from '../../testing/baskets.ts';
import type { DiscountFacts } from './discount-facts.ts';
import { discountLines, discountShipping } from './discount-rules.ts';
import type { DiscountLine, DiscountScene } from './discount-scene.ts';

const idOf = <P extends 'dis' | 'prod' | 'var' | 'col' | 'cat' | 'cus' | 'cgr'>(kind: P, n: number): Id<P> =>
  `${kind}_${String(n).padStart(26, '0')}`;
let made = 0;
const line = (unit: number | bigint, quantity = 1, more: Partial<DiscountLine> = {}): DiscountLine => ({
  variantId: idOf('var', ++made),
  productId: idOf('prod', made),
  quantity,
  unitAmount: BigInt(unit),
  isForSale: true,
  isGift: false,
  collectionIds: [],
  categoryIds: [],
  ...more,
});
const facts = (id: number, more: Partial<DiscountFacts>): DiscountFacts =>
  discount(`Discount ${id}`, {
    id: idOf('dis', id),
    class: 'order',
    percentPpm: null,
    combinesWith: (['product', 'order', 'shipping'] as const).filter((one) => one !== (more.class ?? 'order')),
    ...more,
  });
const percent = (id: number, of: number, more: Partial<DiscountFacts> = {}) =>
  facts(id, { percentPpm: of * 10_000, ...more });
const off = (id: number, amount: number | bigint, more: Partial<DiscountFacts> = {}) =>
  facts(id, { kind: 'fixed_amount', amount: BigInt(amount), ...more });
const product = { class: 'product' } as const;
const all = ['product', 'order', 'shipping'] as const;
const scene = (
  lines: readonly DiscountLine[],
  discounts: readonly DiscountFacts[],
  more: Partial<DiscountScene> = {},
): DiscountScene => ({
  at: '2026-11-21T12:00:00.000Z',
  lines,
  customer: { id: null, groupIds: [], hasOrdered: null },
  codes: [],
  discounts,
  ...more,
});
function outcome(given: DiscountScene, shipping: readonly number[] = []) {
  const goods = discountLines(given);
  const sent = discountShipping(given, goods, shipping.map(BigInt));
  const sums = (shares: readonly (readonly { amount: bigint }[])[]) =>
    shares.map((own) => Number(own.reduce((sum, { amount }) => sum + amount, 0n)));
  return {
    off: sums(goods.shares),
    left: goods.left.map(Number),
    shippingOff: sums(sent.shares),
    said: sent.verdicts.map(({ discountId, code, amount, obstacle }) => [
      discountId === null ? code : Number(discountId.slice(4)),
      obstacle ?? Number(amount),
    ]),
  };
}

test('a percentage off products is rounded half up on each line, one off the order once and spread by largest remainder', () => {
  const lines = [line(105), line(105), line(5)];
  expect(outcome(scene(lines, [percent(1, 10, product)])).off).toEqual([11, 11, 1]);
  // 21.5 of 215 is 22: 10.74, 10.74 and 0.51 of it, so the two that lack most get the two that are missing.
  expect(outcome(scene(lines, [percent(1, 10)])).off).toEqual([11, 11, 0]);
});

test('a fixed amount is taken once across the order, never more than it, and off each unit where it says so', () => {
  const lines = [line(1_000, 2), line(500)];
  expect(outcome(scene(lines, [off(1, 500)])).off).toEqual([400, 100]);
  expect(outcome(scene(lines, [off(1, 9_999)]))).toMatchObject({ off: [2_000, 500], left: [0, 0] });
  expect(outcome(scene(lines, [off(1, 600, { ...product, allocation: 'each' })])).off).toEqual([1_200, 500]);
});

test('a fixed price is what one then costs; goods that cost less already keep their price', () => {
  const lines = [line(1_000, 2), line(500)];
  expect(outcome(scene(lines, [off(1, 700, { kind: 'fixed_price', ...product })])).off).toEqual([600, 0]);
});

test('percentages stand one after the other: percent of percent, never their sum, never below zero', () => {
  const both = { combinesWith: all };
  const lines = [line(10_000)];
  expect(outcome(scene(lines, [percent(1, 40, { ...product, ...both }), percent(2, 70, both)]))).toEqual({
    off: [8_200],
    left: [1_800],
    shippingOff: [],
    said: [
      [1, 4_000],
      [2, 4_200],
    ],
  });
  const twice = [percent(1, 50, { ...product, ...both }), percent(2, 50, { ...product, ...both })];
  expect(outcome(scene(lines, twice)).off).toEqual([7_500]);
});

test('each line goes to the product discount that takes most off it, and an amount to spread goes over the lines it got', () => {
  const tops = { collectionIds: [idOf('col', 1)] };
  const lines = [line(10_000, 1, tops), line(10_000), line(10_000)];
  const onTops = percent(1, 50, { ...product, targets: [{ type: 'collection', id: idOf('col', 1) }] });
  expect(outcome(scene(lines, [onTops, percent(2, 10, product)]))).toMatchObject({ off: [5_000, 1_000, 1_000] });
  // 3,000 over three lines would be 1,000 each; the first line is better off alone, so 1,500 each for the two others.
  expect(outcome(scene(lines, [onTops, off(2, 3_000, product)]))).toMatchObject({ off: [5_000, 1_500, 1_500] });
  const lost = outcome(scene([line(10_000, 1, tops)], [onTops, percent(2, 10, product)]));
  expect(lost.said).toEqual([
    [1, 5_000],
    [2, 'better_one_taken'],
  ]);
});

test('of two that take the same, the higher priority is taken, then the older one', () => {
  const lines = [line(1_000)];
  expect(outcome(scene(lines, [percent(1, 10), percent(2, 10, { priority: 5 })])).said).toEqual([
    [2, 100],
    [1, 'better_one_taken'],
  ]);
  expect(outcome(scene(lines, [percent(2, 10), percent(1, 10)])).said).toEqual([
    [1, 100],
    [2, 'better_one_taken'],
  ]);
});

test('discounts stand together only when both say so; else the mixture that takes most off stands', () => {
  const lines = [line(10_000)];
  const shy = percent(1, 20, { ...product, combinesWith: [] });
  expect(outcome(scene(lines, [shy, percent(2, 10)])).said).toEqual([
    [1, 2_000],
    [2, 'does_not_combine'],
  ]);
  expect(outcome(scene(lines, [shy, percent(2, 30)])).said).toEqual([
    [1, 'does_not_combine'],
    [2, 3_000],
  ]);
  const open = percent(3, 15, product);
  // 15 % and then 10 % take more off than 20 % alone.
  expect(outcome(scene(lines, [shy, open, percent(2, 10)])).said).toEqual([
    [1, 'does_not_combine'],
    [2, 850],
    [3, 1_500],
  ]);
});

test('several order discounts stand one after the other only if they combine with their own class', () => {
  const lines = [line(10_000)];
  const both = { combinesWith: all };
  expect(outcome(scene(lines, [percent(1, 10, both), off(2, 1_000, both)])).off).toEqual([2_000]);
  expect(outcome(scene(lines, [percent(1, 10, both), off(2, 1_500)])).said).toEqual([
    [1, 'better_one_taken'],
    [2, 1_500],
  ]);
});

test('a most it takes off is kept to, over all lines together', () => {
  const lines = [line(10_000), line(5_000)];
  expect(outcome(scene(lines, [percent(1, 50, { amountMax: 3_000n })])).off).toEqual([2_000, 1_000]);
  expect(outcome(scene(lines, [percent(1, 50, { ...product, amountMax: 3_000n })])).off).toEqual([2_000, 1_000]);
});

test('minimum subtotals count what the class before left; minimum quantities count units of the goods meant', () => {
  const lines = [line(1_000, 3), line(1_000)];
  const ten = percent(1, 10, product);
  expect(outcome(scene(lines, [ten, percent(2, 10, { subtotalMin: 4_000n })])).said).toEqual([
    [1, 400],
    [2, 'below_subtotal'],
  ]);
  expect(outcome(scene(lines, [ten, percent(2, 10, { subtotalMin: 3_600n })])).said[1]).toEqual([2, 360]);
  const [first] = lines;
  const ofFirst = { targets: [{ type: 'variant', id: first?.variantId ?? '' }] } as const;
  expect(outcome(scene(lines, [percent(1, 10, { ...ofFirst, quantityMin: 3 })])).off).toEqual([300, 0]);
  expect(outcome(scene(lines, [percent(1, 10, { ...ofFirst, quantityMin: 4 })])).said).toEqual([[1, 'below_quantity']]);
});

test('goods are meant by product, variant, collection, or a category above them', () => {
  const meant = line(1_000, 1, { collectionIds: [idOf('col', 1)], categoryIds: [idOf('cat', 1), idOf('cat', 2)] });
  const lines = [line(1_000), meant];
  for (const target of [
    { type: 'product', id: meant.productId },
    { type: 'variant', id: meant.variantId },
    { type: 'collection', id: idOf('col', 1) },
    { type: 'category', id: idOf('cat', 2) },
  ] as const)
    expect(outcome(scene(lines, [percent(1, 10, { targets: [target] })])).off).toEqual([0, 100]);
  const other = percent(1, 10, { targets: [{ type: 'product', id: meant.variantId }] });
  expect(outcome(scene(lines, [other])).said).toEqual([[1, 'no_such_goods']]);
});

test('what cannot be bought counts for nothing and gets nothing', () => {
  const lines = [
    line(1_000),
    line(1_000, 9, { unitAmount: null }),
    line(1_000, 9, { isForSale: false }),
    line(1_000, 9, { isGift: true }),
  ];
  expect(outcome(scene(lines, [percent(1, 10)]))).toMatchObject({ off: [100, 0, 0, 0], left: [900, 0, 0, 0] });
  expect(outcome(scene(lines, [percent(1, 10, { quantityMin: 2 })])).said).toEqual([[1, 'below_quantity']]);
  expect(outcome(scene([], [percent(1, 10)])).said).toEqual([[1, 'no_such_goods']]);
  expect(outcome(scene([line(0)], [percent(1, 10)])).said).toEqual([[1, 'nothing_left']]);
});

const deal = (x: number, y: number, more: Partial<DiscountFacts> = {}) =>
  percent(1, 100, { kind: 'buy_x_get_y', ...product, buy: { targets: [], quantity: x }, getQuantity: y, ...more });

test('buy two get one: the cheapest of every three are free, and a unit is never both bought and given', () => {
  expect(outcome(scene([line(300, 2)], [deal(2, 1)])).said).toEqual([[1, 'below_quantity']]);
  expect(outcome(scene([line(300, 2), line(100, 1)], [deal(2, 1)])).off).toEqual([0, 100]);
  expect(outcome(scene([line(300, 5), line(100, 1), line(200, 1)], [deal(2, 1)])).off).toEqual([0, 100, 200]);
  expect(outcome(scene([line(300, 9)], [deal(2, 1)])).off).toEqual([900]);
  expect(outcome(scene([line(300, 9)], [deal(2, 1, { repeatMax: 2 })])).off).toEqual([600]);
  expect(outcome(scene([line(300, 9)], [deal(2, 1, { percentPpm: 500_000 })])).off).toEqual([450]);
});

test('buy some goods, get others: what may be both qualifies where it is needed to', () => {
  const shirt = line(500, 2);
  const socks = line(100, 3);
  const buy = { targets: [{ type: 'variant', id: shirt.variantId }], quantity: 1 } as const;
  const getSocks = { targets: [{ type: 'variant', id: socks.variantId }] } as const;
  expect(outcome(scene([shirt, socks], [deal(1, 1, { buy, ...getSocks })])).off).toEqual([0, 200]);
  // A shirt buys anything: it may be another shirt, but the socks are cheaper.
  expect(outcome(scene([shirt, socks], [deal(1, 1, { buy })])).off).toEqual([0, 200]);
  expect(outcome(scene([shirt], [deal(1, 1, { buy })])).off).toEqual([500]);
  expect(outcome(scene([socks], [deal(1, 1, { buy })])).said).toEqual([[1, 'below_quantity']]);
  // Socks buy anything: the only pair has to be paid for, so the shirt is given, though the socks are cheaper.
  const pair = line(100, 1);
  const buyPair = { targets: [{ type: 'variant', id: pair.variantId }], quantity: 1 } as const;
  expect(outcome(scene([pair, shirt], [deal(1, 1, { buy: buyPair })])).off).toEqual([0, 500]);
});

test('windows are half-open', () => {
  const at = (time: string, more: Partial<DiscountFacts>) =>
    outcome(scene([line(1_000)], [percent(1, 10, more)], { at: `2026-11-21T${time}Z` })).said[0]?.[1];
  const window = { startsAt: '2026-11-21T10:00:00.000Z', endsAt: '2026-11-21T11:00:00.000Z' };
  expect(at('09:59:59.999', window)).toBe('not_begun');
  expect(at('10:00:00.000', window)).toBe(100);
  expect(at('10:59:59.999', window)).toBe(100);
  expect(at('11:00:00.000', window)).toBe('over');
});

test('every other obstacle is named', () => {
  const saidOf = (more: Partial<DiscountFacts>, customer: Partial<DiscountScene['customer']> = {}) =>
    outcome(
      scene([line(1_000)], [percent(1, 10, more)], {
        customer: { id: null, groupIds: [], hasOrdered: null, ...customer },
      }),
    ).said[0]?.[1];
  const someone = { id: idOf('cus', 1), hasOrdered: false };
  expect(saidOf({ isActive: false })).toBe('paused');
  expect(saidOf({ usageLimit: 3, used: 3 })).toBe('used_up');
  expect(saidOf({ usageLimit: 3, used: 2 })).toBe(100);
  expect(saidOf({ codeUsageLimit: 1, codeUsed: 1 })).toBe('used_up');
  expect(saidOf({ perCustomerLimit: 1, usedByCustomer: 1 })).toBe('used_up_by_customer');
  expect(saidOf({ isInCurrency: false })).toBe('not_in_currency');
  expect(saidOf({ kind: 'fixed_amount', amount: null })).toBe('not_in_currency');
  expect(saidOf({ customerGroupIds: [idOf('cgr', 1)] })).toBe('customer_unknown');
  expect(saidOf({ customerGroupIds: [idOf('cgr', 1)] }, someone)).toBe('not_for_customer');
  expect(saidOf({ customerGroupIds: [idOf('cgr', 1)] }, { ...someone, groupIds: [idOf('cgr', 1)] })).toBe(100);
  expect(saidOf({ firstOrderOnly: true })).toBe('customer_unknown');
  expect(saidOf({ firstOrderOnly: true }, someone)).toBe(100);
  expect(saidOf({ firstOrderOnly: true }, { ...someone, hasOrdered: true })).toBe('not_first_order');
});

test('codes are found without case and spaces, told in the order given, and unknown ones are told as well', () => {
  const ten = percent(1, 10, { code: 'LAUNCH 10' });
  const five = percent(2, 5, { code: 'Five', combinesWith: all });
  const given = scene([line(1_000)], [five, ten, percent(3, 1)], { codes: ['nope', 'launch10', 'FIVE', 'Launch 10'] });
  expect(outcome(given).said).toEqual([
    ['nope', 'unknown_code'],
    [1, 100],
    [2, 'better_one_taken'],
    [3, 'better_one_taken'],
  ]);
  // The facts of a code nobody gave count for nothing.
  expect(outcome(scene([line(1_000)], [ten])).said).toEqual([]);
});

test('a discount that two codes were given for counts once, by the first of them', () => {
  const by = (code: string) => percent(1, 10, { code, combinesWith: all });
  const given = scene([line(1_000)], [by('A'), by('B')], { codes: ['b', 'a'] });
  expect(outcome(given)).toMatchObject({ off: [100] });
  expect(discountShipping(given, discountLines(given), []).verdicts).toMatchObject([
    { code: 'B', amount: 100n, obstacle: null },
    { code: 'A', amount: 0n, obstacle: 'better_one_taken' },
  ]);
});

const free = (id: number, more: Partial<DiscountFacts> = {}) =>
  facts(id, { kind: 'free_shipping', class: 'shipping', ...more });

test('shipping discounts come last, stand beside what they combine with, and wait for a delivery to be chosen', () => {
  const lines = [line(10_000)];
  expect(outcome(scene(lines, [free(1)]), [900, 600])).toMatchObject({ shippingOff: [900, 600], said: [[1, 1_500]] });
  expect(outcome(scene(lines, [free(1)])).said).toEqual([[1, 'no_shipping']]);
  expect(outcome(scene(lines, [free(1)]), [0]).said).toEqual([[1, 'nothing_left']]);
  expect(outcome(scene(lines, [free(1, { amountMax: 1_000n })]), [900, 600]).shippingOff).toEqual([600, 400]);
  const half = percent(1, 50, { class: 'shipping' });
  expect(outcome(scene(lines, [half]), [901]).shippingOff).toEqual([451]);
  expect(outcome(scene(lines, [half, free(2)]), [900]).said).toEqual([
    [1, 'better_one_taken'],
    [2, 900],
  ]);
  const alone = free(1, { combinesWith: [] });
  expect(outcome(scene(lines, [alone]), [900]).shippingOff).toEqual([900]);
  expect(outcome(scene(lines, [alone, percent(2, 1)]), [900])).toMatchObject({
    shippingOff: [0],
    said: [
      [1, 'does_not_combine'],
      [2, 100],
    ],
  });
  expect(outcome(scene(lines, [free(1, { subtotalMin: 9_999n }), percent(2, 1)]), [900]).said[0]?.[1]).toBe(
    'below_subtotal',
  );
});

test('yen and dinars are whole minor units like any other', () => {
  // JPY 1,000 and 3 yen off; KWD 1.005 (1,005 fils) and 10 %.
  expect(outcome(scene([line(1_000), line(1_000)], [off(1, 3)])).off).toEqual([2, 1]);
  expect(outcome(scene([line(1_005)], [percent(1, 10)])).off).toEqual([101]);
});

// Whatever a merchant sets up and a shopper buys.
const classes = fc.subarray([...all]);
const targets = fc.array(
  fc.record({
    type: fc.constant('collection' as const),
    id: fc.integer({ min: 1, max: 3 }).map((n) => idOf('col', n)),
  }),
  { maxLength: 2 },
);
const anyLine = fc.record({
  unit: fc.oneof(fc.bigInt({ min: 0n, max: 50n }), fc.bigInt({ min: 0n, max: 10n ** 12n })),
  quantity: fc.integer({ min: 1, max: 9 }),
  collectionIds: fc.subarray([1, 2, 3]).map((found) => found.map((n) => idOf('col', n))),
  isForSale: fc.integer({ min: 0, max: 9 }).map((one) => one > 0),
});
const shape = fc.constantFrom(
  { kind: 'percentage', class: 'product' },
  { kind: 'percentage', class: 'order' },
  { kind: 'percentage', class: 'shipping' },
  { kind: 'fixed_amount', class: 'product' },
  { kind: 'fixed_amount', class: 'order' },
  { kind: 'fixed_price', class: 'product' },
  { kind: 'buy_x_get_y', class: 'product' },
  { kind: 'free_shipping', class: 'shipping' },
) as fc.Arbitrary<Pick<DiscountFacts, 'kind' | 'class'>>;
const anyFacts = fc
  .record({
    shape,
    percentPpm: fc.integer({ min: 1, max: 1_000_000 }),
    amount: fc.bigInt({ min: 0n, max: 2_000n }),
    allocation: fc.constantFrom('each' as const, 'across' as const),
    amountMax: fc.option(fc.bigInt({ min: 1n, max: 500n })),
    subtotalMin: fc.option(fc.bigInt({ min: 1n, max: 5_000n })),
    targets,
    buy: fc.record({ targets, quantity: fc.integer({ min: 1, max: 3 }) }),
    getQuantity: fc.integer({ min: 1, max: 3 }),
    priority: fc.integer({ min: 0, max: 2 }),
    combinesWith: classes,
    hasCode: fc.boolean(),
  })
  .map(({ shape: given, hasCode, ...more }) => ({ ...more, ...given, hasCode }));
const anyScene = fc
  .record({
    lines: fc.array(anyLine, { maxLength: 6 }),
    discounts: fc.array(anyFacts, { maxLength: 6 }),
    amounts: fc.array(fc.bigInt({ min: 0n, max: 5_000n }), { maxLength: 3 }),
  })
  .map(({ lines, discounts, amounts }) => ({
    amounts,
    scene: scene(
      lines.map(({ unit, quantity, ...more }) => line(unit, quantity, more)),
      discounts.map(({ hasCode, ...more }, at) => facts(at + 1, { ...more, code: hasCode ? `C${at}` : null })),
      { codes: ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'nope'] },
    ),
  }));

const textOf = (value: unknown) =>
  JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? one.toString() : one));
function reckoned({ scene: given, amounts }: { scene: DiscountScene; amounts: readonly bigint[] }) {
  const goods = discountLines(given);
  return { goods, sent: discountShipping(given, goods, amounts) };
}

test('nothing is ever negative or more than its line; shares sum to what the verdicts say; all is told of', () => {
  fc.assert(
    fc.property(anyScene, (given) => {
      const { goods, sent } = reckoned(given);
      const sum = (shares: readonly { amount: bigint }[]) => shares.reduce((all, { amount }) => all + amount, 0n);
      for (const [at, one] of given.scene.lines.entries()) {
        const subtotal = one.isForSale ? (one.unitAmount ?? 0n) * BigInt(one.quantity) : 0n;
        const taken = sum(goods.shares[at] ?? []);
        expect(taken >= 0n && taken <= subtotal).toBe(true);
        expect(goods.left[at]).toBe(subtotal - taken);
      }
      for (const [at, amount] of given.amounts.entries()) expect(sum(sent.shares[at] ?? []) <= amount).toBe(true);
      const shares = [...goods.shares, ...sent.shares].flat();
      expect(shares.every(({ amount }) => amount > 0n)).toBe(true);
      for (const verdict of sent.verdicts) {
        const own = sum(shares.filter(({ discountId }) => discountId === verdict.discountId));
        expect(verdict.amount).toBe(own);
        expect(verdict.obstacle === null).toBe(own > 0n);
      }
      const told = new Set(sent.verdicts.map(({ discountId }) => discountId));
      for (const { id } of given.scene.discounts) expect(told.has(id)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});

test('the same discounts in any order give the same answer, byte for byte', () => {
  const shuffled = anyScene.chain((given) =>
    fc
      .shuffledSubarray([...given.scene.discounts], { minLength: given.scene.discounts.length })
      .map((discounts) => ({ given, other: { ...given, scene: { ...given.scene, discounts } } })),
  );
  const plain = (given: Parameters<typeof reckoned>[0]) => {
    const { goods, sent } = reckoned(given);
    return textOf({ shares: goods.shares, left: goods.left, taken: goods.taken.map(({ id }) => id), sent });
  };
  fc.assert(
    fc.property(shuffled, ({ given, other }) => {
      expect(plain(other)).toBe(plain(given));
    }),
    { numRuns: 2_000 },
  );
});

test('those that stand together have all agreed to', () => {
  fc.assert(
    fc.property(anyScene, (given) => {
      const { goods, sent } = reckoned(given);
      const factsOf = new Map(given.scene.discounts.map((one) => [one.id, one]));
      const onEach = [...goods.shares, ...sent.shares].map((shares) =>
        shares.map(({ discountId }) => factsOf.get(discountId)),
      );
      const shipped = sent.shares.flat().map(({ discountId }) => factsOf.get(discountId));
      const agree = (a: DiscountFacts | undefined, b: DiscountFacts | undefined) =>
        a === b || (a?.combinesWith.includes(b?.class ?? 'order') && b?.combinesWith.includes(a.class));
      for (const together of onEach) for (const a of together) for (const b of together) expect(agree(a, b)).toBe(true);
      for (const a of goods.taken)
        for (const b of [...goods.taken, ...shipped]) expect(a.class === b?.class || agree(a, b)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
