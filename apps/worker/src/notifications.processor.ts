import { Processor } from '@nestjs/bullmq';
import { Inject } from '@nestjs/common';
import { type Run, systemSession } from '@souk/domain/kernel/ctx';
import type { Mailer } from '@souk/domain/reach/notifications/mailer';
import { type SendingOutcome, type SendingPlace, sendDue } from '@souk/domain/reach/notifications/notifications.flow';
import type { Loggers } from '@souk/platform/logger';
import { Doorbell, ringForm, WORKER_TIMING } from '@souk/platform/queue';
import { RUN } from '@souk/platform/tokens';
import type { Job } from 'bullmq';
import { QueueProcessor } from './queue-processor.ts';
import { LOG, MAILER, OUTCOMES, PLACE } from './worker-tokens.ts';

/** One company's share of a job; then the next company has its turn. */
const BATCHES_PER_JOB = 10;
export const COMPANIES_AT_ONCE = 4;

/** Sends the due notifications of the company it was rung for. The job only says whose; what is due stands in PostgreSQL. */
@Processor('notifications', { autorun: false, concurrency: COMPANIES_AT_ONCE, ...WORKER_TIMING })
export class NotificationsProcessor extends QueueProcessor {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(MAILER) private readonly mailer: Mailer,
    @Inject(PLACE) private readonly place: SendingPlace,
    @Inject(LOG) log: Loggers['log'],
    @Inject(OUTCOMES) private readonly outcomes: (outcome: SendingOutcome) => void,
    @Inject(Doorbell) private readonly doorbell: Doorbell,
  ) {
    super(log);
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
}
