import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { type CompanyId, type Id, idOf } from '@souk/domain/kernel/ids';
import {
  createPostgresBackend,
  type DefaultJobOptions,
  Queue,
  type QueueOptions,
  setDefaultBackendFactory,
  type WorkerOptions,
} from 'bullmq';
import type { Logger } from 'pino';
import { z } from 'zod';
import { QUEUE_SCHEMA } from './migrate.ts';

/** Queues there are. A queue is a doorbell: its jobs say whose rows in PostgreSQL are due, and nothing else. */
export const QUEUES = ['notifications', 'webhooks'] as const;
export type QueueName = (typeof QUEUES)[number];

/** What a job carries. A processor parses it before use and enters the company anew: no right comes from a queue. */
export const ringForm = z.strictObject({ companyId: idOf('com'), endpointId: idOf('wep').optional() });
export type Ring = z.infer<typeof ringForm>;

export interface QueueStore {
  /** Without it the queue lives in PostgreSQL. */
  redisUrl?: string;
  /** PostgreSQL itself, never a connection pooler; see `queue-check.ts`. */
  databaseUrl: string;
}

/** Keys in Redis begin with this; the braces keep all of them in one slot of a cluster. */
const REDIS_PREFIX = '{souk}';
const PRODUCER_CONNECTIONS = 2;
const WORKER_CONNECTIONS = 3;
const RECONNECT_MS_MAX = 2_000;
/** A server that does not answer at all is given up after this time, and tried again. */
const CONNECT_TIMEOUT_MS = 5_000;
const TAKE_AGAIN_MS = 1_000;
/** Of an endpoint: a worker that died loses its lease after six seconds, and must not be waited for longer than that. */
const RUNG_ANEW_AFTER_MS = 4_000;
/** Whoever rings does not wait longer than this for the store. */
const RING_TIMEOUT_MS = 1_000;
/** A ring that is lost is rung again by a sweeper within seconds, so a job is never tried twice by the queue itself. */
const JOB_OPTIONS: DefaultJobOptions = {
  attempts: 1,
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { age: 86_400, count: 1_000 },
};

/**
 * BullMQ's PostgreSQL, but a worker that cannot take a job waits before it asks again. BullMQ itself asks at once, some
 * thousand times a second, for as long as the database is away or does not let it in.
 */
const patientPostgres: typeof createPostgresBackend = (name, options, more) => {
  const backend = createPostgresBackend(name, options, more);
  const take = backend.moveToActive.bind(backend);
  backend.moveToActive = async (...which) => {
    try {
      return await take(...which);
    } catch (error) {
      await setTimeout(TAKE_AGAIN_MS, undefined, { ref: false });
      throw error;
    }
  };
  return backend;
};

/**
 * Chooses where this process's queues live and gives the options of their connections. Called by every process that uses
 * a queue, also for Redis: the choice is BullMQ's own and global, and a test may have made another one.
 */
export function chooseStore({ redisUrl, databaseUrl }: QueueStore) {
  setDefaultBackendFactory(redisUrl === undefined ? patientPostgres : undefined);
  const shared = { prefix: REDIS_PREFIX };
  if (redisUrl === undefined) {
    const at = {
      connectionString: databaseUrl,
      schema: QUEUE_SCHEMA,
      application_name: 'souk-queue',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    };
    return {
      producer: { ...shared, connection: { ...at, max: PRODUCER_CONNECTIONS } },
      worker: { ...shared, connection: { ...at, max: WORKER_CONNECTIONS } },
    };
  }
  const retryStrategy = (times: number) => Math.min(50 * 2 ** times, RECONNECT_MS_MAX);
  return {
    // A producer is told at once that Redis is away; a worker waits for it.
    producer: {
      ...shared,
      connection: { url: redisUrl, retryStrategy, enableOfflineQueue: false, maxRetriesPerRequest: 1 },
    },
    worker: { ...shared, connection: { url: redisUrl, retryStrategy, maxRetriesPerRequest: null } },
  };
}

