import postgres from 'postgres';
import { seedCatalogue } from './catalogue-seed.ts';
import { type Deployment, startBare } from './deployment.ts';
import { benchHotVariant } from './hot-variant.ts';
import { benchPaidOrders } from './paid-orders.ts';
import { setUpProvider } from './payment-provider.ts';
import { familyMs, processorMs } from './processor-time.ts';
import { median, type Outcome } from './rounds.ts';
import { type Shop, Shopper } from './shopper.ts';
import { statementsSinceReset } from './statement-count.ts';

const PRODUCTS = 1_000;
const STOCK = 1_000_000;
/** Of both servers: twice the cores of the machine the goals are for. */
const POOL = 4;
const SECONDS = 3;
const ROUNDS = 5;
const BUYERS = [1, 8, 32] as const;
/** Of either server, before anything is measured: until its code is compiled and its plans are those of filled tables. */
const WARM_UP_SECONDS = 15;
const WARM_UP_BUYERS = 8;
/** Milliseconds of processor an order may take, Node and PostgreSQL, on the machine on which the bare shop takes the other. */
const CPU_GOAL_MS = 6;
const CPU_BARE_MS = 2.1;

interface Side {
  shop: Shop;
  pid: number;
}
interface Measured {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  nodeMs: number;
  postgresMs: number;
}
type Way = 'fillCart' | 'order';

/** Carts and whole checkouts against a bare shop: W4, W5 at 1, 8 and 32 buyers, statements, W5p, and one hot variant. */
export async function benchSelling(deployment: Deployment): Promise<Outcome[]> {
  const admin = postgres(deployment.superuserUrl, { max: 1, onnotice: () => undefined });
  const bare = await startBare('bare-selling', [
    deployment.superuserUrl,
    String(POOL),
    String(PRODUCTS * 3),
    String(STOCK),
  ]);
  try {
    const variants = await stockShop(deployment, admin);
    const { url, pid } = await deployment.startStorefront({ DATABASE_POOL_SIZE: String(POOL) });
    const ours: Side = {
      pid,
      shop: { url, headers: { 'x-api-key': deployment.company.key }, isBare: false, variant: anyOf(variants) },
    };
    const names = variants.map((_, at) => `v${at + 1}`);
    const other: Side = { pid: bare.pid, shop: { url: bare.url, headers: {}, isBare: true, variant: anyOf(names) } };
    await warmUp(deployment, ours, other);
    const outcomes = [...(await carts(deployment, ours, other)), ...(await orders(deployment, ours, other))];
    outcomes.push(
      ...(await statements(admin, ours, other)),
      await benchPaidOrders(deployment, admin, ours.shop),
      ...(await benchHotVariant(deployment, admin, ours.shop, variants[0] ?? '')),
    );
    return outcomes;
  } finally {
    await bare.stop();
    await admin.end();
  }
}

async function stockShop({ company, adminUrl }: Deployment, admin: postgres.Sql): Promise<string[]> {
  process.stdout.write(`Filling a shop of ${PRODUCTS.toLocaleString('en')} products\n`);
  const [known] = await admin`select 1 from products where company_id = ${company.id} limit 1`;
  if (!known) await seedCatalogue(admin, company.id, PRODUCTS);
  await admin`update stock_levels set on_hand = ${STOCK} where company_id = ${company.id}`;
  await setUpProvider(adminUrl, company, 'manual', {});
  await admin.unsafe('create extension if not exists pg_stat_statements');
  await admin.unsafe('vacuum analyze');
  const rows = await admin<{ id: string }[]>`select id from product_variants where company_id = ${company.id}`;
  return rows.map(({ id }) => id);
}

async function warmUp(deployment: Deployment, ...sides: Side[]): Promise<void> {
  process.stdout.write(`Warming up, ${WARM_UP_SECONDS} s each\n`);
  for (const side of sides) await measure(deployment, side, 'order', WARM_UP_BUYERS, WARM_UP_SECONDS);
}

const anyOf = (names: readonly string[]) => () => names[Math.floor(Math.random() * names.length)] ?? '';

async function carts(deployment: Deployment, ours: Side, bare: Side): Promise<Outcome[]> {
  process.stdout.write('Measuring: new cart with two lines\n');
  const [a, b] = await compared(deployment, 'fillCart', 8, ours, bare);
  return [
    { name: 'W4: new cart with two lines, 8 buyers', ours: a.perSecond, bare: b.perSecond, unit: 'carts/s', goal: 0.4 },
  ];
}

