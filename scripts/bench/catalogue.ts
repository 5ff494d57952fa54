import { isDeepStrictEqual } from 'node:util';
import postgres from 'postgres';
import { seedCatalogue } from './catalogue-seed.ts';
import { type BenchCompany, type Deployment, startBare } from './deployment.ts';
import { type Load, load } from './http-load.ts';
import { median, type Outcome } from './rounds.ts';

const SMALL = 1_000;
const LARGE = 100_000;
const CONNECTIONS = 16;
const SECONDS = 2;
const ROUNDS = 5;
/** Of each, before anything is measured: until its code is compiled. A bare server is there at once, ours after some thousand requests. */
const WARM_UP_SECONDS = 6;
/** Of both servers: twice the cores of the machine the goals are for. */
const POOL = 4;
const TERM = 'cotton';
const MEMORY_GOAL_PER_SECOND = 15_000;

interface Side {
  url: string;
  headers?: Record<string, string>;
}
interface Measured {
  rate: number;
  p99Ms: number;
}

const READS = {
  list: { words: 'list of 20 with price', ours: 'products', bare: (id: string) => `list/${id}` },
  detail: {
    words: 'product by handle',
    ours: 'products/product-7',
    bare: (id: string) => `page/${id}/product-7`,
  },
  search: {
    words: 'search in a category with count',
    ours: `products?q=${TERM}&category=category-4&count=true`,
    bare: (id: string) => `search/${id}/${TERM}/category-4`,
  },
} as const;
type Read = keyof typeof READS;

/** The reads of visitors against a bare server over the same rows: uncached, from memory, and as the catalogue grows. */
export async function benchCatalogue(deployment: Deployment): Promise<Outcome[]> {
  const { company: small } = deployment;
  const large = await deployment.register('bench-large');
  await seed(deployment, large);
  const bare = await startBare('bare-catalogue', [deployment.superuserUrl, String(POOL), small.key]);
  try {
    const [plain = '', dressed = ''] = bare.url.split(' ');
    const pool = { DATABASE_POOL_SIZE: String(POOL) };
    const { url: uncached } = await deployment.startStorefront({ ...pool, STOREFRONT_CACHE_MB: '0' });
    const { url: cached } = await deployment.startStorefront(pool);
    const outcomes: Outcome[] = [];
    for (const read of ['list', 'detail', 'search'] as const)
      outcomes.push(...(await grown(read, { uncached, plain, small, large })));
    for (const read of ['list', 'detail'] as const)
      outcomes.push(...(await fromMemory(read, { cached, dressed, small })));
    return outcomes;
  } finally {
    await bare.stop();
  }
}

async function seed({ superuserUrl, company }: Deployment, large: BenchCompany): Promise<void> {
  const admin = postgres(superuserUrl, { max: 1, onnotice: () => undefined });
  const began = performance.now();
  const counts = [SMALL, LARGE].map((count) => count.toLocaleString('en')).join(' and ');
  process.stdout.write(`Filling two catalogues, of ${counts} products\n`);
  try {
    await seedCatalogue(admin, company.id, SMALL);
    await seedCatalogue(admin, large.id, LARGE);
  } finally {
    await admin.end();
  }
  process.stdout.write(`Filled in ${Math.round((performance.now() - began) / 1_000)} s\n\n`);
}

