import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { WorkerConfig } from '@souk/platform/config';
import { Readiness } from '@souk/platform/health';
import { type Loggers, nestLogger } from '@souk/platform/logger';
import { processMetrics } from '@souk/platform/metrics';
import { type OpsListener, startOpsListener } from '@souk/platform/ops-listener';
import { Doorbell, type QueueStore } from '@souk/platform/queue';
import { refuseUnfitQueue } from '@souk/platform/queue-check';
import { type WorkerMetrics, workerMetrics } from '@souk/platform/queue-metrics';
import { refuseOldSchema } from '@souk/platform/startup-check';
import { storefrontUrl } from '@souk/platform/storefront-url';
import { NotificationsProcessor } from './notifications.processor.ts';
import { WebhooksProcessor } from './webhooks.processor.ts';
import { workerModule } from './worker.module.ts';
import { type Bells, startLoops, type WorkerLoops } from './worker-loops.ts';
import { openWorkerParts, type WorkerParts } from './worker-parts.ts';

/** How long a stop waits for what is running. What is cut off is done again by whoever comes next. */
const STOP_WITHIN_MS = 20_000;

export interface RunningWorker {
  /** Where `/healthz`, `/readyz` and `/metrics` are; undefined if `METRICS_PORT` is 0. */
  readonly opsPort: number | undefined;
  /** Lets what is running end, within 20 s, then closes all connections, the databases last. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts the worker: relay, audit linker, sweepers and the queue's processors. Throws if it cannot do its work. `wrap`: what
 * a process of tests puts around its parts before anything uses them.
 */
export async function startWorker(
  config: WorkerConfig,
  loggers: Loggers,
  wrap: (parts: WorkerParts) => WorkerParts = (parts) => parts,
): Promise<RunningWorker> {
  const parts = wrap(await openWorkerParts(config, loggers));
  const registry = processMetrics('worker', parts.app.pool);
  const metrics = workerMetrics(registry);
  const store = { redisUrl: config.REDIS_URL, databaseUrl: config.DATABASE_QUEUE_URL ?? config.DATABASE_URL };
  let queues: INestApplicationContext | undefined;
  try {
    if (store.redisUrl === undefined) await refuseUnfitQueue(store.databaseUrl);
    queues = await createProcessors(parts, store, metrics);
    if (parts.mailer) await queues.get(NotificationsProcessor).begin(store);
    await queues.get(WebhooksProcessor).begin(store);
    const doorbell = queues.get(Doorbell);
    const readiness = new Readiness([
      { name: 'database', ask: () => refuseOldSchema(parts.app.unscoped) },
      { name: 'queue', ask: () => doorbell.ready() },
      { name: 'relay', ask: () => loops.relay.wellness() },
    ]);
    const ops = await startOpsListener({ host: config.METRICS_HOST, port: config.METRICS_PORT, registry, readiness });
    const bells: Bells = {
      // Without a mailer nobody would hear it.
      notifications: async (companyId, reason) =>
        parts.mailer !== undefined && doorbell.ring('notifications', companyId, reason),
      webhooks: (companyId, endpointId, reason) => doorbell.ring('webhooks', companyId, reason, endpointId),
    };
    const loops = startLoops(parts, bells, metrics);
    parts.nudged = () => loops.wake();
    return { opsPort: ops?.port, stop: once(() => stop({ parts, readiness, loops, queues, doorbell, ops })) };
  } catch (error) {
    await queues?.close();
    await parts.close();
    throw error;
  }
}

function createProcessors(
  parts: WorkerParts,
  store: QueueStore,
  metrics: WorkerMetrics,
): Promise<INestApplicationContext> {
  const { config, loggers, app, mailer } = parts;
  const module = workerModule({
    store,
    run: app.run,
    mailer,
    place: { adminUrl: config.ADMIN_URL, storefrontUrl: storefrontUrl(config) },
    log: loggers.log,
    outcomes: metrics.sent,
    sender: parts.webhookSender,
    delivered: metrics.delivered,
  });
  return NestFactory.createApplicationContext(module, { logger: nestLogger(loggers), abortOnError: false });
}

interface Started {
  parts: WorkerParts;
  readiness: Readiness;
  loops: WorkerLoops;
  queues: INestApplicationContext | undefined;
  doorbell: Doorbell;
  ops: OpsListener | undefined;
}

/** Not ready → loops and jobs end what they are at → the queue's connections close → the databases close. */
async function stop({ parts, readiness, loops, queues, doorbell, ops }: Started): Promise<void> {
  const { log } = parts.loggers;
  readiness.stop();
  queues?.get(WebhooksProcessor).stop();
  await within(STOP_WITHIN_MS, Promise.all([loops.stop(), queues?.close()])).catch((error: unknown) =>
    log.warn({ err: error }, 'work was still running and is cut off; it will be done again'),
  );
  await within(1_000, doorbell.close()).catch(() => undefined);
  await parts.close();
  await ops?.close();
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not ended within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
