import { expect, test } from 'vitest';
import { InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenGoods } from '../../testing/goods.ts';
import { givenShop, warmUp } from '../../testing/people.ts';
import { createFirstShipping } from './first-shipping.service.ts';
import { newShippingOption, OPTIONS_MAX } from './options.contract.ts';
import {
  createShippingOption,
  deleteShippingOption,
  getShippingOption,
  listShippingOptions,
  updateShippingOption,
} from './options.service.ts';
import { addProfileProducts, listProfileProducts, removeProfileProduct } from './profile-products.service.ts';
import {
  createShippingProfile,
  defaultProfileId,
  deleteShippingProfile,
  getShippingProfile,
  listShippingProfiles,
  updateShippingProfile,
} from './profiles.service.ts';
import { DefaultProfileNeeded, ProfileHasOptions, ShippingLimitReached, ZoneHasOptions } from './shipping.errors.ts';
import { newShippingZone, ZONES_MAX } from './zones.contract.ts';
import {
  createShippingZone,
  deleteShippingZone,
  getShippingZone,
  listShippingZones,
  updateShippingZone,
} from './zones.service.ts';

const db = useDatabase();
const NGN = (amount: number) => ({ amount, currency: 'NGN' });
const page = { limit: 20 };

async function given() {
  const shop = await givenShop(db);
  const { system, companyId } = shop;
  const { run } = db.app;
  const zone = (areas: object[] = [{ country: 'NG' }]) =>
    run(system, (ctx) => createShippingZone(ctx, newShippingZone.parse({ name: 'Zone', areas })));
  return {
    ...shop,
    zone,
    option: (zoneId: Id<'shz'>, wish: object = {}) =>
      run(system, (ctx) => {
        const plain = { zoneId, name: 'Post', rates: [{ price: NGN(1_500) }] };
        return createShippingOption(ctx, newShippingOption.parse({ ...plain, ...wish }));
      }),
    profile: (name = 'Bulky') => run(system, (ctx) => createShippingProfile(ctx, { name })),
    profiles: async () => (await run(system, (ctx) => listShippingProfiles(ctx, page))).data,
    product: async () => (await givenGoods(db, companyId)).productId,
    productsIn: async (id: Id<'shp'>) =>
      (await run(system, (ctx) => listProfileProducts(ctx, id, page))).data.map(({ productId }) => productId),
    put: (id: Id<'shp'>, productIds: Id<'prod'>[]) => run(system, (ctx) => addProfileProducts(ctx, id, { productIds })),
    typesOf: async (id: string) => (await shop.eventsOf(id)).map(({ type, sequence }) => `${type} ${sequence}`),
  };
}

/** The faults an attempt was refused with. */
async function faultsOf(attempt: Promise<unknown>): Promise<string[]> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidInput);
  return error instanceof InvalidInput ? error.faults.map(({ pointer, code }) => `${pointer} ${code}`) : [];
}

test('a zone is made, changed and deleted; each is noted and announced', async () => {
  const { zone, system, auditOf, typesOf } = await given();
  const areas = [
    { country: 'US', region: 'California', postcodePattern: '94000..95199' },
    { country: 'CA', postcodePattern: '*' },
  ];
  const made = await zone(areas);
  expect(made.areas).toEqual([areas[0], { country: 'CA', region: null, postcodePattern: null }]);
  const renamed = await db.app.run(system, (ctx) => updateShippingZone(ctx, made.id, { name: 'West' }, 1));
  expect(renamed).toMatchObject({ name: 'West', areas: made.areas, version: 2 });
  await expect(db.app.run(system, (ctx) => updateShippingZone(ctx, made.id, { name: 'East' }, 1))).rejects.toThrow(
    VersionStale,
  );
  const { areas: fewer } = newShippingZone.parse({ name: 'x', areas: [{ country: 'MX' }] });
  await db.app.run(system, (ctx) => updateShippingZone(ctx, made.id, { areas: fewer }));
  expect(await db.app.run(system, (ctx) => getShippingZone(ctx, made.id))).toMatchObject({ areas: fewer, version: 3 });
  await db.app.run(system, (ctx) => deleteShippingZone(ctx, made.id, 3));
  await expect(db.app.run(system, (ctx) => getShippingZone(ctx, made.id))).rejects.toThrow(NotFound);
  const noted = ['created', 'updated', 'updated', 'deleted'].map((what) => `shipping_zone.${what}`);
  expect(await auditOf(made.id)).toEqual(noted);
  expect(await typesOf(made.id)).toEqual(noted.map((type, at) => `${type} ${at + 1}`));
});

