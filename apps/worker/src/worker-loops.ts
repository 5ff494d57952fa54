import type { CompanyId, Id } from '@souk/domain/kernel/ids';
import type { RingReason } from '@souk/platform/queue';
import type { WorkerMetrics } from '@souk/platform/queue-metrics';
import { CompanyWork } from './company-work.ts';
import { DueRinger } from './due-ringer.ts';
import { dueWork } from './due-work.ts';
import { Loop } from './loop.ts';
import { Relay } from './relay.ts';
import { Sweeper } from './sweeper.ts';
import { WebhookRinger } from './webhook-ringer.ts';
import type { WorkerParts } from './worker-parts.ts';

const HOUR_MS = 3_600_000;
/** How long events may lie before the relay looks: it is woken at once where there is Redis. */
const RELAY_IDLE_MS = 50;
const RELAY_IDLE_MS_MAX = { woken: 1_000, alone: 250 };
/** A webhook whose ring was lost waits for this; one whose worker died for this and its lease. */
const WEBHOOK_RINGER_IDLE_MS = 1_000;
const DUE_RINGER_IDLE_MS = 5_000;
/** Ringers look through all companies: every write wakes them, and they look once for all writes of this time. */
const RINGERS_REST_MS = 250;

export interface WorkerLoops {
  readonly relay: Loop;
  /** Something was announced, or is due. */
  wake(): void;
  /** Resolves when every loop has ended the round it was in. */
  stop(): Promise<void>;
}

/** How the queues' processors are told that something is due. Never rejects; says whether the ring was taken. */
export interface Bells {
  notifications(companyId: CompanyId, reason: RingReason): Promise<boolean>;
  webhooks(companyId: CompanyId, endpointId: Id<'wep'>, reason: RingReason): Promise<boolean>;
}

/** Starts what a worker does by itself, without being rung for. */
export function startLoops(parts: WorkerParts, bells: Bells, metrics: WorkerMetrics): WorkerLoops {
  const { config, loggers, app, relay } = parts;
  const { log } = loggers;
  const work = { run: app.run, lookAround: relay.unscoped, log };
  let isStopping = false;
  const loopOf = (name: string, what: { round(): Promise<boolean> }, idleMs: number, idleMsMax = idleMs, restMs = 0) =>
    new Loop({ name, round: () => what.round(), idleMs, idleMsMax, restMs, log });
  const ringerOf = (name: string, what: { round(): Promise<boolean> }, idleMs: number) =>
    loopOf(name, what, idleMs, idleMs, RINGERS_REST_MS);

  const outbox = new Relay({
    ...work,
    ring: (companyId) => bells.notifications(companyId, 'new'),
    ringEndpoint: (companyId, endpointId) => bells.webhooks(companyId, endpointId, 'new'),
    dispatched: metrics.dispatched,
  });
  const ringer = new DueRinger({ ...work, ring: (companyId) => bells.notifications(companyId, 'again') });
  const webhookRinger = new WebhookRinger({
    ...work,
    ringEndpoint: (companyId, endpointId) => bells.webhooks(companyId, endpointId, 'again'),
    waiting: metrics.waiting,
  });
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
  // What somebody asked to be sent again lies in no outbox.
  const ringers = [
    ringerOf('due-ringer', ringer, DUE_RINGER_IDLE_MS),
    ringerOf('webhook-ringer', webhookRinger, WEBHOOK_RINGER_IDLE_MS),
  ];
  const woken = [relayLoop, ...ringers, ...kinds.filter(({ kind }) => kind.isWoken).map(({ loop }) => loop)];
  const loops = [relayLoop, ...kinds.map(({ loop }) => loop), ...ringers, loopOf('sweeper', sweeper, HOUR_MS)];
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
