import { setTimeout as pause } from 'node:timers/promises';
import type { Ctx, Run, Session } from '../../kernel/ctx.ts';
import { CommitUnknown, DatabaseUnavailable, UnitOfWorkTimeout } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { attemptDelivery, type Credentials } from './delivery-attempt.ts';
import { credentialsOf } from './delivery-credentials.service.ts';
import { giveBack, renewLeases } from './leases.service.ts';
import { type Attempt, type DeliveryOutcome, recordAttempts, type Tried } from './recording.service.ts';
import { type Door, HELD_MAX, holdEndpoint, LANES, type Taken, takeDeliveries } from './taking.service.ts';
import type { WebhookSender, WebhookSession } from './webhook-sender.ts';

/** Four signs of life in the time of a lease. */
const RENEW_EVERY_MS = 1_500;
/** Half a lease: only what is under way is renewed, and what waited longer than this behind it is given back. */
const READY_MAX_MS = 3_000;
/** Between entries into the books when the database is away: three times as long each time, up to two seconds. */
const AGAIN_MS = 100;
const AGAIN_MAX_MS = 2_000;
/** So many are made in any case. */
const ENTRIES_MIN = 5;
/** For so long attempts are kept for a database that is away; they were made, and should not be made twice. */
const RECORD_FOR_MS = 60_000;
/** A server that takes so long for an answer is given little at a time. */
const SLOW_MS = 1_000;

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

/** Taken, with what it is signed with: that of the address it goes to, whatever becomes of the endpoint meanwhile. */
interface Held {
  readonly taken: Taken;
  readonly read: () => Credentials;
  /** When its lease began, or later. */
  leasedAt: number;
}

/** What one transaction is to write: what has ended, what is given back, and how much may be taken. */
interface Entry {
  readonly tried: readonly Tried[];
  readonly unbegun: readonly Taken[];
  readonly held: readonly Id<'whd'>[];
  readonly wanted: number;
}

interface Entered {
  readonly door: Door;
  readonly outcomes: readonly DeliveryOutcome[];
  readonly taken: readonly Held[];
}

/**
 * Two lanes that send, and books that are kept beside them: one transaction records what has ended meanwhile and takes
 * what comes next, so that fast servers do not wait for the database, nor does it see a transaction for each of them. What
 * was taken and is not begun when something fails, when the endpoint is changed, or when the turn is over, is given back.
 * While the books cannot be kept nothing is begun.
 */
