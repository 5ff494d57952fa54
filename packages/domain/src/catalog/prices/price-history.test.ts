import { expect, test } from 'vitest';
import type { Session } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { priorPricesOf } from './price-history.service.ts';

const db = useDatabase();
type VariantId = Id<'var'>;

const DAY_MS = 24 * 3600 * 1000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);

/** A line of a base price; past the service, to be years ago. */
async function givenLine(
  { companyId }: Session,
  variantId: VariantId,
  currency: string,
  amount: number,
  days: number,
  more: { priceId?: Id<'prc'>; change?: 'set' | 'removed' } = {},
): Promise<void> {
  const { priceId = newId('prc'), change = 'set' } = more;
  await db.admin`insert into price_changes
      (company_id, id, variant_id, price_id, change, currency, amount, actor_type, actor_id, changed_at)
    values (${companyId}, ${newId('pch')}, ${variantId}, ${priceId}, ${change}, ${currency}, ${amount}, 'system', 'test', ${daysAgo(days)})`;
}

/** A sale without an end with more lines than are looked at, one a minute for the last two days. */
async function givenBusyPrice({ companyId }: Session, variantId: VariantId, currency: string): Promise<Id<'prc'>> {
  const priceId = newId('prc');
  const ids = Array.from({ length: 2_100 }, () => newId('pch')).sort();
  await db.admin`insert into price_changes
      (company_id, id, variant_id, price_id, change, currency, amount, valid_from, actor_type, actor_id, changed_at)
    select ${companyId}, id, ${variantId}, ${priceId}, 'set', ${currency}, 1000 + n % 7, '2020-01-01', 'system', 'test',
      now() - make_interval(mins => 2101 - n::int)
    from unnest(${ids}::text[]) with ordinality as line(id, n)`;
  return priceId;
}

const prior = async (session: Session, variantId: VariantId) =>
  (await db.app.run(session, (ctx) => priorPricesOf(ctx, variantId))).data.map((one) => ({
    ...one,
    since: Math.round((Date.now() - Date.parse(one.since)) / DAY_MS),
  }));

test('a currency whose price has stood for years is told beside one that changes every minute', async () => {
  const shop = await givenCompany(db);
  const { variantId } = await givenGoods(db, shop.companyId);
  const base = newId('prc');
  await givenLine(shop, variantId, 'NGN', 125_000, 700, { priceId: base });
  await givenLine(shop, variantId, 'NGN', 99_000, 650, { priceId: base });
  await givenLine(shop, variantId, 'USD', 50, 600, { change: 'removed' });
  await givenBusyPrice(shop, variantId, 'JPY');
  expect(await prior(shop, variantId)).toEqual([
    { currency: 'JPY', amount: 1000, since: 0, lowestBefore: 1000 },
    { currency: 'NGN', amount: 99_000, since: 650, lowestBefore: 125_000 },
  ]);
});

test('a price that stood before all lines that are looked at is still in force', async () => {
  const shop = await givenCompany(db);
  const { variantId } = await givenGoods(db, shop.companyId);
  const [standing, gone] = [newId('prc'), newId('prc')];
  await givenLine(shop, variantId, 'JPY', 700, 90, { priceId: gone });
  await givenLine(shop, variantId, 'JPY', 800, 80, { priceId: standing });
  await givenLine(shop, variantId, 'JPY', 700, 70, { priceId: gone, change: 'removed' });
  const sale = await givenBusyPrice(shop, variantId, 'JPY');
  await givenLine(shop, variantId, 'JPY', 1000, 0, { priceId: sale, change: 'removed' });
  expect(await prior(shop, variantId)).toEqual([{ currency: 'JPY', amount: 800, since: 0, lowestBefore: 800 }]);
});
