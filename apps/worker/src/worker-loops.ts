import type { CompanyId } from '@souk/domain/kernel/ids';
import type { RingReason } from '@souk/platform/queue';
import type { WorkerMetrics } from '@souk/platform/queue-metrics';
import { AuditLinker } from './audit-linker.ts';
import { DueRinger } from './due-ringer.ts';
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
  const loopOf = (name: string, { round }: { round(): Promise<boolean> }, idleMs: number, idleMsMax = idleMs) =>
    new Loop({ name, round, idleMs, idleMsMax, log });

  const outbox = new Relay({ ...work, ring: (companyId) => ring(companyId, 'new'), dispatched: metrics.dispatched });
  const linker = new AuditLinker(work);
  const ringer = new DueRinger({ ...work, ring: (companyId) => ring(companyId, 'again') });
  const sweeper = new Sweeper({ ...work, isStopping: () => isStopping });
  const relayLoop = loopOf(
    'relay',
    { round: () => outbox.round() },
    RELAY_IDLE_MS,
    config.REDIS_URL ? RELAY_IDLE_MS_MAX.woken : RELAY_IDLE_MS_MAX.alone,
  );
  const loops = [
    relayLoop,
    loopOf('audit-linker', { round: () => linker.round() }, 500, 3_000),
    loopOf('due-ringer', { round: () => ringer.round() }, 5_000),
    loopOf('sweeper', { round: () => sweeper.round() }, HOUR_MS),
  ];
  for (const loop of loops) loop.start();
  return {
    relay: relayLoop,
    async stop() {
      isStopping = true;
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}