class Delivering {
  private readonly until: number;
  /** Taken, and not begun. */
  private ready: Held[] = [];
  private readonly underWay = new Set<Held>();
  /** Ended, and not recorded. */
  private tried: Tried[] = [];
  /** To be given back. */
  private unbegun: Taken[] = [];
  private books: Promise<void> | undefined;
  private fault: { error: unknown } | undefined;
  /** The last attempts failed, or take long: what comes next is decided when they are recorded, and is little. */
  private isCareful = false;
  /** The books are being kept for the second time, or later. */
  private isAway = false;
  private isEnding = false;
  private isRenewing = false;
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
    const renewing = setInterval(() => void this.tick(), RENEW_EVERY_MS);
    try {
      await this.keepBooks();
      await Promise.all(Array.from({ length: LANES }, () => this.lane()));
      this.isEnding = true;
      // One that is on its way as well: it records, and may bring what nobody will send any more.
      while ((this.books || this.hasNews() || this.ready.length > 0) && !this.fault) await this.keepBooks();
    } finally {
      clearInterval(renewing);
    }
    if (this.fault) throw this.fault.error;
    return this.isOver();
  }

  private isOver(): boolean {
    return performance.now() >= this.until || this.isStopping();
  }

  private isStopping(): boolean {
    return this.turn.isStopping?.() === true;
  }

  private hasNews(): boolean {
    return this.tried.length + this.unbegun.length > 0;
  }

  /** One after the other, over one connection, until nothing more is to be had. */
  private async lane(): Promise<void> {
    const line = lineTo(this.ports.sender);
    try {
      for (let next = await this.next(); next; next = await this.next()) {
        const { taken, read } = next;
        this.underWay.add(next);
        const attempt = await attemptDelivery(line, taken, read, this.ports.report);
        this.underWay.delete(next);
        this.tried.push({ taken, attempt });
        if (isTrouble(attempt)) this.isCareful = true;
        void this.keepBooks(); // others go on meanwhile
      }
    } finally {
      line.close();
    }
  }

  private async next(): Promise<Held | undefined> {
    for (;;) {
      if (this.fault || this.isOver()) return undefined;
      this.dropStale();
      const hasFailed = this.isCareful && this.tried.length > 0;
      const held = hasFailed || this.isAway ? undefined : this.ready.shift();
      if (held) return held;
      const isIdle = this.books === undefined && !this.hasNews();
      if (isIdle) return undefined; // the books were kept after all that ended, and there was nothing to take
      await this.keepBooks();
    }
  }

  /** What waits for its turn for too long is others' to send: nobody renews its lease. */
  private dropStale(): void {
    const oldest = performance.now() - READY_MAX_MS;
    if (this.ready.every(({ leasedAt }) => leasedAt >= oldest)) return;
    this.isCareful = true;
    this.drop();
  }

  private drop(): void {
    this.unbegun.push(...this.ready.splice(0).map(({ taken }) => taken));
  }

  /** One at a time: what ends while one transaction is on its way is for the next. Never rejects. */
  private keepBooks(): Promise<void> {
    this.books ??= this.write()
      .catch((error: unknown) => {
        this.fault ??= { error };
      })
      .finally(() => {
        this.isAway = false;
        this.books = undefined;
        // What ended meanwhile, and nobody waits for.
        if (this.hasNews() && !this.fault && !this.isEnding) void this.keepBooks();
      });
    return this.books;
  }

  private async write(): Promise<void> {
    const { tried } = this;
    this.tried = [];
    const { door, outcomes, taken } = await this.persistently(tried);
    const isOurs = ({ taken: { endpointVersion } }: Held) => door.isOpen && endpointVersion === door.version;
    if (!this.ready.every(isOurs)) this.drop();
    this.ready.push(...taken);
    if (tried.length > 0) this.isCareful = [...tried, ...this.tried].some(({ attempt }) => isTrouble(attempt));
    for (const outcome of outcomes) this.ports.ended?.(outcome);
  }

  /**
   * Makes an entry, again and again while the database is away: for as long as attempts are to be recorded, but not when
   * the process stops. A commit whose answer was lost may have been kept: what it took is given back first.
   */
  private async persistently(tried: readonly Tried[]): Promise<Entered> {
    const begun = performance.now();
    const given: Taken[] = [];
    for (let again = 0; ; again++) {
      if (this.isEnding || this.isCareful || this.isAway || this.isOver()) this.drop();
      given.push(...this.unbegun.splice(0));
      const leasedAt = performance.now();
      let taken: readonly Held[] = [];
      try {
        return await this.run(this.session, async (ctx) => {
          const entered = await this.enter(ctx, this.entry(tried, given), leasedAt);
          ({ taken } = entered);
          return entered;
        });
      } catch (error) {
        const isWorthIt = tried.length + this.tried.length + this.underWay.size > 0 && !this.isStopping();
        const isLate = performance.now() - begun > RECORD_FOR_MS;
        if (!isPassing(error) || isLate || (again + 1 >= ENTRIES_MIN && !isWorthIt)) throw error;
        if (error instanceof CommitUnknown) given.push(...taken.map((one) => one.taken));
        this.isAway = true;
        await pause(Math.min(AGAIN_MS * 3 ** again, AGAIN_MAX_MS));
      }
    }
  }

  private entry(tried: readonly Tried[], unbegun: readonly Taken[]): Entry {
    const inHand = [...this.ready, ...this.underWay].map(({ taken }) => taken);
    // What a worker died with goes alone.
    const isFull = this.isEnding || this.isOver() || inHand.some(({ hasLapsed }) => hasLapsed);
    const wanted = isFull ? 0 : (this.isCareful ? LANES : HELD_MAX) - inHand.length;
    // What has ended, and is not recorded by this, is held as well.
    const ended = this.tried.map(({ taken }) => taken);
    return { tried, unbegun, held: [...inHand, ...ended].map(({ id }) => id), wanted };
  }

  private async enter(ctx: Ctx, { tried, unbegun, held, wanted }: Entry, leasedAt: number): Promise<Entered> {
    const recorded = async () => (tried.length > 0 ? recordAttempts(ctx, this.endpointId, tried) : []);
    const taking = async () => (wanted > 0 ? this.take(ctx, wanted, held, leasedAt) : []);
    const isPlain = tried.every(({ taken, attempt }) => attempt.error === null && !taken.isProbe);
    if (isPlain && unbegun.length === 0) {
      // Nothing is decided between them: sent together, each begins when the one before has ended.
      const [door, outcomes, taken] = await Promise.all([holdEndpoint(ctx, this.endpointId), recorded(), taking()]);
      return { door, outcomes, taken };
    }
    const door = await holdEndpoint(ctx, this.endpointId);
    const outcomes = await recorded();
    if (unbegun.length > 0) await giveBack(ctx, unbegun);
    return { door, outcomes, taken: await taking() };
  }

  private async take(ctx: Ctx, wanted: number, held: readonly Id<'whd'>[], leasedAt: number): Promise<Held[]> {
    const all = await takeDeliveries(ctx, this.endpointId, wanted, held);
    const [first] = all;
    if (!first) return [];
    // Once for all of a turn, and anew when the endpoint was changed or its secret rotated.
    if (first.endpointVersion !== this.credentials?.version)
      this.credentials = { version: first.endpointVersion, read: await credentialsOf(ctx, first) };
    const { read } = this.credentials;
    return all.map((taken) => ({ taken, read, leasedAt }));
  }

  /** Signs of life for what is under way; what waits behind it for too long, or for nothing, is given back. */
  private async tick(): Promise<void> {
    if (this.isOver()) this.drop();
    this.dropStale();
    if (this.unbegun.length > 0 && !this.fault) void this.keepBooks();
    const now = performance.now();
    const aging = [...this.underWay].filter(({ leasedAt }) => now - leasedAt >= RENEW_EVERY_MS);
    if (aging.length === 0 || this.isRenewing) return;
    this.isRenewing = true;
    const renewed = aging.map(({ taken }) => taken);
    try {
      await this.run(this.session, (ctx) => renewLeases(ctx, renewed));
      for (const held of aging) held.leasedAt = now;
    } catch (error) {
      this.ports.report(error, { endpointId: this.endpointId, what: 'leases were not renewed' });
    } finally {
      this.isRenewing = false;
    }
  }
}

const isTrouble = ({ error, durationMs }: Attempt) => error !== null || durationMs >= SLOW_MS;

const isPassing = (error: unknown) =>
  error instanceof DatabaseUnavailable || error instanceof CommitUnknown || error instanceof UnitOfWorkTimeout;

/** One connection for a lane, where the sender keeps any. */
const lineTo = (sender: DeliveryPorts['sender']): WebhookSession =>
  sender.session?.() ?? { send: (request) => sender.send(request), close: () => undefined };
