import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { chooseStore, Doorbell, type QueueStore } from './queue.ts';

@Module({})
class QueueModule {}

/**
 * The queues of a process: a `Doorbell` to ring with, and BullMQ workers for the classes marked `@Processor(…)`.
 *
 * @nestjs/bullmq gives a queue and its workers the same connection. Ours differ (a producer is told at once that Redis
 * is away, a worker waits for it), so it makes the workers and the doorbell makes the queues.
 */
export function queueModule(store: QueueStore, log: Logger): DynamicModule {
  const { producer, worker } = chooseStore(store);
  return {
    module: QueueModule,
    global: true,
    // Registering no queue brings in the part that finds processors.
    imports: [BullModule.forRoot(worker), BullModule.registerQueue()],
    providers: [{ provide: Doorbell, useValue: new Doorbell(producer, log) }],
    exports: [Doorbell],
  };
}
