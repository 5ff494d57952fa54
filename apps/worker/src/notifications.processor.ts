import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject } from '@nestjs/common';
import { type Run, systemSession } from '@souk/domain/kernel/ctx';
import type { Mailer } from '@souk/domain/reach/notifications/mailer';
import { type SendingOutcome, type SendingPlace, sendDue } from '@souk/domain/reach/notifications/notifications.flow';
import type { Loggers } from '@souk/platform/logger';
import { Doorbell, type QueueStore, ringForm, WORKER_TIMING } from '@souk/platform/queue';
import { QueueOutdated } from '@souk/platform/queue-check';
import { RUN } from '@souk/platform/tokens';
import type { Job } from 'bullmq';
import { LOG, MAILER, OUTCOMES, PLACE } from './worker-tokens.ts';

/** One company's share of a job; then the next company has its turn. */
const BATCHES_PER_JOB = 10;
export const COMPANIES_AT_ONCE = 4;

/** Sends the due notifications of the company it was rung for. The job only says whose; what is due stands in PostgreSQL. */
@Processor('notifications', { autorun: false, concurrency: COMPANIES_AT_ONCE, ...WORKER_TIMING })
export class NotificationsProcessor extends WorkerHost {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(MAILER) private readonly mailer: Mailer,
    @Inject(PLACE) private readonly place: SendingPlace,
    @Inject(LOG) private readonly log: Loggers['log'],
    @Inject(OUTCOMES) private readonly outcomes: (outcome: SendingOutcome) => void,
    @Inject(Doorbell) private readonly doorbell: Doorbell,
  ) {
    super();
  }

  /**
   * Begins to take jobs. Throws `QueueOutdated` if the queue is in PostgreSQL and cannot be used: BullMQ remembers a first connection
   * that failed, and would ask it again and again without ever letting anything else have its turn. Redis may come later.
   */
  async begin({ redisUrl }: QueueStore): Promise<void> {
    if (redisUrl === undefined) {
      await this.worker.waitUntilReady().catch((error: unknown) => {
        throw new QueueOutdated(error);
      });
    }
    this.worker.run().catch((error: unknown) => this.log.error({ err: error }, 'the queue is served no more'));
  }

  async process(job: Job<unknown>): Promise<void> {
    const { companyId } = ringForm.parse(job.data);
    const session = systemSession(companyId, 'notifications');
    for (let batch = 0; batch < BATCHES_PER_JOB; batch++) {
      const outcome = await sendDue(this.run, this.mailer, session, this.place);
      if (outcome.sent + outcome.postponed + outcome.failed === 0) return;
      this.outcomes(outcome);
      this.tell(companyId, outcome);
    }
    await this.doorbell.ring('notifications', companyId);
  }

  private tell(companyId: string, { sent, postponed, failed }: SendingOutcome): void {
    if (sent > 0) this.log.info({ companyId, sent }, 'mails sent');
    if (postponed > 0) this.log.warn({ companyId, postponed }, 'mails could not be sent; they are tried again later');
    if (failed > 0) this.log.error({ companyId, failed }, 'mails were given up; their rows in notifications say why');
  }

  @OnWorkerEvent('failed')
  onFailed(job: Job<unknown> | undefined, error: Error): void {
    this.log.error({ err: error, job: job?.data }, 'a job failed; what is due is rung for again');
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.log.warn({ err: error }, 'the queue cannot be reached; trying again');
  }
}
