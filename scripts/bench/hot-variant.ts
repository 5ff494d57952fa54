import { openDatabase } from '@souk/domain/kernel/database';
import { useMasterKeys } from '@souk/domain/kernel/sealing';
import postgres from 'postgres';
import type { Deployment } from './deployment.ts';
import { type Placement, prepareCart, recordSql, replaySql } from './placements.ts';
import { alternate, type Outcome } from './rounds.ts';
import { type Shop, Shopper } from './shopper.ts';

/** Enough for everybody. */
const PLENTY = 1_000_000;
const STOCK = 100;
const BUYERS = 300;
const STEADY_BUYERS = 32;
const SECONDS = 5;
/** More at once only wait for each other inside PostgreSQL. */
const ADMITTED = 8;
const PLACEMENTS = 300;

/** One variant that everybody wants: exactly its stock is sold, how fast, and beside the same SQL without us. */
export async function benchHotVariant(
  deployment: Deployment,
  admin: postgres.Sql,
  shop: Shop,
  variantId: string,
): Promise<Outcome[]> {
  process.stdout.write('Measuring: one hot variant\n');
  const stock = (onHand: number) =>
    admin`update stock_levels set on_hand = reserved + ${onHand} where company_id = ${deployment.company.id} and variant_id = ${variantId}`;
  const hot = { ...shop, variant: () => variantId };
  await stock(STOCK);
  const sold = await rush(hot, BUYERS, 0);
  if (sold !== STOCK) throw new Error(`${sold} of ${STOCK} were sold to ${BUYERS} buyers`);
  await stock(PLENTY);
  const begun = performance.now();
  const ordered = await rush(hot, STEADY_BUYERS, begun + SECONDS * 1_000);
  const rate = ordered / ((performance.now() - begun) / 1_000);
  const note = `and of ${STOCK} in stock ${BUYERS} buyers at once got exactly ${sold}`;
  return [
    {
      name: `one hot variant, ${STEADY_BUYERS} buyers (bare: the goal)`,
      ours: rate,
      bare: 120,
      unit: 'orders/s',
      goal: 1,
      note,
    },
    await placements(deployment, admin, variantId),
  ];
}

/** How many orders so many buyers get until a moment; each of them tries at least once. */
async function rush(shop: Shop, buyers: number, until: number): Promise<number> {
  let sold = 0;
  const one = async () => {
    const shopper = new Shopper(shop);
    do if (await shopper.orderOne()) sold++;
    while (performance.now() < until);
    shopper.close();
  };
  await Promise.all(Array.from({ length: buyers }, one));
  return sold;
}

/** Placements without HTTP, of carts that are ready, against a client that only repeats the SQL recorded from others. */
async function placements(deployment: Deployment, admin: postgres.Sql, variantId: string): Promise<Outcome> {
  const { company, databaseUrl } = deployment;
  useMasterKeys(deployment.masterKeys);
  const database = openDatabase({ url: databaseUrl, size: ADMITTED, refuseNesting: false });
  const clients = Array.from({ length: ADMITTED }, () => postgres(databaseUrl, { max: 1, fetch_types: false }));
  const [option] = await admin`select id from shipping_options where company_id = ${company.id} limit 1`;
  const wish = { variantId, optionId: String(option?.['id']) };
  const prepared = () => together(PLACEMENTS, ADMITTED, () => prepareCart(database, company, wish));
  const recorded = async () => {
    const carts = await prepared();
    const texts = await together(PLACEMENTS, 1, (at) => recordSql(database.pool, carts[at] as Placement));
    await admin`vacuum stock_levels`; // what was undone is in nobody's way
    return texts;
  };
  let statements = 0;
  try {
    const [ours = Number.NaN, bare = Number.NaN] = await alternate([
      async () => {
        const carts = await prepared();
        return perSecond(admin, (at) => (carts[at] as Placement)(database.run));
      },
      async () => {
        const texts = await recorded();
        statements = texts[0]?.length ?? 0;
        return perSecond(admin, (at, buyer) => replaySql(clients[buyer] as postgres.Sql, texts[at] ?? []));
      },
    ]);
    const note = `the bare client sends the same ${statements} statements with their values, prepared, one after the other`;
    const name = `one hot variant, ${ADMITTED} placements at once without HTTP`;
    return { name, ours, bare, unit: 'orders/s', goal: 0.5, note };
  } finally {
    await Promise.all([database.close(), ...clients.map((client) => client.end())]);
  }
}

async function perSecond(admin: postgres.Sql, place: (at: number, buyer: number) => Promise<unknown>): Promise<number> {
  const orders = async () => Number((await admin`select count(*)::int as n from orders`)[0]?.['n']);
  const before = await orders();
  const begun = performance.now();
  await together(PLACEMENTS, ADMITTED, place);
  const seconds = (performance.now() - begun) / 1_000;
  const placed = (await orders()) - before;
  if (placed !== PLACEMENTS) throw new Error(`${placed} orders were placed instead of ${PLACEMENTS}`);
  return PLACEMENTS / seconds;
}

/** Does a thing so many times, so many at once; gives what came of each. */
async function together<T>(
  times: number,
  workers: number,
  work: (at: number, worker: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const one = async (_: unknown, worker: number) => {
    for (let at = next++; at < times; at = next++) results[at] = await work(at, worker);
  };
  await Promise.all(Array.from({ length: workers }, one));
  return results;
}