async function orders(deployment: Deployment, ours: Side, bare: Side): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const buyers of BUYERS) {
    process.stdout.write(`Measuring: whole orders, ${buyers} at once\n`);
    const [a, b] = await compared(deployment, 'order', buyers, ours, bare);
    const name = `W5: whole order, ${buyers} ${buyers === 1 ? 'buyer' : 'buyers'}`;
    const note = `p50 ${shown(a.p50Ms)} against ${shown(b.p50Ms)} ms, p99 ${shown(a.p99Ms)} against ${shown(b.p99Ms)} ms`;
    outcomes.push({
      name,
      ours: a.perSecond,
      bare: b.perSecond,
      unit: 'orders/s',
      goal: buyers === 32 ? 0.33 : 0,
      note,
    });
    if (buyers === 1)
      outcomes.push({ name: `${name}: p50`, ours: a.p50Ms, bare: b.p50Ms, unit: 'ms', goal: 3, isLatency: true });
    if (buyers === 8) {
      const [cpu, bareCpu] = [a, b].map(({ nodeMs, postgresMs }) => nodeMs + postgresMs) as [number, number];
      const parts = ({ nodeMs, postgresMs }: Measured) =>
        `Node ${nodeMs.toFixed(1)} + PostgreSQL ${postgresMs.toFixed(1)}`;
      outcomes.push({
        name: 'W5: CPU of an order',
        ours: cpu,
        bare: bareCpu,
        unit: 'ms',
        goal: Math.round((CPU_GOAL_MS / CPU_BARE_MS) * 100) / 100,
        isLatency: true,
        note: `${parts(a)} against ${parts(b)}; the goal is ${CPU_GOAL_MS} ms where the bare shop takes ${CPU_BARE_MS}`,
      });
    }
  }
  return outcomes;
}

const shown = (ms: number) => ms.toFixed(1);

/** Each in turn, five times, after a round that only warms up; medians. */
async function compared(
  deployment: Deployment,
  way: Way,
  buyers: number,
  ...sides: [Side, Side]
): Promise<[Measured, Measured]> {
  const rounds: Measured[][] = [[], []];
  for (let round = 0; round <= ROUNDS; round++)
    for (const [at, side] of sides.entries()) {
      const measured = await measure(deployment, side, way, buyers);
      if (round > 0) rounds[at]?.push(measured);
    }
  const fields = ['perSecond', 'p50Ms', 'p99Ms', 'nodeMs', 'postgresMs'] as const;
  const medians = rounds.map((own) =>
    Object.fromEntries(fields.map((field) => [field, median(own.map((one) => one[field]))])),
  );
  return medians as unknown as [Measured, Measured]; // one for each side, with the fields above
}

async function measure(
  { postmasterPid }: Deployment,
  { shop, pid }: Side,
  way: Way,
  buyers: number,
  seconds = SECONDS,
): Promise<Measured> {
  const before = [await processorMs(pid), await familyMs(postmasterPid)];
  const took: number[] = [];
  const begun = performance.now();
  const until = begun + seconds * 1_000;
  const shop1 = async () => {
    const shopper = new Shopper(shop);
    while (performance.now() < until) {
      const at = performance.now();
      if ((await shopper[way]()) === false) throw new Error('a shop with stock for everybody refused an order');
      took.push(performance.now() - at);
    }
    shopper.close();
  };
  await Promise.all(Array.from({ length: buyers }, shop1));
  const inAll = (performance.now() - begun) / 1_000;
  const after = [await processorMs(pid), await familyMs(postmasterPid)];
  const [node = 0, database = 0] = after.map((ms, at) => (ms - (before[at] ?? 0)) / took.length);
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.floor(took.length * share)] ?? Number.NaN;
  return { perSecond: took.length / inAll, p50Ms: at(0.5), p99Ms: at(0.99), nodeMs: node, postgresMs: database };
}

/** Commands an order takes, counted by the server, without those that begin and end a transaction. */
async function statements(admin: postgres.Sql, ours: Side, bare: Side): Promise<Outcome[]> {
  const counts: number[] = [];
  for (const { shop } of [ours, bare]) {
    const shopper = new Shopper(shop);
    await shopper.order();
    await admin`select pg_stat_statements_reset()`;
    await shopper.order();
    shopper.close();
    counts.push(await statementsSinceReset(admin));
  }
  const [a = Number.NaN, b = Number.NaN] = counts;
  const note = `the bare shop takes ${b}`;
  return [
    {
      name: 'W5: statements of an order (bare: the goal)',
      ours: a,
      bare: 25,
      unit: 'statements',
      goal: 1,
      isLatency: true,
      note,
    },
  ];
}
