import { setTimeout as pause } from 'node:timers/promises';
import { brokenInvariants } from '@souk/domain/testing/invariants';
import type { ChaosLab } from './chaos-lab.ts';
import type { ChaosLoad } from './chaos-load.ts';
import type { ChaosRecord } from './chaos-record.ts';
import type { Merchant } from './merchant.ts';

const LOOK_MS = 500;
/** Looks, between two words about the progress. */
const SAID_EVERY = 20;

/**
 * Waits until the workers have done all there is to do, and hurries what has its time: an hour of waiting for payments
 * goes by with each look. Throws with what is left after `withinMs`.
 */
export async function drained(
  lab: ChaosLab,
  { companyId }: Pick<ChaosLoad['store'], 'companyId'>,
  withinMs: number,
  say: (line: string) => void = () => undefined,
): Promise<number> {
  const begun = Date.now();
  for (let looks = 1; ; looks++) {
    const left = await leftover(lab, companyId);
    if (left.length === 0) return Date.now() - begun;
    if (looks % SAID_EVERY === 0) say(`still to do: ${left.map(({ what, count }) => `${count} ${what}`).join(', ')}`);
    const ended = lab.casualties().join('\n');
    if (ended !== '') throw new Error(ended);
    if (Date.now() - begun > withinMs) throw new Error(`Still to do after ${withinMs} ms: ${JSON.stringify(left)}`);
    await pause(LOOK_MS);
  }
}

async function leftover(lab: ChaosLab, companyId: string): Promise<readonly { what: string; count: number }[]> {
  const { admin } = lab.postgres.db;
  const paid = lab.paystack.control
    .charges()
    .filter(({ charges }) => charges > 0)
    .map(({ reference }) => reference);
  await admin`update payment_attempts set next_check_at = now() where company_id = ${companyId} and next_check_at > now()
    and reference = any(${paid})`;
  await admin`update payment_notices set due_at = now() where company_id = ${companyId} and status = 'waiting' and due_at > now()`;
  // Those that are under way have a lease, and keep it.
  await admin`update webhook_deliveries set due_at = now() where company_id = ${companyId} and status = 'pending'
    and due_at > now() and (leased_until is null or leased_until < now())`;
  await admin`update webhook_endpoints set paused_until = null where company_id = ${companyId} and paused_until is not null`;
  await admin`update notifications set due_at = now() where company_id = ${companyId} and status = 'pending' and due_at > now()`;
  return admin<{ what: string; count: number }[]>`select what, count(*)::int as count from (
      select 'event' as what from events where company_id = ${companyId} and dispatched_at is null
      union all select 'notice' from payment_notices where company_id = ${companyId} and status = 'waiting'
      union all select 'refund' from refunds where company_id = ${companyId} and status in ('starting', 'pending')
      union all select 'payment' from payment_attempts where company_id = ${companyId}
        and reference = any(${paid}) and status <> 'succeeded'
      union all select 'webhook' from webhook_deliveries where company_id = ${companyId} and status = 'pending'
      union all select 'mail' from notifications where company_id = ${companyId} and status = 'pending'
    ) left_over group by what`;
}

/** Holds what clients were told, and what the provider knows, against what is there. Adds what is wrong to the record. */
export async function lookForWrongs(
  lab: ChaosLab,
  load: ChaosLoad,
  merchant: Merchant,
  record: ChaosRecord,
): Promise<void> {
  const { db } = lab.postgres;
  for (const casualty of lab.casualties()) record.wrong(casualty);
  for (const [name, rows] of Object.entries(await brokenInvariants(db)))
    record.wrong(`${name}: ${JSON.stringify(rows)}`);
  await ordersAreThere(lab, load, record);
  await chargesAreOurs(lab, load, record);
  await titlesAreSaved(lab, load, record);
  await emissionsAreKept(lab, load, record);
  await merchant.lookForWrongs(record);
  await secretsAreSealed(lab, [load.store.secretKey, load.key, ...merchant.secrets], record);
}

