import type { CompanyId } from '@souk/domain/kernel/ids';
import type { RingReason } from '@souk/platform/queue';
import type { WorkerMetrics } from '@souk/platform/queue-metrics';
import { CompanyWork } from './company-work.ts';
import { DueRinger } from './due-ringer.ts';
import { dueWork } from './due-work.ts';
import { Loop } from './loop.ts';
import { Relay } from './relay.ts';
import { Sweeper } from './sweeper.ts';
import type { WorkerParts } from './worker-parts.ts';

const HOUR_MS = 3_600_000;
/** How long events may lie before the relay looks: it is woken at once where there is Redis. */
const RELAY_IDLE_MS = 50;
const RELAY_IDLE_MS_MAX = { woken: 1_000, alone: 250 };

export interface WorkerLoops {
  readonly relay: Loop;
  /** Something was announced, or is due. */
  wake(): void;
  /** Resolves when every loop has ended the round it was in. */
  stop(): Promise<void>;
}

/** Starts what a worker does by itself, without being rung for. */
export function startLoops(
  parts: WorkerParts,
  ring: (companyId: CompanyId, reason: RingReason) => Promise<boolean>,
  metrics: WorkerMetrics,
): WorkerLoops {
  const { config, loggers, app, relay } = parts;
  const { log } = loggers;
  const work = { run: app.run, lookAround: relay.unscoped, log };
  let isStopping = false;
  const loopOf = (name: string, what: { round(): Promise<boolean> }, idleMs: number, idleMsMax = idleMs) =>
    new Loop({ name, round: () => what.round(), idleMs, idleMsMax, log });

  const outbox = new Relay({ ...work, ring: (companyId) => ring(companyId, 'new'), dispatched: metrics.dispatched });
  const ringer = new DueRinger({ ...work, ring: (companyId) => ring(companyId, 'again') });
  const sweeper = new Sweeper({ ...work, store: parts.files.store, isStopping: () => isStopping });
  const relayLoop = loopOf(
    'relay',
    outbox,
    RELAY_IDLE_MS,
    config.REDIS_URL ? RELAY_IDLE_MS_MAX.woken : RELAY_IDLE_MS_MAX.alone,
  );
  const kinds = dueWork({
    run: app.run,
    log,
    store: parts.files.store,
    pictures: parts.pictures,
    gateways: parts.gateways,
  }).map((kind) => ({
    kind,
    loop: loopOf(
      kind.name,
      new CompanyWork(kind, { lookAround: relay.unscoped, log, isStopping: () => isStopping }),
      kind.idleMs,
      kind.idleMsMax,
    ),
  }));
  const woken = [relayLoop, ...kinds.filter(({ kind }) => kind.isWoken).map(({ loop }) => loop)];
  const loops = [
    relayLoop,
    ...kinds.map(({ loop }) => loop),
    loopOf('due-ringer', ringer, 5_000),
    loopOf('sweeper', sweeper, HOUR_MS),
  ];
  for (const loop of loops) loop.start();
  return {
    relay: relayLoop,
    wake() {
      for (const loop of woken) loop.wake();
    },
    async stop() {
      isStopping = true;
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}
