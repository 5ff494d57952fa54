import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Ending } from '@souk/local/testing/processes';
import { migrate } from '@souk/platform/migrate';
import { type ChaosLab, MIGRATIONS, type Post } from './chaos-lab.ts';
import type { ChaosLoad } from './chaos-load.ts';
import type { Merchant } from './merchant.ts';
import { ask, type Heard } from './shopper.ts';
import { type Request, type Sent, SteadyLoad, slowest, tally } from './steady-load.ts';

const READY_LOOK_MS = 50;
const BACK_WITHIN_MS = 30_000;
const WARM_UP_MS = 1_000;
const AFTERWARDS_MS = 700;

/** What strangers do at a storefront without end: they look at goods, and begin a cart every third time. */
export function visitors(lab: ChaosLab, load: ChaosLoad, perSecond: number, atOnce: number): SteadyLoad {
  const headers = { 'x-api-key': load.key, 'content-type': 'application/json' };
  const { url } = lab.storefront;
  const cart = JSON.stringify({ email: 'visitor@example.com' });
  const next = (count: number): Request =>
    count % 3 === 0
      ? { what: 'cart', url: `${url}/v1/carts`, init: { method: 'POST', headers, body: cart } }
      : { what: 'list', url: `${url}/v1/products?limit=${5 + (count % 7)}`, init: { headers } };
  return new SteadyLoad({ perSecond, atOnce }, next);
}

const isGood = ({ status }: Sent) => status >= 200 && status < 300;

export interface PostgresOutage {
  /** Answers by status, from the crash until PostgreSQL was back. */
  during: Record<string, number>;
  /** The longest anybody waited for one of these. */
  slowestDuringMs: number;
  /** From the moment PostgreSQL was back to the first cart that was made, and to the last request that failed. */
  firstCartAfterMs: number;
  lastFailureAfterMs: number;
  /** Requests that were lost, or answered with anything but success or 503; before, during and after. */
  wrong: readonly Sent[];
}

/** PostgreSQL stops at once under load, stays away, and comes back. */
export async function postgresOutage(lab: ChaosLab, load: ChaosLoad, awayMs: number): Promise<PostgresOutage> {
  const traffic = visitors(lab, load, 60, 30);
  traffic.start();
  await pause(WARM_UP_MS);
  const gone = Date.now();
  await lab.postgres.crash();
  await pause(awayMs);
  await lab.postgres.start();
  const back = Date.now();
  const isCart = (sent: Sent) => sent.what === 'cart' && sent.at > back && isGood(sent);
  while (!traffic.all.some(isCart) && Date.now() - back < BACK_WITHIN_MS) await pause(READY_LOOK_MS);
  await pause(AFTERWARDS_MS);
  const all = await traffic.stop();
  const during = all.filter(({ at, ms }) => at + ms >= gone && at < back);
  const failed = all.filter((sent) => !isGood(sent) && sent.at >= back);
  const first = all.find(isCart);
  return {
    during: tally(during),
    slowestDuringMs: slowest(during),
    firstCartAfterMs: first ? first.at + first.ms - back : Number.POSITIVE_INFINITY,
    lastFailureAfterMs: failed.reduce((last, { at, ms }) => Math.max(last, at + ms - back), 0),
    wrong: all.filter((sent) => !isGood(sent) && sent.status !== 503),
  };
}

/** Checkouts, logins and looks at goods, one after the other for so long; returns how each went. */
export async function shopDuring(lab: ChaosLab, load: ChaosLoad, ms: number): Promise<readonly Sent[]> {
  const { url } = lab.storefront;
  const headers = { 'x-api-key': load.key };
  const email = `${randomUUID()}@example.com`;
  const password = `long enough ${randomUUID()}`;
  const all: Sent[] = [];
  const timed = async (what: string, work: () => Promise<Heard>) => {
    const at = Date.now();
    const { status } = await work();
    all.push({ what, at, ms: Date.now() - at, status, fault: undefined });
  };
  await ask(url, 'POST', '/v1/customers', { headers, body: { email, password, firstName: 'Ada', lastName: 'Obi' } });
  const login = () => ask(url, 'POST', '/v1/customers/login', { headers, body: { email, password } });
  let nextLogin = Date.now();
  for (const begun = Date.now(); Date.now() - begun < ms; ) {
    await timed('list', () => ask(url, 'GET', '/v1/products?limit=3', { headers }));
    await timed('checkout', () => load.buyOnce());
    if (Date.now() < nextLogin) continue;
    await timed('login', login);
    nextLogin = Date.now() + ms / LOGINS;
  }
  return all;
}

