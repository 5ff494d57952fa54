import { OnWorkerEvent, WorkerHost } from '@nestjs/bullmq';
import type { Loggers } from '@souk/platform/logger';
import type { QueueStore } from '@souk/platform/queue';
import { QueueOutdated } from '@souk/platform/queue-check';
import type { Job } from 'bullmq';

/** What serves a queue: when it begins, and what becomes of jobs and connections that fail. */
export abstract class QueueProcessor extends WorkerHost {
  constructor(protected readonly log: Loggers['log']) {
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

  @OnWorkerEvent('failed')
  onFailed(job: Job<unknown> | undefined, error: Error): void {
    this.log.error({ err: error, job: job?.data }, 'a job failed; what is due is rung for again');
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.log.warn({ err: error }, 'the queue cannot be reached; trying again');
  }
}
