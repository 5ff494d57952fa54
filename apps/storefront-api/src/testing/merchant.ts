import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { eventBody } from '@souk/domain/reach/event-log/event-body';
import { newEndpoint } from '@souk/domain/reach/webhooks/webhook-endpoints.contract';
import { createEndpoint } from '@souk/domain/reach/webhooks/webhook-endpoints.service';
import type { TestDatabase } from '@souk/domain/testing/database';
import type { ChaosRecord } from './chaos-record.ts';
import type { Store } from './store.ts';
import { startReceiver, type WebhookReceiver } from './webhook-receiver.ts';

/** Of what came in, so much may have come more than once (under the same id) when things break: 2 %. */
const DUPLICATES_MAX = 0.02;
/** What a worker sent and could not write down comes again; of few events that is more than two in a hundred. */
const DUPLICATES_FEW = 100;
const QUIET_WITHIN_MS = 30_000;
const LOOK_MS = 100;
const CANNOT_DECIDE = 0.5;

type EventRow = Parameters<typeof eventBody>[0] & { type: string };

/**
 * A company's own systems: a server that hears of everything and is well, and one that hears of orders and is not. What
 * they were told is held against the events there are.
 */
export class Merchant {
  private constructor(
    private readonly db: TestDatabase,
    private readonly store: Store,
    readonly well: WebhookReceiver,
    readonly unwell: WebhookReceiver,
    readonly secrets: readonly string[],
    /** What happened before there was an endpoint. */
    private readonly before: ReadonlySet<string>,
  ) {}

  /** Adds the endpoints, and waits until what happened before is dispatched. A worker has to run. */
  static async open(db: TestDatabase, store: Store, random: () => number): Promise<Merchant> {
    const [well, unwell] = [await startReceiver(), await startReceiver(() => moody(random))];
    const secrets: string[] = [];
    const subscribe = async ({ url, trust }: WebhookReceiver, events: string[]) => {
      const { secret } = await store.within((ctx) => createEndpoint(ctx, newEndpoint.parse({ url, events })));
      trust(secret);
      secrets.push(secret);
    };
    await subscribe(well, ['*']);
    await subscribe(unwell, ['order.*']);
    for (const begun = Date.now(); ; ) {
      const [row] = await db.admin`select count(*)::int as waiting from events
        where company_id = ${store.companyId} and dispatched_at is null`;
      if (row?.['waiting'] === 0) break;
      if (Date.now() - begun > QUIET_WITHIN_MS) throw new Error('The relay does not dispatch');
      await pause(LOOK_MS);
    }
    const rows = await db.admin`select id from events where company_id = ${store.companyId}`;
    return new Merchant(db, store, well, unwell, secrets, new Set(rows.map((row) => String(row['id']))));
  }

  /** From now on both servers are well. */
  recover(): void {
    this.unwell.behave(() => ({ status: 204 }));
  }

  async close(): Promise<void> {
    await Promise.all([this.well.close(), this.unwell.close()]);
  }

  /** Everything that happened since there are endpoints was heard by those who wanted it, as it is, and nothing else was. */
  async lookForWrongs(record: ChaosRecord): Promise<void> {
    const events = await this.events();
    this.hold(record, this.well, events, 'well');
    const ofOrders = new Map([...events].filter(([, { type }]) => type.startsWith('order.')));
    this.hold(record, this.unwell, ofOrders, 'unwell');
    const { delivered, again } = this.duplicates();
    if (again > Math.max(DUPLICATES_FEW, delivered * DUPLICATES_MAX))
      record.wrong(`${again} of ${delivered} webhooks came more than once`);
  }

  /** How many events the healthy server took, and how many times it took one again. */
  duplicates(): { delivered: number; again: number } {
    const counts = [...this.well.received].filter(([id]) => !this.before.has(id)).map(([, { count }]) => count);
    return { delivered: counts.length, again: counts.reduce((sum, count) => sum + count - 1, 0) };
  }

  private hold(
    record: ChaosRecord,
    { received, wrongs }: WebhookReceiver,
    events: ReadonlyMap<string, EventRow>,
    who: string,
  ): void {
    for (const wrong of wrongs) record.wrong(`webhook of ${who}: ${wrong}`);
    let lost = 0;
    for (const [id, event] of events) {
      const heard = received.get(id);
      if (!heard) lost += 1;
      else if (heard.hash !== createHash('sha256').update(eventBody(event)).digest('hex'))
        record.wrong(`${id} was heard by ${who} as ${heard.body}`);
    }
    if (lost > 0) record.wrong(`${lost} of ${events.size} events were never heard by ${who}`);
    const invented = [...received.keys()].filter((id) => !events.has(id) && !this.before.has(id));
    if (invented.length > 0) record.wrong(`${invented.length} webhooks to ${who} tell of nothing: ${invented[0]}`);
  }

  /** What happened since there are endpoints. */
  private async events(): Promise<Map<string, EventRow>> {
    const rows = await this.db.admin<
      { id: EventRow['id']; type: string; sequence: number; data: unknown; is_test: boolean; created_at: Date }[]
    >`select id, type, sequence, data, is_test, created_at from events where company_id = ${this.store.companyId}`;
    const told = rows.map(({ id, type, sequence, data, is_test: isTest, created_at: at }) => {
      return [id as string, { id, type, sequence, data, isTest, createdAt: at.toISOString() }] as const;
    });
    return new Map(told.filter(([id]) => !this.before.has(id)));
  }
}

/** A server in trouble: errors, silence, and now and then an answer. */
function moody(random: () => number): { status: number; afterMs?: number } {
  if (random() < CANNOT_DECIDE) return { status: 204, afterMs: Math.round(random() * 500) };
  const statuses = [500, 503, 429, 302, 0];
  return { status: statuses[Math.floor(random() * statuses.length)] ?? 500, afterMs: Math.round(random() * 1_000) };
}
