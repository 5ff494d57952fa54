import { expect, test } from 'vitest';
import type { Session } from '../../kernel/ctx.ts';
import { NotFound, VersionStale } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { runText } from '../../kernel/text-statement.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, warmUp } from '../../testing/people.ts';
import { newTaxRate, TAX_RATES_MAX } from './tax.contract.ts';
import { TaxRateLimitReached, TaxRateTaken } from './tax.errors.ts';
import { taxRateFor } from './tax-choice.ts';
import { taxRatesJson, taxRatesOf } from './tax-facts.service.ts';
import {
  createDefaultTaxRate,
  createTaxRate,
  deleteTaxRate,
  getTaxRate,
  listTaxRates,
  updateTaxRate,
} from './tax-rates.service.ts';

const db = useDatabase();

type Wish = Partial<Parameters<typeof newTaxRate.parse>[0] & object>;

async function given() {
  const shop = await givenShop(db);
  const { system } = shop;
  return {
    ...shop,
    make: (wish: Wish = {}) =>
      db.app.run(system, (ctx) =>
        createTaxRate(ctx, newTaxRate.parse({ name: 'VAT', country: 'NG', ratePpm: 75_000, ...wish })),
      ),
    list: (country?: string) => db.app.run(system, (ctx) => listTaxRates(ctx, { limit: 20, country })),
  };
}

/** The facts of a country as the reader of a basket gets them. */
const factsIn = (session: Session, country: string | null) =>
  db.app.run(session, async (ctx) => {
    const text = `select ${taxRatesJson({ company: '$1', country: '$2' })} as rates`;
    const values = { company: session.companyId, country };
    const [row] = await runText<{ rates: unknown }, 'company' | 'country'>(
      ctx,
      { text, names: ['company', 'country'] },
      values,
    );
    return taxRatesOf(row?.rates);
  });

test('a rate is made, changed and deleted; each is noted and announced', async () => {
  const { make, system, auditOf, eventsOf } = await given();
  const made = await make({ region: 'Lagos', taxCategory: 'Books' });
  expect(made).toMatchObject({ region: 'Lagos', taxCategory: 'Books', ratePpm: 75_000, isActive: true, version: 1 });
  const changed = await db.app.run(system, (ctx) => updateTaxRate(ctx, made.id, { ratePpm: 0 }, 1));
  expect(changed).toMatchObject({ ratePpm: 0, region: 'Lagos', version: 2 });
  const stale = db.app.run(system, (ctx) => updateTaxRate(ctx, made.id, { ratePpm: 1 }, 1));
  await expect(stale).rejects.toThrow(VersionStale);
  await expect(db.app.run(system, (ctx) => deleteTaxRate(ctx, made.id, 1))).rejects.toThrow(VersionStale);
  await db.app.run(system, (ctx) => deleteTaxRate(ctx, made.id, 2));
  await expect(db.app.run(system, (ctx) => getTaxRate(ctx, made.id))).rejects.toThrow(NotFound);
  expect(await auditOf(made.id)).toEqual(['tax_rate.created', 'tax_rate.updated', 'tax_rate.deleted']);
  expect((await eventsOf(made.id)).map(({ type, sequence }) => [type, sequence])).toEqual([
    ['tax_rate.created', 1],
    ['tax_rate.updated', 2],
    ['tax_rate.deleted', 3],
  ]);
});

test('a place has one rate for a category, however both are written, and also where there is neither', async () => {
  const { make, system } = await given();
  const first = await make();
  const refusal = await make({ isActive: false }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(TaxRateTaken);
  expect(refusal).toHaveProperty('message', expect.stringContaining(first.id));
  await make({ country: 'US', region: 'California', taxCategory: 'Books' });
  await expect(make({ country: 'US', region: 'ca', taxCategory: 'BOOKS' })).rejects.toThrow(TaxRateTaken);
  const { id } = await make({ country: 'US', region: 'CA' });
  await expect(db.app.run(system, (ctx) => updateTaxRate(ctx, id, { taxCategory: 'books' }))).rejects.toThrow(
    TaxRateTaken,
  );
  // A patch that names the category alone keeps the region, and the other way round.
  await db.app.run(system, (ctx) => updateTaxRate(ctx, id, { taxCategory: 'food' }));
  await make({ country: 'US', region: 'CA' });
  await expect(make({ country: 'US', region: 'CA', taxCategory: 'Food' })).rejects.toThrow(TaxRateTaken);
});

test('of two equal rates made at once one is made', async () => {
  const { make, list } = await given();
  await warmUp(db);
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => make({ country: 'GH' })));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(TaxRateTaken);
  expect((await list('GH')).data).toHaveLength(1);
});