/** An API is asked to stop under load; whoever balances requests takes it off when it says that it is not ready. It stays away. */
export async function gracefulStop(
  lab: ChaosLab,
  load: ChaosLoad,
): Promise<{
  ending: Ending;
  ms: number;
  inFlight: number;
  perSecond: number;
  sent: readonly Sent[];
}> {
  const { storefront } = lab;
  const traffic = visitors(lab, load, 200, 16);
  traffic.start();
  const begun = Date.now();
  await pause(WARM_UP_MS);
  const asked = Date.now();
  const inFlight = traffic.inFlight;
  const ended = storefront.running.end('SIGTERM');
  while (await isReady(storefront)) await pause(READY_LOOK_MS);
  const sent = await traffic.stop();
  const perSecond = Math.round((sent.length * 1_000) / (Date.now() - begun));
  const ending = await ended;
  return { ending, ms: Date.now() - asked, inFlight, perSecond, sent };
}

const isReady = ({ url }: Post) =>
  fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );

const EVENTS_AT_ONCE = 300;
const SOME = 20;
/** Each time: one address may try a hundred times in a quarter of an hour. */
const LOGINS = 10;
const OUTPUT_SHOWN = 3_000;
const ADDED = 'zz_added_while_serving';
const MIGRATION = `alter table products add column ${ADDED} text;
--> statement-breakpoint
alter table carts add column ${ADDED} text not null default '';
--> statement-breakpoint
alter table orders add column ${ADDED} integer;
--> statement-breakpoint
create table ${ADDED} (company_id text not null, id text not null, primary key (company_id, id));`;

/** A migration adds columns to tables in use, and a table, while requests run. Returns how these went. */
export async function migrationWhileServing(lab: ChaosLab, load: ChaosLoad): Promise<readonly Sent[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'souk-migrations-'));
  try {
    await cp(MIGRATIONS, folder, { recursive: true });
    const journalFile = path.join(folder, 'meta', '_journal.json');
    const journal = JSON.parse(await readFile(journalFile, 'utf8')) as { entries: object[] }; // as drizzle-kit writes it
    const tag = '9999_added_while_serving';
    journal.entries.push({ idx: 9_999, version: '7', when: Date.now(), tag, breakpoints: true });
    await writeFile(journalFile, JSON.stringify(journal));
    await writeFile(path.join(folder, `${tag}.sql`), MIGRATION);
    const traffic = visitors(lab, load, 100, 16);
    traffic.start();
    await pause(WARM_UP_MS);
    const bought = load.buyOnce();
    await migrate({ url: lab.postgres.db.urls.migrate, folder });
    await pause(AFTERWARDS_MS);
    await Promise.all([bought, load.buyOnce()]);
    return await traffic.stop();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A worker is asked to stop in the middle of deliveries, and another one comes. */
export async function workerStop(
  lab: ChaosLab,
  load: ChaosLoad,
  { well }: Merchant,
): Promise<{ ending: Ending; ms: number; heardBefore: number; held: unknown; activeJobs: number; said: string }> {
  const [worker] = lab.workers;
  if (!worker) throw new Error('There is no worker');
  const before = well.received.size;
  well.behave(() => ({ status: 204, afterMs: 40 }));
  await load.emitKept(EVENTS_AT_ONCE);
  const begun = Date.now();
  while (well.received.size < before + SOME && Date.now() - begun < BACK_WITHIN_MS) await pause(READY_LOOK_MS);
  const asked = Date.now();
  const heardBefore = well.received.size - before;
  const ending = await worker.running.end('SIGTERM');
  const ms = Date.now() - asked;
  const said = worker.running.output().slice(-OUTPUT_SHOWN);
  const [row] = await lab.postgres.db.admin`select count(*)::int as held from webhook_deliveries
    where company_id = ${load.store.companyId} and leased_until > now()`;
  const jobs = (await lab.redis?.dump()) ?? [];
  await lab.restart(worker);
  well.behave(() => ({ status: 204 }));
  return {
    ending,
    ms,
    heardBefore,
    said,
    held: row?.['held'],
    activeJobs: jobs.filter((one) => /:active \[.+/.test(one)).length,
  };
}
