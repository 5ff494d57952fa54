import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import { runText } from '../../kernel/text-statement.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenGoods } from '../../testing/goods.ts';
import { givenShop } from '../../testing/people.ts';
import { newShippingOption } from './options.contract.ts';
import { createShippingOption } from './options.service.ts';
import { addProfileProducts } from './profile-products.service.ts';
import { createShippingProfile, defaultProfileId } from './profiles.service.ts';
import {
  defaultProfileText,
  placedProfileText,
  shippingOptionsJson,
  shippingOptionsOf,
} from './shipping-facts.service.ts';
import { quoteOptions } from './shipping-quotes.ts';
import { newShippingZone } from './zones.contract.ts';
import { createShippingZone } from './zones.service.ts';

const db = useDatabase();

const OPTIONS = {
  text: `select ${shippingOptionsJson({ company: '$1', currency: '$2', country: '$3' })} as options`,
  names: ['company', 'currency', 'country'] as const,
};
const PROFILES = {
  text: `select p.id, coalesce(${placedProfileText({ company: '$1', product: 'p.id' })}, ${defaultProfileText('$1')}) as profile
    from products p where p.company_id = $1 order by p.id`,
  names: ['company'] as const,
};

async function given() {
  const { system, companyId } = await givenShop(db);
  const { run } = db.app;
  return {
    system,
    companyId,
    option: async (areas: object[], wish: object = {}) => {
      const zone = await run(system, (ctx) => createShippingZone(ctx, newShippingZone.parse({ name: 'Zone', areas })));
      const rates = [{ price: { amount: 1_500, currency: 'NGN' } }];
      return run(system, (ctx) =>
        createShippingOption(ctx, newShippingOption.parse({ zoneId: zone.id, name: 'Post', rates, ...wish })),
      );
    },
    facts: (country: string | null, currency = 'NGN') =>
      run(system, async (ctx) => {
        const values = { company: companyId, currency, country };
        const [row] = await runText<{ options: unknown }, 'company' | 'currency' | 'country'>(ctx, OPTIONS, values);
        return shippingOptionsOf(row?.options);
      }),
    profiles: () =>
      run(system, (ctx) =>
        runText<{ id: string; profile: string | null }, 'company'>(ctx, PROFILES, { company: companyId }),
      ),
  };
}

test('the reader of a basket gets the active options of the country with its areas and the currency of the cart', async () => {
  const { option, facts } = await given();
  const post = await option(
    [
      { country: 'US', region: 'California', postcodePattern: '9*' },
      { country: 'NG' },
      { country: 'US', region: 'NV' },
    ],
    {
      description: 'By road',
      basis: 'weight',
      rates: [
        { from: 1_000, price: { amount: 999_999_999_999, currency: 'NGN' } },
        { price: { amount: 1_500, currency: 'NGN' } },
        { price: { amount: 1_250, currency: 'KWD' } },
      ],
      freeOver: [{ amount: 50_000, currency: 'NGN' }],
      weightMaxGrams: 30_000,
      daysMin: 1,
      daysMax: 3,
      position: 2,
    },
  );
  await option([{ country: 'US' }], { isActive: false });
  await option([{ country: 'GH' }]);
  const expected = {
    id: post.id,
    profileId: post.profileId,
    name: 'Post',
    description: 'By road',
    basis: 'weight',
    areas: [
      { country: 'US', regionKey: 'ca', postcodePattern: '9*' },
      { country: 'US', regionKey: 'nv', postcodePattern: null },
    ],
    rates: [
      { from: 0n, amount: 1_500n },
      { from: 1_000n, amount: 999_999_999_999n },
    ],
    freeOver: 50_000n,
    weightMaxGrams: 30_000,
    daysMin: 1,
    daysMax: 3,
    position: 2,
  };
  expect(await facts('US')).toEqual([expected]);
  expect(await facts('US', 'KWD')).toEqual([{ ...expected, rates: [{ from: 0n, amount: 1_250n }], freeOver: null }]);
  expect(await facts('US', 'JPY')).toEqual([{ ...expected, rates: [], freeOver: null }]);
  expect(await facts('FR')).toEqual([]);
});

test('without a country all active options are told of, without areas', async () => {
  const { option, facts } = await given();
  expect(await facts(null)).toEqual([]);
  const late = await option([{ country: 'NG' }], { position: 5 });
  const soon = await option([{ country: 'GH' }]);
  const all = await facts(null);
  expect(all.map(({ id, areas }) => [id, areas])).toEqual([
    [soon.id, []],
    [late.id, []],
  ]);
  const parcel = { profileId: late.profileId, weightGrams: 0, subtotal: 0n, lineIds: ['a'] };
  const [answer] = quoteOptions(all, [parcel], null);
  expect(answer?.quotes.map((quote) => !quote.isAvailable && quote.obstacle)).toEqual(['no_address', 'no_address']);
});

test('two zones that cover the same country are both offered', async () => {
  const { option, facts } = await given();
  const everywhere = await option([{ country: 'NG' }]);
  const lagos = await option([{ country: 'NG', region: 'Lagos' }, { country: 'GH' }], { position: 1 });
  const parcel = { profileId: everywhere.profileId, weightGrams: 0, subtotal: 0n, lineIds: ['a'] };
  const offered = async (region: string) => {
    const [answer] = quoteOptions(await facts('NG'), [parcel], { country: 'NG', region });
    return answer?.quotes.filter(({ isAvailable }) => isAvailable).map((quote) => quote.option.id);
  };
  expect([await offered('LA'), await offered('Lagos State'), await offered('Kano')]).toEqual([
    [everywhere.id, lagos.id],
    [everywhere.id, lagos.id],
    [everywhere.id],
  ]);
});

test('a product is sent by the profile it was put into, any other by the default one of its company', async () => {
  const { companyId, system, profiles } = await given();
  const other = await given();
  await db.app.run(other.system, defaultProfileId);
  const ids: Id<'prod'>[] = [];
  for (let n = 0; n < 2; n++) ids.push((await givenGoods(db, companyId)).productId);
  const [plain, sofa] = ids.toSorted() as [Id<'prod'>, Id<'prod'>]; // two were made above
  expect((await profiles()).map(({ profile }) => profile)).toEqual([null, null]);
  const usual = await db.app.run(system, defaultProfileId);
  const bulky = await db.app.run(system, (ctx) => createShippingProfile(ctx, { name: 'Bulky' }));
  await db.app.run(system, (ctx) => addProfileProducts(ctx, bulky.id, { productIds: [sofa] }));
  expect(await profiles()).toEqual([
    { id: plain, profile: usual },
    { id: sofa, profile: bulky.id },
  ]);
  expect(await other.profiles()).toEqual([]);
});

test("another company's options are not told of", async () => {
  const { option } = await given();
  await option([{ country: 'NG' }]);
  const other = await given();
  expect([await other.facts('NG'), await other.facts(null)]).toEqual([[], []]);
});