/**
 * How long a worker that died keeps its job, and how often that is looked for. Short: a company is served by one job at a
 * time, so a dead one keeps it waiting. Should a living worker be taken for dead, the rows' own leases keep things apart.
 */
export const WORKER_TIMING = {
  lockDuration: 10_000,
  stalledInterval: 5_000,
  maxStalledCount: 1,
} satisfies Partial<WorkerOptions>;

/** `new`: something has just become due. `again`: a sweeper found something due, so an earlier ring may have come to nothing. */
export type RingReason = 'new' | 'again';

/**
 * Rings for a company. Losing a ring costs seconds, never work, so ringing never throws and never waits for long: what is
 * due lies in PostgreSQL, and a sweeper rings again for it.
 */
export class Doorbell {
  private readonly queues = new Map<QueueName, Queue>();
  private readonly ringing = new Set<string>();
  private isClosed = false;
  /** The last ring was lost. Said once, not for every company. */
  private isAway = false;

  constructor(
    private readonly options: QueueOptions,
    private readonly log: Logger,
  ) {}

  /**
   * Resolves with whether the ring was taken, now or by a ring for the same that is under way: a company, or one endpoint
   * of it, is not rung for twice. False means that the queue is away, and others need not be rung for.
   */
  async ring(
    name: QueueName,
    companyId: CompanyId,
    reason: RingReason = 'new',
    endpointId?: Id<'wep'>,
  ): Promise<boolean> {
    const ring = [name, reason, companyId, ...(endpointId ? [endpointId, ...bellOf(reason)] : [])].join('-');
    if (this.isClosed) return false;
    if (this.ringing.has(ring)) return !this.isAway;
    this.ringing.add(ring);
    const data: Ring = endpointId ? { companyId, endpointId } : { companyId };
    // At most one job waits and one runs per company; a ring during a run makes it run once more. A sweeper's ring is told
    // apart, so that it is not swallowed by a run whose worker has died.
    const deduplication = { id: ring, keepLastIfActive: true };
    // An id of our own: for one of its own BullMQ would make a sequence in PostgreSQL, and our role makes nothing there.
    const rung = this.queue(name).add('due', data, { ...JOB_OPTIONS, jobId: `ring-${randomUUID()}`, deduplication });
    rung.then(
      () => this.ringing.delete(ring),
      () => this.ringing.delete(ring),
    );
    try {
      await Promise.race([rung, timeout()]);
      this.isAway = false;
      return true;
    } catch (error) {
      if (!this.isClosed && !this.isAway)
        this.log.warn(
          { err: error, queue: name },
          'the queue takes no rings; what is due is rung for again until it does',
        );
      this.isAway = true;
      return false;
    }
  }

  /** Resolves when the store answers; for `/readyz`. */
  async ready(): Promise<void> {
    const connected = Promise.all(QUEUES.map((name) => this.queue(name).getJobCounts('waiting')));
    connected.catch(() => undefined);
    await Promise.race([connected, timeout()]);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close()));
  }

  private queue(name: QueueName): Queue {
    const known = this.queues.get(name);
    if (known) return known;
    const queue = new Queue(name, this.options);
    // Without a listener an error of the connection would end the process.
    queue.on('error', (error) => this.log.debug({ err: error, queue: name }, 'the queue cannot be reached'));
    // On PostgreSQL BullMQ remembers a first connection that failed, and fails for ever: the next ring has a new queue.
    queue.waitUntilReady().catch(() => {
      if (this.queues.get(name) === queue) this.queues.delete(name);
      queue.close().catch(() => undefined);
    });
    this.queues.set(name, queue);
    return queue;
  }
}

/** A sweeper's rings have two bells in turn: the run of one may have died, and be found dead later than its lease ends. */
const bellOf = (reason: RingReason): string[] =>
  reason === 'again' ? [String(Math.floor(Date.now() / RUNG_ANEW_AFTER_MS) % 2)] : [];

async function timeout(): Promise<never> {
  await setTimeout(RING_TIMEOUT_MS, undefined, { ref: false });
  throw new Error(`the queue did not answer within ${RING_TIMEOUT_MS} ms`);
}