test('a region that is none is refused with its field', async () => {
  const { make } = await given();
  await expect(make({ country: 'US', region: 'US-' })).rejects.toMatchObject({
    faults: [{ pointer: '/region', code: 'no_region' }],
  });
});

test('another company neither sees nor changes nor collides with a rate', async () => {
  const { make } = await given();
  const other = await given();
  const { id } = await make();
  const outcomes = await Promise.allSettled([
    db.app.run(other.system, (ctx) => getTaxRate(ctx, id)),
    db.app.run(other.system, (ctx) => updateTaxRate(ctx, id, { name: 'Mine' })),
    db.app.run(other.system, (ctx) => deleteTaxRate(ctx, id)),
  ]);
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toEqual(
    outcomes.map(() => expect.any(NotFound)),
  );
  expect((await other.list()).data).toEqual([]);
  expect(await factsIn(other.system, 'NG')).toEqual([]);
  await other.make();
});

test('the reader of a basket gets the active rates of the country, and the most specific one is chosen', async () => {
  const { make, system } = await given();
  const whole = await make({ country: 'US', ratePpm: 10_000 });
  const regional = await make({ country: 'US', region: 'California', taxCategory: 'Books', appliesToShipping: false });
  await make({ country: 'US', region: 'Texas', isActive: false });
  await make();
  const facts = await factsIn(system, 'US');
  expect(facts).toEqual([
    {
      id: whole.id,
      name: 'VAT',
      ratePpm: 10_000,
      country: 'US',
      regionKey: null,
      taxCategory: null,
      appliesToShipping: true,
    },
    {
      id: regional.id,
      name: 'VAT',
      ratePpm: 75_000,
      country: 'US',
      regionKey: 'ca',
      taxCategory: 'books',
      appliesToShipping: false,
    },
  ]);
  const book = { taxCategory: 'Books', isTaxable: true, isShipping: false };
  const chosen = (region: string) => taxRateFor(facts, { country: 'US', region }, book, { isExempt: false }).rate?.id;
  expect(['CA', 'California', 'TX'].map(chosen)).toEqual([regional.id, regional.id, whole.id]);
  expect(await factsIn(system, null)).toEqual([]);
});

test('a company begins with the standard rate of its country where that is well known, and otherwise with none', async () => {
  const { system, list } = await given();
  for (const country of ['NG', 'GB', 'JP', 'US', 'AQ'])
    await db.app.run(system, (ctx) => createDefaultTaxRate(ctx, country));
  expect((await list()).data.map(({ country, name, ratePpm }) => [country, name, ratePpm])).toEqual([
    ['JP', 'Consumption tax', 100_000],
    ['GB', 'VAT', 200_000],
    ['NG', 'VAT', 75_000],
  ]);
});

test('there are so many rates and no more, also when several are made at once', async () => {
  const { companyId, make } = await given();
  const [known] = await db.admin<{ count: number }[]>`
    select count(*)::int as count from tax_rates where company_id = ${companyId}`;
  const row = { company_id: companyId, name: 'x', country: 'NG', rate_ppm: 1 };
  const rows = Array.from({ length: TAX_RATES_MAX - 1 - (known?.count ?? 0) }, (_, at) => {
    return { ...row, id: newId('txr'), region: `R${at}`, region_key: `R${at}` };
  });
  await db.admin`insert into tax_rates ${db.admin(rows)}`;
  await warmUp(db);
  const outcomes = await Promise.allSettled(['GH', 'KE', 'ZA', 'EG'].map((country) => make({ country })));
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  expect(refused).toHaveLength(3);
  for (const why of refused) expect(why).toBeInstanceOf(TaxRateLimitReached);
});
