import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { putSecret } from '../company/secrets/secrets.service.ts';
import { type Run, type Session, systemSession } from '../kernel/ctx.ts';
import { dispatchEvents } from '../kernel/dispatch.ts';
import { type CompanyId, type Id, newId } from '../kernel/ids.ts';
import { events } from '../kernel/outbox.schema.ts';
import { deliverTurn } from '../reach/webhooks/delivery.flow.ts';
import { secretName } from '../reach/webhooks/endpoint-secrets.service.ts';
import { fanOut } from '../reach/webhooks/fan-out.service.ts';
import type { DeliveryOutcome } from '../reach/webhooks/recording.service.ts';
import { holdEndpoint, LANES, type Taken, takeDeliveries } from '../reach/webhooks/taking.service.ts';
import {
  NotDelivered,
  type WebhookAnswer,
  type WebhookRequest,
  type WebhookSender,
} from '../reach/webhooks/webhook-sender.ts';
import { webhookEndpoints } from '../reach/webhooks/webhooks.schema.ts';
import type { TestDatabase } from './database.ts';

const OK: WebhookAnswer = { statusCode: 200, retryAfterSeconds: undefined, body: 'thanks' };

/** A sender that keeps what it is given, and answers as the test says. */
export class FakeSender implements WebhookSender {
  readonly sent: WebhookRequest[] = [];
  /** The most requests that were under way at once. */
  mostAtOnce = 0;
  answer: (request: WebhookRequest) => Promise<WebhookAnswer> | WebhookAnswer = () => OK;
  private underWay = 0;

  async send(request: WebhookRequest): Promise<WebhookAnswer> {
    this.sent.push(request);
    this.underWay += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.underWay);
    try {
      return await this.answer(request);
    } finally {
      this.underWay -= 1;
    }
  }

  /** What was sent, by the id of its event, in the order of sending. */
  ids(): string[] {
    return this.sent.map(({ headers }) => headers['webhook-id'] ?? '');
  }

  async refusal(): Promise<undefined> {
    return undefined;
  }
}

export const statusOf = (statusCode: number, retryAfterSeconds?: number): WebhookAnswer => ({
  statusCode,
  retryAfterSeconds,
  body: `status ${statusCode}`,
});

/** Nothing listens. */
export const refused = (): never => {
  throw new NotDelivered('Nothing listens at this address.');
};

/** A door that somebody opens. */
export function gate(): { open(): void; opened: Promise<void> } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** A company whose webhooks are delivered: rows as the services write them, and a clock that can be turned. */
export class WebhookShop {
  readonly secrets = new Map<Id<'wep'>, string>();

  constructor(
    private readonly db: Pick<TestDatabase, 'app' | 'admin'>,
    readonly companyId: CompanyId = newId('com'),
  ) {}

  /** Of the worker that delivers. */
  get session(): Session {
    return systemSession(this.companyId, 'webhooks');
  }

  async endpoint({
    url = 'https://example.com/hook',
    eventTypes = ['*'],
    ...more
  }: Partial<typeof webhookEndpoints.$inferInsert> = {}): Promise<Id<'wep'>> {
    const id = newId('wep');
    const secret = `whsec_${createHash('sha256').update(id).digest('base64')}`;
    await this.db.app.run(this.session, async (ctx) => {
      await ctx.tx.insert(webhookEndpoints).values({ ...more, companyId: this.companyId, id, url, eventTypes });
      await putSecret(ctx, secretName(id), secret);
    });
    this.secrets.set(id, secret);
    return id;
  }

  /** Events of one aggregate as they wait in the outbox. Returns their ids, oldest first. */
  async announced(count = 1, more: Partial<typeof events.$inferInsert> = {}): Promise<Id<'evt'>[]> {
    const rows = Array.from({ length: count }, (_, at) => ({
      version: 1,
      aggregateId: 'ord_1',
      sequence: at + 1,
      type: 'order.paid',
      data: { order: { id: 'ord_1', note: `Zoë, no. ${at + 1}` } },
      ...more,
      companyId: this.companyId,
      id: newId('evt'),
    }));
    await this.db.app.run(this.session, (ctx) => ctx.tx.insert(events).values(rows));
    return rows.map(({ id }) => id);
  }

