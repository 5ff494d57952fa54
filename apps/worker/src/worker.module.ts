import { type DynamicModule, Module } from '@nestjs/common';
import type { Run } from '@souk/domain/kernel/ctx';
import type { Mailer } from '@souk/domain/reach/notifications/mailer';
import type { SendingOutcome, SendingPlace } from '@souk/domain/reach/notifications/notifications.flow';
import type { DeliveryOutcome } from '@souk/domain/reach/webhooks/recording.service';
import type { WebhookSender } from '@souk/domain/reach/webhooks/webhook-sender';
import type { Loggers } from '@souk/platform/logger';
import type { QueueStore } from '@souk/platform/queue';
import { queueModule } from '@souk/platform/queue.module';
import { RUN, WEBHOOK_SENDER } from '@souk/platform/tokens';
import { NotificationsProcessor } from './notifications.processor.ts';
import { WebhooksProcessor } from './webhooks.processor.ts';
import { DELIVERED, LOG, MAILER, OUTCOMES, PLACE } from './worker-tokens.ts';

export interface WorkerModuleParts {
  store: QueueStore;
  run: Run;
  /** Undefined: there is no mail server, so mails wait and nothing takes them. */
  mailer: Mailer | undefined;
  place: SendingPlace;
  log: Loggers['log'];
  outcomes(outcome: SendingOutcome): void;
  sender: WebhookSender;
  delivered(outcome: DeliveryOutcome): void;
}

@Module({})
class WorkerModule {}

/** The queues and those who serve them. */
export function workerModule(parts: WorkerModuleParts): DynamicModule {
  const { store, run, mailer, place, log, outcomes, sender, delivered } = parts;
  return {
    module: WorkerModule,
    imports: [queueModule(store, log)],
    providers: [
      { provide: RUN, useValue: run },
      { provide: MAILER, useValue: mailer },
      { provide: PLACE, useValue: place },
      { provide: LOG, useValue: log },
      { provide: OUTCOMES, useValue: outcomes },
      { provide: WEBHOOK_SENDER, useValue: sender },
      { provide: DELIVERED, useValue: delivered },
      WebhooksProcessor,
      ...(mailer ? [NotificationsProcessor] : []),
    ],
  };
}