test('areas that mean nothing, or the same twice, are refused with their place', async () => {
  const { zone } = await given();
  const areas = [
    { country: 'US', region: 'CA' },
    { country: 'US', region: 'California' },
    { country: 'US', region: 'US-' },
    { country: 'DE', postcodePattern: '20000..10000' },
    { country: 'DE', postcodePattern: '1..20' },
    { country: 'DE', postcodePattern: '^1.*$' },
    { country: 'DE', postcodePattern: '*' },
    { country: 'DE' },
  ];
  expect(await faultsOf(zone(areas))).toEqual([
    '/areas/1 area_twice',
    '/areas/2/region no_region',
    '/areas/3/postcodePattern range_runs_backwards',
    '/areas/4/postcodePattern range_of_unlike_ends',
    '/areas/5/postcodePattern malformed',
    '/areas/7 area_twice',
  ]);
});

test('an option is made, changed and deleted with its prices in every currency', async () => {
  const { zone, option, profiles, system, auditOf, typesOf } = await given();
  const { id: zoneId } = await zone();
  const made = await option(zoneId, {
    basis: 'weight',
    rates: [
      { from: 1_000, price: NGN(2_500) },
      { price: { amount: 880, currency: 'JPY' } },
      { price: NGN(1_500) },
      { price: { amount: 1_250, currency: 'KWD' } },
    ],
    freeOver: [NGN(50_000), { amount: 5_000, currency: 'JPY' }],
    daysMin: 1,
    daysMax: 3,
  });
  const rates = [
    { from: 0, price: { amount: 880, currency: 'JPY' } },
    { from: 0, price: { amount: 1_250, currency: 'KWD' } },
    { from: 0, price: NGN(1_500) },
    { from: 1_000, price: NGN(2_500) },
  ];
  expect(made).toMatchObject({ basis: 'weight', rates, freeOver: [{ amount: 5_000, currency: 'JPY' }, NGN(50_000)] });
  expect(await profiles()).toMatchObject([{ id: made.profileId, isDefault: true }]);
  const read = () => db.app.run(system, (ctx) => getShippingOption(ctx, made.id));
  expect(await read()).toEqual(made);
  await db.app.run(system, (ctx) => updateShippingOption(ctx, made.id, { name: 'Lorry', freeOver: [] }, 1));
  expect(await read()).toMatchObject({ name: 'Lorry', rates, freeOver: [], version: 2 });
  const fewer = [{ from: 0, price: NGN(9) }];
  const changed = await db.app.run(system, (ctx) =>
    updateShippingOption(ctx, made.id, { rates: fewer, basis: 'flat' }),
  );
  expect(await read()).toEqual(changed);
  expect(changed).toMatchObject({ rates: fewer, basis: 'flat', daysMin: 1, version: 3 });
  const stale = db.app.run(system, (ctx) => updateShippingOption(ctx, made.id, { rates: fewer }, 2));
  await expect(stale).rejects.toThrow(VersionStale);
  await db.app.run(system, (ctx) => deleteShippingOption(ctx, made.id));
  await expect(read()).rejects.toThrow(NotFound);
  const noted = ['created', 'updated', 'updated', 'deleted'].map((what) => `shipping_option.${what}`);
  expect(await auditOf(made.id)).toEqual(noted);
  expect(await typesOf(made.id)).toEqual(noted.map((type, at) => `${type} ${at + 1}`));
});

test('prices that do not fit together are refused with their place, on making and on changing', async () => {
  const { zone, option, system } = await given();
  const { id: zoneId } = await zone();
  const odd = {
    rates: [{ from: 5, price: NGN(1) }, { price: NGN(1) }, { price: NGN(2) }],
    freeOver: [NGN(1), NGN(2)],
    daysMin: 4,
    daysMax: 3,
  };
  expect(await faultsOf(option(zoneId, odd))).toEqual([
    '/rates/0/from flat_has_no_steps',
    '/rates/2 step_twice',
    '/freeOver/1/currency currency_twice',
    '/daysMin days_out_of_order',
  ]);
  const stepped = await option(zoneId, { basis: 'subtotal', rates: [{ from: 5, price: NGN(1) }], daysMax: 3 });
  const change = (patch: object) => db.app.run(system, (ctx) => updateShippingOption(ctx, stepped.id, patch));
  expect(await faultsOf(change({ basis: 'flat' }))).toEqual(['/rates/0/from flat_has_no_steps']);
  expect(await faultsOf(change({ daysMin: 4 }))).toEqual(['/daysMin days_out_of_order']);
  expect(await faultsOf(option(newId('shz')))).toEqual(['/zoneId unknown_zone']);
  expect(await faultsOf(option(zoneId, { profileId: newId('shp') }))).toEqual(['/profileId unknown_profile']);
  expect(await faultsOf(change({ zoneId: newId('shz') }))).toEqual(['/zoneId unknown_zone']);
});