/** One read without memory, in the small catalogue and in the large one. */
async function grown(
  read: Read,
  { uncached, plain, small, large }: { uncached: string; plain: string; small: BenchCompany; large: BenchCompany },
): Promise<Outcome[]> {
  const { words, ours: path, bare: barePath } = READS[read];
  process.stdout.write(`Measuring: ${words}, uncached, in both catalogues\n`);
  const sides = (company: BenchCompany): [Side, Side] => [
    { url: `${uncached}/v1/${path}`, headers: { 'x-api-key': company.key } },
    { url: `${plain}/${barePath(company.id)}` },
  ];
  const [ours, bare, oursLarge, bareLarge] = await measured([...sides(small), ...sides(large)]);
  const size = SMALL.toLocaleString('en');
  return [
    { name: `${words}, uncached, ${size} products`, ours: ours.rate, bare: bare.rate, unit: 'requests/s', goal: 0.5 },
    {
      name: `${words}, uncached, ${size} products: p99`,
      ours: ours.p99Ms,
      bare: bare.p99Ms,
      unit: 'ms',
      goal: 2,
      isLatency: true,
    },
    {
      name: `${words}: how much dearer at ${LARGE.toLocaleString('en')} products, against the bare server`,
      ours: ours.rate / oursLarge.rate,
      bare: bare.rate / bareLarge.rate,
      unit: 'times',
      goal: read === 'search' ? 1.3 : 1.15,
      isLatency: true,
      note: `there: ours ${Math.round(oursLarge.rate)}/s, bare ${Math.round(bareLarge.rate)}/s`,
    },
  ];
}

/** One read from memory, against a bare route that sends ready text with the same header work. */
async function fromMemory(
  read: 'list' | 'detail',
  { cached, dressed, small }: { cached: string; dressed: string; small: BenchCompany },
): Promise<Outcome[]> {
  process.stdout.write(`Measuring: ${READS[read].words}, from memory\n`);
  const headers = { 'x-api-key': small.key };
  const path = READS[read].bare(small.id);
  await fetch(`${dressed}/${path}`);
  const [ours, bare] = await measured([
    { url: `${cached}/v1/${READS[read].ours}`, headers },
    { url: `${dressed}/ready/${path}`, headers },
  ]);
  const name = `${READS[read].words}, from memory`;
  const note = 'ours asks for the catalogue version as well';
  return [
    { name, ours: ours.rate, bare: bare.rate, unit: 'requests/s', goal: 0.7, note },
    {
      name: `${name}: against the goal of this machine`,
      ours: ours.rate,
      bare: MEMORY_GOAL_PER_SECOND,
      unit: 'requests/s',
      goal: 1,
    },
  ];
}

/** Loads each in turn, five times, after their answers were held side by side and a round that only warms up. */
async function measured<Sides extends Side[]>(sides: [...Sides]): Promise<{ [At in keyof Sides]: Measured }> {
  for (let at = 0; at < sides.length; at += 2) await sameAnswers(sides[at], sides[at + 1]);
  const rounds: Load[][] = sides.map(() => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [at, { url, headers }] of sides.entries()) {
      const seconds = round === 0 ? WARM_UP_SECONDS : SECONDS;
      const result = await load(url, { connections: CONNECTIONS, seconds, ...(headers && { headers }) });
      if (result.non2xx > 0)
        throw new Error(`${result.non2xx} answers of ${url} were not 2xx: the measurement is void`);
      if (round > 0) rounds[at]?.push(result);
    }
  }
  const medians = rounds.map((loads) => ({
    rate: median(loads.map(({ requestsPerSecond }) => requestsPerSecond)),
    p99Ms: median(loads.map(({ p99Ms }) => p99Ms)),
  }));
  return medians as { [At in keyof Sides]: Measured }; // one for each side
}

/** Throws when the two do not say the same. */
async function sameAnswers(ours: Side | undefined, bare: Side | undefined): Promise<void> {
  const answers = await Promise.all(
    [ours, bare].map(async (side) => {
      const answer = await fetch(side?.url ?? '', { headers: side?.headers ?? {} });
      return { status: answer.status, body: await answer.json() };
    }),
  );
  if (answers[0]?.status === 200 && isDeepStrictEqual(answers[0], answers[1])) return;
  const shown = answers.map((answer) => JSON.stringify(answer).slice(0, 2_000)).join('\n');
  throw new Error(`${ours?.url} and ${bare?.url} answer differently, so there is nothing to compare:\n${shown}`);
}
