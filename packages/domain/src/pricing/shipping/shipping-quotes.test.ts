import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import type { Place } from '../tax/tax-facts.ts';
import type { Parcel, ShippingArea, ShippingOptionFacts, ShippingQuote } from './shipping-facts.ts';
import { quoteOptions } from './shipping-quotes.ts';

// Any text will do for an id where nothing is looked up.
const USUAL = 'shp_usual' as Id<'shp'>;
const BULKY = 'shp_bulky' as Id<'shp'>;

const nigeria: ShippingArea = { country: 'NG', regionKey: null, postcodePattern: null };
const option = (name: string, more: Partial<ShippingOptionFacts> = {}): ShippingOptionFacts => ({
  id: `sho_${name}` as Id<'sho'>,
  profileId: USUAL,
  name,
  description: '',
  basis: 'flat',
  areas: [nigeria],
  rates: [{ from: 0n, amount: 1_500n }],
  freeOver: null,
  weightMaxGrams: null,
  daysMin: null,
  daysMax: null,
  position: 0,
  ...more,
});
const parcel = (more: Partial<Parcel> = {}): Parcel => ({
  profileId: USUAL,
  weightGrams: 1_200,
  subtotal: 40_000n,
  lineIds: ['a'],
  ...more,
});
const lagos: Place = { country: 'NG', region: 'Lagos' };

/** `name: amount` of what can be chosen, `name: obstacle` of what cannot. */
const said = (quotes: readonly ShippingQuote[]) =>
  quotes.map((quote) => `${quote.option.name}: ${quote.isAvailable ? quote.amount : quote.obstacle}`);
const quoted = (
  options: ShippingOptionFacts[],
  one: Parcel = parcel(),
  place: Place | null = lagos,
  more?: { shipsTo: string[] },
) => said(quoteOptions(options, [one], place, more).flatMap(({ quotes }) => quotes));

test('options stand by position, then what can be chosen, then the cheapest', () => {
  const options = [
    option('last', { position: 2, rates: [{ from: 0n, amount: 1n }] }),
    option('dear', { rates: [{ from: 0n, amount: 900n }] }),
    option('heavy', { weightMaxGrams: 1_000 }),
    option('cheap', { rates: [{ from: 0n, amount: 100n }] }),
    option('middle', { position: 1 }),
  ];
  const expected = ['cheap: 100', 'dear: 900', 'heavy: too_heavy', 'middle: 1500', 'last: 1'];
  expect(quoted(options)).toEqual(expected);
  expect(quoted(options.toReversed())).toEqual(expected);
});

test('each obstacle is named', () => {
  const one = option('one');
  expect(quoted([one], parcel({ lineIds: [] }), null)).toEqual(['one: nothing_to_ship']);
  expect(quoted([one], parcel(), null)).toEqual(['one: no_address']);
  expect(quoted([one], parcel(), { country: 'KE' })).toEqual(['one: not_delivered_to_place']);
  expect(quoted([option('one', { areas: [] })])).toEqual(['one: not_delivered_to_place']);
  expect(quoted([option('one', { rates: [], weightMaxGrams: 1 })])).toEqual(['one: not_in_currency']);
  const light = option('light', { weightMaxGrams: 1_199 });
  expect(quoted([light])).toEqual(['light: too_heavy']);
  expect(quoted([light], parcel({ weightGrams: 1_199 }))).toEqual(['light: 1500']);
  const from = option('from', { basis: 'subtotal', rates: [{ from: 50_000n, amount: 0n }] });
  expect(quoted([from])).toEqual(['from: below_first_step']);
  expect(quoted([from], parcel({ subtotal: 50_000n }))).toEqual(['from: 0']);
});

test('a company that ships to some countries only is not overruled by its zones', () => {
  expect(quoted([option('one')], parcel(), lagos, { shipsTo: ['GH'] })).toEqual(['one: not_delivered_to_place']);
  expect(quoted([option('one')], parcel(), lagos, { shipsTo: ['GH', 'NG'] })).toEqual(['one: 1500']);
  expect(quoted([option('one')], parcel(), lagos, { shipsTo: [] })).toEqual(['one: 1500']);
});

test('a step costs from its beginning on, by weight and by subtotal, in whatever order the steps come', () => {
  const rates = [
    { from: 5_000n, amount: 4_000n },
    { from: 0n, amount: 1_000n },
    { from: 1_000n, amount: 2_000n },
  ];
  const byWeight = (weightGrams: number) =>
    quoted([option('w', { basis: 'weight', rates })], parcel({ weightGrams, subtotal: 999_999n }));
  expect([0, 999, 1_000, 4_999, 5_000, 80_000].flatMap(byWeight)).toEqual(
    [1_000, 1_000, 2_000, 2_000, 4_000, 4_000].map((amount) => `w: ${amount}`),
  );
  const bySubtotal = (subtotal: bigint) =>
    quoted([option('s', { basis: 'subtotal', rates })], parcel({ subtotal, weightGrams: 999_999 }));
  expect([0n, 999n, 1_000n, 5_000n].flatMap(bySubtotal)).toEqual(['s: 1000', 's: 1000', 's: 2000', 's: 4000']);
});