test('a zone or a profile with options stays until they have gone elsewhere', async () => {
  const { zone, option, profile, system } = await given();
  const { run } = db.app;
  const [from, to, bulky] = [await zone(), await zone(), await profile('First')];
  const lorry = await profile();
  const made = await option(from.id, { profileId: lorry.id });
  await expect(run(system, (ctx) => deleteShippingZone(ctx, from.id))).rejects.toThrow(ZoneHasOptions);
  await expect(run(system, (ctx) => deleteShippingProfile(ctx, lorry.id))).rejects.toThrow(ProfileHasOptions);
  await run(system, (ctx) => updateShippingOption(ctx, made.id, { zoneId: to.id, profileId: bulky.id }));
  await run(system, (ctx) => deleteShippingZone(ctx, from.id));
  await run(system, (ctx) => deleteShippingProfile(ctx, lorry.id));
  const listed = (query: object) => run(system, (ctx) => listShippingOptions(ctx, { ...page, ...query }));
  expect((await listed({ zoneId: to.id, profileId: bulky.id })).data).toHaveLength(1);
  expect((await listed({ zoneId: from.id })).data).toEqual([]);
});

test('of a zone deleted and an option put into it at once, either both are there or neither', async () => {
  const { zone, option, system } = await given();
  await warmUp(db);
  for (let round = 0; round < 5; round++) {
    const { id } = await zone();
    const outcomes = await Promise.allSettled([option(id), db.app.run(system, (ctx) => deleteShippingZone(ctx, id))]);
    const [made, deleted] = outcomes.map(({ status }) => status === 'fulfilled');
    expect(made).toBe(!deleted);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect([ZoneHasOptions, InvalidInput]).toContain(outcome.reason.constructor);
  }
});

test('there is one default profile at every moment, and it is not deleted', async () => {
  const { profile, profiles, system, typesOf } = await given();
  await warmUp(db);
  const { run } = db.app;
  const ids = await Promise.all(Array.from({ length: 6 }, () => run(system, defaultProfileId)));
  expect(new Set(ids).size).toBe(1);
  const [first] = await profiles();
  const others = [await profile('A'), await profile('B'), await profile('C')];
  await Promise.all(others.map(({ id }) => run(system, (ctx) => updateShippingProfile(ctx, id, { isDefault: true }))));
  const defaults = (await profiles()).filter(({ isDefault }) => isDefault);
  expect(defaults).toHaveLength(1);
  const now = defaults[0]?.id ?? 'shp_none';
  await expect(run(system, (ctx) => deleteShippingProfile(ctx, now))).rejects.toThrow(DefaultProfileNeeded);
  // The one that was it is told about as well.
  expect(await typesOf(first?.id ?? '')).toEqual(['shipping_profile.created 1', 'shipping_profile.updated 2']);
  await run(system, (ctx) => deleteShippingProfile(ctx, first?.id ?? 'shp_none'));
});

test('the first profile of an empty company is its default, the next is not', async () => {
  const { profile, profiles } = await given();
  expect(await profiles()).toEqual([]);
  await profile('A');
  await profile('B');
  expect((await profiles()).map(({ name, isDefault }) => [name, isDefault])).toEqual([
    ['B', false],
    ['A', true],
  ]);
});

test('a product is in one profile at most, leaves it with the profile, and may be put there twice', async () => {
  const { profile, product, productsIn, put, system, auditOf } = await given();
  const { run } = db.app;
  await profile('Default');
  const [bulky, frozen] = [await profile('Bulky'), await profile('Frozen')];
  const [a, b] = [await product(), await product()];
  await put(bulky.id, [b, a]);
  await put(bulky.id, [a]);
  expect(await productsIn(bulky.id)).toEqual([a, b]);
  await put(frozen.id, [a]);
  expect([await productsIn(bulky.id), await productsIn(frozen.id)]).toEqual([[b], [a]]);
  await run(system, (ctx) => removeProfileProduct(ctx, bulky.id, b));
  await expect(run(system, (ctx) => removeProfileProduct(ctx, bulky.id, b))).rejects.toThrow(NotFound);
  await run(system, (ctx) => deleteShippingProfile(ctx, frozen.id));
  await put(bulky.id, [a]);
  expect(await auditOf(bulky.id)).toEqual(
    ['created', ...Array(4).fill('updated')].map((what) => `shipping_profile.${what}`),
  );
  expect(await faultsOf(put(bulky.id, [newId('prod'), a, a]))).toEqual([
    '/productIds/0 unknown_product',
    '/productIds/2 product_twice',
  ]);
});

test('a product that several put elsewhere at once is in exactly one profile', async () => {
  const { profile, product, productsIn, put } = await given();
  await profile('Default');
  const homes = [await profile('A'), await profile('B'), await profile('C')];
  const goods = [await product(), await product(), await product()];
  await warmUp(db);
  await Promise.all(homes.map(({ id }, at) => put(id, at % 2 === 0 ? goods : goods.toReversed())));
  const found = (await Promise.all(homes.map(({ id }) => productsIn(id)))).flat();
  expect(found.toSorted()).toEqual(goods.toSorted());
});