  /** What the relay does. Returns the endpoints it would ring for. */
  async relayed(max = 1_000): Promise<Id<'wep'>[]> {
    let endpoints: Id<'wep'>[] = [];
    await this.db.app.run(this.session, (ctx) =>
      dispatchEvents(
        ctx,
        async (inner, waiting) => {
          endpoints = await fanOut(inner, waiting);
        },
        { max },
      ),
    );
    return endpoints;
  }

  /** What a worker does when it is rung for an endpoint. */
  async turn(
    endpoint: Id<'wep'>,
    sender: FakeSender,
    { forMs = 60_000, isStopping, run = this.db.app.run }: { forMs?: number; isStopping?(): boolean; run?: Run } = {},
  ): Promise<{ isLeft: boolean; outcomes: DeliveryOutcome[]; faults: unknown[] }> {
    const outcomes: DeliveryOutcome[] = [];
    const faults: unknown[] = [];
    const ports = {
      sender,
      report: (error: unknown) => faults.push(error),
      ended: (outcome: DeliveryOutcome) => outcomes.push(outcome),
    };
    const isLeft = await deliverTurn(run, ports, this.session, endpoint, { forMs, isStopping });
    return { isLeft, outcomes, faults };
  }

  /** What a worker takes that dies of it, unless it is recorded. */
  take(endpoint: Id<'wep'>, wanted = LANES): Promise<Taken[]> {
    return this.db.app.run(this.session, async (ctx) => {
      await holdEndpoint(ctx, endpoint);
      return takeDeliveries(ctx, endpoint, wanted);
    });
  }

  /** How many deliveries there are of each status. */
  async counts(): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const { status } of await this.deliveries()) found[status] = (found[status] ?? 0) + 1;
    return found;
  }

  /** Turns the clock: everything of this company's webhooks lies so much further back. */
  async later(seconds: number): Promise<void> {
    const by = `${seconds} seconds`;
    const { admin } = this.db;
    await admin`update webhook_deliveries set due_at = due_at - ${by}::interval,
      leased_until = leased_until - ${by}::interval where company_id = ${this.companyId}`;
    await admin`update webhook_endpoints set paused_until = paused_until - ${by}::interval,
      failing_since = failing_since - ${by}::interval, last_success_at = last_success_at - ${by}::interval,
      previous_secret_until = previous_secret_until - ${by}::interval where company_id = ${this.companyId}`;
  }

  deliveries() {
    return this.db.admin<
      DeliveryFacts[]
    >`select id, endpoint_id, event_id, status, attempts, last_status_code, last_error,
      leased_until is not null as is_leased, extract(epoch from due_at - now())::float8 as due_in
      from webhook_deliveries where company_id = ${this.companyId} order by event_id, endpoint_id`;
  }

  attempts() {
    return this.db.admin<AttemptFacts[]>`select delivery_id, number, status_code, error, response_body, duration_ms
      from webhook_attempts where company_id = ${this.companyId} order by delivery_id, number`;
  }

  async endpointRow(id: Id<'wep'>): Promise<EndpointFacts> {
    const [row] = await this.db.admin<EndpointFacts[]>`select status, disabled_reason, failures_in_a_row, failing_since,
      last_success_at, extract(epoch from paused_until - now())::float8 as paused_for
      from webhook_endpoints where company_id = ${this.companyId} and id = ${id}`;
    if (!row) throw new Error(`There is no endpoint ${id}`);
    return row;
  }

  /** Verifies a request with the independent library. Throws if its signature is of no use. */
  verified(endpoint: Id<'wep'>, { headers, body }: WebhookRequest): unknown {
    return new Webhook(this.secrets.get(endpoint) ?? '').verify(body, { ...headers });
  }
}

export interface DeliveryFacts {
  id: Id<'whd'>;
  endpoint_id: Id<'wep'>;
  event_id: Id<'evt'>;
  status: string;
  attempts: number;
  last_status_code: number | null;
  last_error: string | null;
  is_leased: boolean;
  due_in: number;
}

export interface AttemptFacts {
  delivery_id: Id<'whd'>;
  number: number;
  status_code: number | null;
  error: string | null;
  response_body: string | null;
  duration_ms: number;
}

export interface EndpointFacts {
  status: string;
  disabled_reason: string | null;
  failures_in_a_row: number;
  failing_since: Date | null;
  last_success_at: Date | null;
  paused_for: number | null;
}
