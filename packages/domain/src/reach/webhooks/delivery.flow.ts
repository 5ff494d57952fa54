import { setTimeout as pause } from 'node:timers/promises';
import { SecretUnreadable } from '../../company/secrets/secrets.errors.ts';
import type { Ctx, Run, Session } from '../../kernel/ctx.ts';
import { CommitUnknown, DatabaseUnavailable } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { attemptDelivery, type Credentials } from './delivery-attempt.ts';
import { endpointHeaders, signingSecrets } from './endpoint-secrets.service.ts';
import { type DeliveryOutcome, recordAttempts, type Tried } from './recording.service.ts';
import { giveBack, HELD_MAX, holdEndpoint, LANES, renewLeases, type Taken, takeDeliveries } from './taking.service.ts';
import type { WebhookSender, WebhookSession } from './webhook-sender.ts';

/** Four signs of life in the time of a lease. */
const RENEW_EVERY_MS = 1_500;
/** Waits before attempts are recorded again when the database is away: they were made, and should not be made twice. */
const RECORD_AGAIN_MS = [100, 300, 1_000, 2_000];

/** What deliveries need of the process. */
export interface DeliveryPorts {
  readonly sender: Pick<WebhookSender, 'send' | 'session'>;
  /** Told of faults of ours. */
  report(error: unknown, about: object): void;
  /** Told how each attempt ended. */
  ended?(outcome: DeliveryOutcome): void;
}

export interface Turn {
  /** How long new attempts are begun; those that were begun end. */
  readonly forMs: number;
  /** True: begin nothing new. */
  isStopping?(): boolean;
}

/**
 * Delivers what is due at one endpoint, two at a time, until nothing is due or the turn is over. Taking, sending and
 * recording are steps of their own, and none sends inside a transaction. At least once: a worker that dies between sending
 * and recording sends it again, under the same id. Says whether there may be more to do at once.
 */
export async function deliverTurn(
  run: Run,
  ports: DeliveryPorts,
  session: Session,
  endpointId: Id<'wep'>,
  turn: Turn,
): Promise<boolean> {
  return new Delivering(run, ports, session, endpointId, turn).all();
}

/**
 * Two lanes that send, and books that are kept beside them: one transaction records what has ended meanwhile and takes
 * what comes next, so that fast servers do not wait for the database, nor does it see a transaction for each of them. What
 * was taken and is not begun when something fails, or when the turn is over, is given back.
 */
class Delivering {
  private readonly until: number;
  /** Taken, and not begun. */
  private ready: Taken[] = [];
  private readonly underWay = new Set<Taken>();
  /** Ended, and not recorded. */
  private tried: Tried[] = [];
  private books: Promise<void> | undefined;
  private fault: { error: unknown } | undefined;
  /** The last attempts failed: what comes next is decided when they are recorded, and is little. */
  private isCareful = false;
  private credentials: { version: number; read: () => Credentials } | undefined;

  constructor(
    private readonly run: Run,
    private readonly ports: DeliveryPorts,
    private readonly session: Session,
    private readonly endpointId: Id<'wep'>,
    private readonly turn: Turn,
  ) {
    this.until = performance.now() + turn.forMs;
  }

  async all(): Promise<boolean> {
    if (this.isOver()) return true;
    const renewing = setInterval(() => void this.renew(), RENEW_EVERY_MS);
    try {
      await this.keepBooks();
      await Promise.all(Array.from({ length: LANES }, () => this.lane()));
      while (this.tried.length + this.ready.length > 0 && !this.fault) await this.keepBooks(true);
    } finally {
      clearInterval(renewing);
    }
    if (this.fault) throw this.fault.error;
    return this.isOver();
  }

  private isOver(): boolean {
    return performance.now() >= this.until || this.turn.isStopping?.() === true;
  }

  /** One after the other, over one connection, until nothing more is to be had. */
  private async lane(): Promise<void> {
    const line = lineTo(this.ports.sender);
    try {
      for (let taken = await this.next(); taken; taken = await this.next()) {
        this.underWay.add(taken);
        const { read } = this.credentials ?? { read: unread };
        const attempt = await attemptDelivery(line, taken, read, this.ports.report);
        this.underWay.delete(taken);
        this.tried.push({ taken, attempt });
        if (attempt.error !== null) this.isCareful = true;
        void this.keepBooks(); // others go on meanwhile
      }
    } finally {
      line.close();
    }
  }

  private async next(): Promise<Taken | undefined> {
    for (;;) {
      if (this.fault || this.isOver()) return undefined;
      const hasFailed = this.isCareful && this.tried.length > 0;
      const taken = hasFailed ? undefined : this.ready.shift();
      if (taken) return taken;
      const isIdle = this.books === undefined && this.tried.length === 0;
      if (isIdle) return undefined; // the books were kept after all that ended, and there was nothing to take
      await this.keepBooks();
    }
  }