test('from the threshold on it is free, and what it would cost is still said', () => {
  const [free] = quoteOptions([option('free', { freeOver: 40_000n })], [parcel()], lagos)[0]?.quotes ?? [];
  expect(free).toMatchObject({ isAvailable: true, amount: 0n, regularAmount: 1_500n, isFree: true });
  const [almost] = quoteOptions([option('free', { freeOver: 40_001n })], [parcel()], lagos)[0]?.quotes ?? [];
  expect(almost).toMatchObject({ isAvailable: true, amount: 1_500n, regularAmount: 1_500n, isFree: false });
  // Yen and Kuwaiti dinar are minor units like all others.
  expect(
    quoted([option('yen', { rates: [{ from: 0n, amount: 880n }], freeOver: 5_000n })], parcel({ subtotal: 4_999n })),
  ).toEqual(['yen: 880']);
  expect(
    quoted(
      [option('dinar', { rates: [{ from: 0n, amount: 1_250n }], freeOver: 5_000n })],
      parcel({ subtotal: 5_000n }),
    ),
  ).toEqual(['dinar: 0']);
  // Free delivery is no way around a limit of weight.
  expect(quoted([option('heavy', { freeOver: 0n, weightMaxGrams: 1 })])).toEqual(['heavy: too_heavy']);
});

test('two zones that cover the same country are both offered', () => {
  const island = option('island', { position: 1, areas: [{ ...nigeria, regionKey: 'la' }] });
  expect(quoted([island, option('everywhere')])).toEqual(['everywhere: 1500', 'island: 1500']);
  expect(quoted([island, option('everywhere')], parcel(), { country: 'NG', region: 'Kano' })).toEqual([
    'everywhere: 1500',
    'island: not_delivered_to_place',
  ]);
});

test('a region and postcodes of it are asked together; one of several areas is enough', () => {
  const area = (more: Partial<ShippingArea>): ShippingArea => ({ ...nigeria, country: 'US', ...more });
  const california = option('ca', { areas: [area({ regionKey: 'ca' })] });
  for (const region of ['CA', 'California', 'us-ca'])
    expect(quoted([california], parcel(), { country: 'US', region })).toEqual(['ca: 1500']);
  expect(quoted([california], parcel(), { country: 'US' })).toEqual(['ca: not_delivered_to_place']);
  const bay = option('bay', {
    areas: [area({ regionKey: 'ca', postcodePattern: '94000..95199' }), area({ regionKey: 'nv' })],
  });
  const at = (region: string, postcode: string) => quoted([bay], parcel(), { country: 'US', region, postcode })[0];
  expect([at('CA', '94110'), at('Nevada', '10001')]).toEqual(['bay: 1500', 'bay: 1500']);
  expect([at('CA', '90210'), at('TX', '94110')]).toEqual(Array(2).fill('bay: not_delivered_to_place'));
});

test('each parcel is offered what its profile has, and nothing of the others', () => {
  const options = [option('post'), option('lorry', { profileId: BULKY }), option('courier', { position: 1 })];
  const parcels = [parcel({ profileId: BULKY, lineIds: ['sofa'] }), parcel(), parcel({ profileId: 'shp_frozen' })];
  const answers = quoteOptions(options, parcels, lagos);
  expect(answers.map(({ quotes }) => said(quotes))).toEqual([['lorry: 1500'], ['post: 1500', 'courier: 1500'], []]);
  expect(answers.map((answer) => answer.parcel)).toEqual(parcels);
  expect(quoteOptions(options, [], lagos)).toEqual([]);
});

test('whatever the options are: every one of the profile is answered once, and never with less than nothing', () => {
  const amount = fc.bigInt({ min: 0n, max: 10n ** 12n });
  const rates = fc.array(fc.record({ from: amount, amount }), { maxLength: 4 });
  const basis = fc.constantFrom('flat', 'weight', 'subtotal');
  const some = fc.record({
    basis,
    rates,
    freeOver: fc.option(amount),
    position: fc.nat(3),
    profileId: fc.constantFrom(USUAL, BULKY),
  });
  const what = fc.record({ weightGrams: fc.nat(), subtotal: amount });
  fc.assert(
    fc.property(fc.array(some, { maxLength: 8 }), what, (wishes, held) => {
      const options = wishes.map((wish, at) => option(String(at), wish as Partial<ShippingOptionFacts>));
      const [answer] = quoteOptions(options, [parcel(held)], lagos);
      const quotes = answer?.quotes ?? [];
      const own = options.filter(({ profileId }) => profileId === USUAL);
      expect(new Set(quotes.map((quote) => quote.option))).toEqual(new Set(own));
      expect(quotes).toHaveLength(own.length);
      for (const quote of quotes) {
        if (!quote.isAvailable) continue;
        expect(quote.amount >= 0n && quote.amount <= quote.regularAmount).toBe(true);
        expect(quote.option.rates.map((rate) => rate.amount)).toContain(quote.regularAmount);
      }
    }),
  );
});