/** Every order somebody was told of is there at its price, and is paid if it was paid. */
async function ordersAreThere({ postgres }: ChaosLab, load: ChaosLoad, record: ChaosRecord): Promise<void> {
  const rows = await postgres.db.admin<{ id: string; total: number; payment_status: string; lifecycle: string }[]>`
    select id, total::int, payment_status, lifecycle from orders where company_id = ${load.store.companyId}`;
  const orders = new Map(rows.map((row) => [row.id, row]));
  for (const { placed, total, isPaid } of load.bought) {
    const order = orders.get(placed.order.id);
    if (!order) record.wrong(`order ${placed.order.id} was confirmed, and is not there`);
    else if (order.total !== total) record.wrong(`order ${order.id} costs ${order.total}, not ${total}`);
    else if (isPaid && (order.payment_status !== 'paid' || order.lifecycle !== 'open'))
      record.wrong(`order ${order.id} was paid, and is ${order.payment_status}, ${order.lifecycle}`);
  }
}

/** What the provider took is in our books, once for each order. */
async function chargesAreOurs(lab: ChaosLab, load: ChaosLoad, record: ChaosRecord): Promise<void> {
  const charges = lab.paystack.control.charges().filter((one) => one.charges > 0);
  const rows = await lab.postgres.db.admin<{ reference: string; order_id: string; amount: number }[]>`
    select a.reference, p.order_id, p.captured::int as amount from payment_attempts a
    join payments p on p.company_id = a.company_id and p.id = a.payment_id
    where a.company_id = ${load.store.companyId} and a.status = 'succeeded'`;
  const books = new Map(rows.map((row) => [row.reference, row]));
  const orders = new Set<string>();
  for (const { reference, amount, charges: times } of charges) {
    const entry = books.get(reference);
    if (times !== 1) record.wrong(`${reference} was charged ${times} times`);
    if (entry?.amount !== amount) record.wrong(`${reference}: charged ${amount}, booked ${entry?.amount}`);
    if (entry && orders.has(entry.order_id)) record.wrong(`order ${entry.order_id} was charged twice`);
    if (entry) orders.add(entry.order_id);
  }
  if (books.size !== charges.length) record.wrong(`${books.size} payments are booked, and ${charges.length} were made`);
}

async function titlesAreSaved({ postgres }: ChaosLab, load: ChaosLoad, record: ChaosRecord): Promise<void> {
  const rows = await postgres.db.admin<{ id: string; title: string }[]>`
    select id, title from products where company_id = ${load.store.companyId}`;
  for (const { id, title } of rows) {
    const known = load.saved.get(id);
    if (known && known.acknowledged !== '' && title !== known.acknowledged && !known.tried.has(title))
      record.wrong(`the title of ${id} is ${title}, and ${known.acknowledged} was saved last`);
  }
}

/** Of what was kept all events are there, of what was undone none, and of the rest all or none. */
async function emissionsAreKept({ postgres }: ChaosLab, load: ChaosLoad, record: ChaosRecord): Promise<void> {
  const rows = await postgres.db.admin<{ aggregate_id: string }[]>`
    select aggregate_id from events where company_id = ${load.store.companyId} and aggregate_id like 'cat\\_%'`;
  const there = new Set(rows.map((row) => row.aggregate_id));
  for (const { aggregates, outcome } of load.emissions) {
    const found = aggregates.filter((id) => there.has(id)).length;
    const mayBe = { kept: [aggregates.length], undone: [0], unknown: [0, aggregates.length] }[outcome];
    if (!mayBe.includes(found)) record.wrong(`${found} of ${aggregates.length} events are there that were ${outcome}`);
  }
}

/** No secret stands in the clear in a table, or in Redis at all. */
async function secretsAreSealed(lab: ChaosLab, secrets: readonly string[], record: ChaosRecord): Promise<void> {
  const { admin } = lab.postgres.db;
  const tables = await admin<{ name: string }[]>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'queue')`;
  for (const { name } of tables) {
    for (const secret of secrets) {
      const found = await admin.unsafe(`select 1 from ${name} t where position($1 in t::text) > 0 limit 1`, [secret]);
      if (found.length > 0) record.wrong(`${name} holds a secret in the clear`);
    }
  }
  const remembered = (await lab.redis?.dump())?.join('\n') ?? '';
  for (const secret of secrets) if (remembered.includes(secret)) record.wrong('Redis holds a secret in the clear');
}