  /** One at a time: what ends while one transaction is on its way is for the next. Never rejects. */
  private keepBooks(isLast = false): Promise<void> {
    this.books ??= this.write(isLast)
      .catch((error: unknown) => {
        this.fault ??= { error };
      })
      .finally(() => {
        this.books = undefined;
        // What ended meanwhile, and nobody waits for.
        if (this.tried.length > 0 && !this.fault && !isLast) void this.keepBooks();
      });
    return this.books;
  }

  private async write(isLast: boolean): Promise<void> {
    const { tried } = this;
    this.tried = [];
    const unbegun = isLast || this.isCareful ? this.ready.splice(0) : [];
    const held = [...this.ready, ...this.underWay].map(({ id }) => id);
    const wanted = isLast || this.isOver() ? 0 : (this.isCareful ? LANES : HELD_MAX) - held.length;
    const { outcomes, taken } = await this.persistently((ctx) => this.entry(ctx, { tried, unbegun, held, wanted }));
    this.ready.push(...taken);
    if (tried.length > 0) this.isCareful = [...tried, ...this.tried].some(({ attempt }) => attempt.error !== null);
    for (const outcome of outcomes) this.ports.ended?.(outcome);
  }

  private async entry(
    ctx: Ctx,
    { tried, unbegun, held, wanted }: { tried: Tried[]; unbegun: Taken[]; held: Id<'whd'>[]; wanted: number },
  ): Promise<{ outcomes: DeliveryOutcome[]; taken: Taken[] }> {
    const recorded = async () => (tried.length > 0 ? recordAttempts(ctx, this.endpointId, tried) : []);
    const taking = async () => (wanted > 0 ? this.take(ctx, wanted, held) : []);
    const isPlain = tried.every(({ taken, attempt }) => attempt.error === null && !taken.isProbe);
    if (isPlain && unbegun.length === 0) {
      // Nothing is decided between them: sent together, each begins when the one before has ended.
      const [, outcomes, taken] = await Promise.all([holdEndpoint(ctx, this.endpointId), recorded(), taking()]);
      return { outcomes, taken };
    }
    await holdEndpoint(ctx, this.endpointId);
    const outcomes = await recorded();
    if (unbegun.length > 0) await giveBack(ctx, unbegun);
    return { outcomes, taken: await taking() };
  }

  private async persistently<T>(work: (ctx: Ctx) => Promise<T>): Promise<T> {
    for (let tried = 0; ; tried++) {
      try {
        return await this.run(this.session, work);
      } catch (error) {
        const again = RECORD_AGAIN_MS[tried];
        const isPassing = error instanceof DatabaseUnavailable || error instanceof CommitUnknown;
        if (again === undefined || !isPassing) throw error;
        await pause(again);
      }
    }
  }

  private async take(ctx: Ctx, wanted: number, held: readonly Id<'whd'>[]): Promise<Taken[]> {
    const taken = await takeDeliveries(ctx, this.endpointId, wanted, held);
    const [first] = taken;
    // Once for all of a turn, and anew when the endpoint was changed or its secret rotated.
    if (first && first.endpointVersion !== this.credentials?.version)
      this.credentials = { version: first.endpointVersion, read: await credentialsOf(ctx, first) };
    return taken;
  }

  private async renew(): Promise<void> {
    const ids = [...this.ready, ...this.underWay].map(({ id }) => id);
    if (ids.length === 0) return;
    await this.run(this.session, (ctx) => renewLeases(ctx, ids)).catch((error: unknown) =>
      this.ports.report(error, { endpointId: this.endpointId, what: 'leases were not renewed' }),
    );
  }
}

/** One connection for a lane, where the sender keeps any. */
const lineTo = (sender: DeliveryPorts['sender']): WebhookSession =>
  sender.session?.() ?? { send: (request) => sender.send(request), close: () => undefined };

const unread = (): Credentials => {
  throw new Error('The secrets of the endpoint were not read');
};

/** A secret that cannot be opened fails the attempt, which the merchant sees, and not the work of the worker. */
async function credentialsOf(ctx: Ctx, { endpointId: id, headerNames }: Taken): Promise<() => Credentials> {
  try {
    const [secrets, headers] = await Promise.all([
      signingSecrets(ctx, { id }),
      endpointHeaders(ctx, { id, headerNames }),
    ]);
    return () => ({ secrets, headers });
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error;
    return () => {
      throw error;
    };
  }
}
