import { type DynamicModule, Module } from '@nestjs/common';
import type { Run } from '@souk/domain/kernel/ctx';
import type { Mailer } from '@souk/domain/reach/notifications/mailer';
import type { SendingOutcome, SendingPlace } from '@souk/domain/reach/notifications/notifications.flow';
import type { Loggers } from '@souk/platform/logger';
import type { QueueStore } from '@souk/platform/queue';
import { queueModule } from '@souk/platform/queue.module';
import { RUN } from '@souk/platform/tokens';
import { NotificationsProcessor } from './notifications.processor.ts';
import { LOG, MAILER, OUTCOMES, PLACE } from './worker-tokens.ts';

export interface WorkerModuleParts {
  store: QueueStore;
  run: Run;
  /** Undefined: there is no mail server, so mails wait and nothing takes them. */
  mailer: Mailer | undefined;
  place: SendingPlace;
  log: Loggers['log'];
  outcomes(outcome: SendingOutcome): void;
}

@Module({})
class WorkerModule {}

/** The queues and those who serve them. */
export function workerModule({ store, run, mailer, place, log, outcomes }: WorkerModuleParts): DynamicModule {
  return {
    module: WorkerModule,
    imports: [queueModule(store, log)],
    providers: [
      { provide: RUN, useValue: run },
      { provide: MAILER, useValue: mailer },
      { provide: PLACE, useValue: place },
      { provide: LOG, useValue: log },
      { provide: OUTCOMES, useValue: outcomes },
      ...(mailer ? [NotificationsProcessor] : []),
    ],
  };
}
