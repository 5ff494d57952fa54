import { Processor } from '@nestjs/bullmq';
import { Inject } from '@nestjs/common';
import { type Run, systemSession } from '@souk/domain/kernel/ctx';
import type { CompanyId, Id } from '@souk/domain/kernel/ids';
import { type DeliveryPorts, deliverTurn } from '@souk/domain/reach/webhooks/delivery.flow';
import type { DeliveryOutcome } from '@souk/domain/reach/webhooks/recording.service';
import type { WebhookSender } from '@souk/domain/reach/webhooks/webhook-sender';
import type { Loggers } from '@souk/platform/logger';
import { Doorbell, ringForm, WORKER_TIMING } from '@souk/platform/queue';
import { RUN, WEBHOOK_SENDER } from '@souk/platform/tokens';
import type { Job } from 'bullmq';
import { QueueProcessor } from './queue-processor.ts';
import { Seats } from './seats.ts';
import { DELIVERED, LOG } from './worker-tokens.ts';

/** One endpoint's share of a job; then the next endpoint has its turn. */
const TURN_MS = 2_000;
/** Requests that hang take no processor: there may be many of them. */
const ENDPOINTS_AT_ONCE = 48;
/** Of these: the endpoints of one company. */
const ENDPOINTS_EACH = 8;
/** A turn that took so much longer than it should have sat there waiting for answers. */
const HANGING_MS = 3_000;
/** How many endpoints this process remembers as slow; the oldest are forgotten. */
const SLOW_KNOWN_MAX = 10_000;

/** Delivers what is due at the endpoint it was rung for. The job only says which; what is due stands in PostgreSQL. */
@Processor('webhooks', { autorun: false, concurrency: ENDPOINTS_AT_ONCE, ...WORKER_TIMING })
export class WebhooksProcessor extends QueueProcessor {
  private isStopping = false;
  /** Endpoints that hung or did nothing but fail in their last turn here. */
  private readonly slow = new Set<Id<'wep'>>();
  private readonly seats = new Seats<CompanyId, Id<'wep'>>(
    { all: ENDPOINTS_AT_ONCE, each: ENDPOINTS_EACH, isSlow: (endpointId) => this.slow.has(endpointId) },
    (companyId, endpointId) => {
      if (!this.isStopping) void this.doorbell.ring('webhooks', companyId, 'new', endpointId);
    },
  );

  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(WEBHOOK_SENDER) private readonly sender: WebhookSender,
    @Inject(LOG) log: Loggers['log'],
    @Inject(DELIVERED) private readonly delivered: (outcome: DeliveryOutcome) => void,
    @Inject(Doorbell) private readonly doorbell: Doorbell,
  ) {
    super(log);
  }

  /** What is under way may end; nothing new is begun. */
  stop(): void {
    this.isStopping = true;
  }

  async process(job: Job<unknown>): Promise<void> {
    const { companyId, endpointId } = ringForm.parse(job.data);
    if (endpointId === undefined || this.isStopping) return;
    await this.seats.seated(companyId, endpointId, () => this.turn(companyId, endpointId));
  }

  private async turn(companyId: CompanyId, endpointId: Id<'wep'>): Promise<void> {
    const outcomes = new Map<DeliveryOutcome, number>();
    const ports: DeliveryPorts = {
      sender: this.sender,
      report: (error, about) =>
        this.log.error({ err: error, companyId, endpointId, ...about }, 'a delivery went wrong through our fault'),
      ended: (outcome) => {
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        this.delivered(outcome);
      },
    };
    const session = systemSession(companyId, 'webhooks');
    const begun = performance.now();
    const isLeft = await deliverTurn(this.run, ports, session, endpointId, {
      forMs: TURN_MS,
      isStopping: () => this.isStopping,
    });
    if (outcomes.size > 0) {
      this.tell(companyId, endpointId, outcomes);
      this.remember(endpointId, !outcomes.has('succeeded') || performance.now() - begun > TURN_MS + HANGING_MS);
    }
    if (isLeft && !this.isStopping) await this.doorbell.ring('webhooks', companyId, 'new', endpointId);
  }

  private remember(endpointId: Id<'wep'>, isSlow: boolean): void {
    this.slow.delete(endpointId);
    if (!isSlow) return;
    this.slow.add(endpointId);
    const [oldest] = this.slow;
    if (oldest !== undefined && this.slow.size > SLOW_KNOWN_MAX) this.slow.delete(oldest);
  }

  private tell(companyId: CompanyId, endpointId: Id<'wep'>, outcomes: ReadonlyMap<DeliveryOutcome, number>): void {
    const hasFailed = outcomes.has('failed') || outcomes.has('postponed');
    this.log[hasFailed ? 'warn' : 'debug'](
      { companyId, endpointId, ...Object.fromEntries(outcomes) },
      hasFailed ? 'webhooks could not be delivered; the log of the endpoint says why' : 'webhooks delivered',
    );
  }
}