test('another company sees and touches nothing of it', async () => {
  const { zone, option, profile, product } = await given();
  const other = (await given()).system;
  const { run } = db.app;
  const [{ id: zoneId }, { id: profileId }, productId] = [await zone(), await profile(), await product()];
  const { id } = await option(zoneId);
  const outcomes = await Promise.allSettled([
    run(other, (ctx) => getShippingZone(ctx, zoneId)),
    run(other, (ctx) => updateShippingZone(ctx, zoneId, { name: 'x' })),
    run(other, (ctx) => deleteShippingZone(ctx, zoneId)),
    run(other, (ctx) => getShippingOption(ctx, id)),
    run(other, (ctx) => updateShippingOption(ctx, id, { name: 'x' })),
    run(other, (ctx) => deleteShippingOption(ctx, id)),
    run(other, (ctx) => getShippingProfile(ctx, profileId)),
    run(other, (ctx) => updateShippingProfile(ctx, profileId, { isDefault: true })),
    run(other, (ctx) => deleteShippingProfile(ctx, profileId)),
    run(other, (ctx) => listProfileProducts(ctx, profileId, page)),
    run(other, (ctx) => addProfileProducts(ctx, profileId, { productIds: [productId] })),
    run(other, (ctx) => removeProfileProduct(ctx, profileId, productId)),
  ]);
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toEqual(
    outcomes.map(() => expect.any(NotFound)),
  );
  const lists: { data: unknown[] }[] = await run(other, async (ctx) => [
    await listShippingZones(ctx, page),
    await listShippingOptions(ctx, page),
    await listShippingProfiles(ctx, page),
  ]);
  expect(lists.map(({ data }) => data)).toEqual([[], [], []]);
  const own = await run(other, (ctx) => createShippingProfile(ctx, { name: 'Own' }));
  const stolen = run(other, (ctx) => addProfileProducts(ctx, own.id, { productIds: [productId] }));
  expect(await faultsOf(stolen)).toEqual(['/productIds/0 unknown_product']);
});

test('a company begins with a zone of its country and one way of delivery that costs nothing yet', async () => {
  const { system, profiles } = await given();
  await db.app.run(system, (ctx) => createFirstShipping(ctx, { country: 'JP', currency: 'NGN' }));
  const { data: zones } = await db.app.run(system, (ctx) => listShippingZones(ctx, page));
  expect(zones).toMatchObject([{ name: 'Japan', areas: [{ country: 'JP', region: null, postcodePattern: null }] }]);
  const { data: options } = await db.app.run(system, (ctx) => listShippingOptions(ctx, page));
  const [profile] = await profiles();
  expect(options).toMatchObject([
    {
      zoneId: zones[0]?.id,
      profileId: profile?.id,
      basis: 'flat',
      rates: [{ from: 0, price: { amount: 0, currency: 'NGN' } }],
    },
  ]);
});

test('an option is priced in a currency the shop sells in, beside others it may sell in one day', async () => {
  const { option, zone } = await given();
  const { id } = await zone();
  const rate = (currency: string) => ({ from: 0, price: { amount: 500, currency } });
  expect(await faultsOf(option(id, { rates: [rate('JPY')] }))).toEqual(['/rates/0/price/currency currency_not_sold']);
  await expect(option(id, { rates: [rate('JPY'), rate('NGN')] })).resolves.toBeDefined();
});

test('there are so many zones and options and no more, also when several are made at once', async () => {
  const { companyId: company_id, zone, option, profile } = await given();
  const { id } = await zone();
  const home = await profile();
  const free = async (table: 'shipping_zones' | 'shipping_options', max: number) => {
    const [row] = await db.admin<{ count: number }[]>`
      select count(*)::int as count from ${db.admin(table)} where company_id = ${company_id}`;
    return Array.from({ length: max - 1 - (row?.count ?? 0) });
  };
  const zones = (await free('shipping_zones', ZONES_MAX)).map(() => ({ company_id, id: newId('shz'), name: 'x' }));
  await db.admin`insert into shipping_zones ${db.admin(zones)}`;
  const options = (await free('shipping_options', OPTIONS_MAX)).map(() => {
    return { company_id, id: newId('sho'), zone_id: id, profile_id: home.id, name: 'x' };
  });
  await db.admin`insert into shipping_options ${db.admin(options)}`;
  await warmUp(db);
  for (const make of [() => zone(), () => option(id, { profileId: home.id })]) {
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => make()));
    const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toHaveLength(3);
    for (const why of refused) expect(why).toBeInstanceOf(ShippingLimitReached);
  }
});
