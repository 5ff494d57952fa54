import { setTimeout as pause } from 'node:timers/promises';

const GIVE_UP_MS = 60_000;

/** What became of one request. */
export interface Sent {
  /** Milliseconds since the epoch. */
  readonly at: number;
  ms: number;
  /** 0: there was no answer, or it broke off. */
  status: number;
  /** Why there was none: `ECONNREFUSED` is a door that was closed, everything else a request that got lost. */
  fault: string | undefined;
  what: string;
}

export interface Request {
  what: string;
  url: string;
  init?: RequestInit;
}

export interface Pace {
  perSecond: number;
  /** So many wait for their answers at most: beyond that the pace is the server's. */
  atOnce: number;
}

/** Requests at an even pace, as many strangers send them. */
export class SteadyLoad {
  readonly all: Sent[] = [];
  private readonly open = new Set<Promise<void>>();
  private isOver = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly pace: Pace,
    private readonly next: (count: number) => Request,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Sends no more and waits for all answers. */
  async stop(): Promise<readonly Sent[]> {
    this.isOver = true;
    await this.running;
    await Promise.all(this.open);
    return this.all;
  }

  /** How many wait for their answer. */
  get inFlight(): number {
    return this.open.size;
  }

  private async run(): Promise<void> {
    const { perSecond, atOnce } = this.pace;
    let due = performance.now();
    for (let count = 0; !this.isOver; count++) {
      // What could not be sent in time is not made up for.
      due = Math.max(due + 1_000 / perSecond, performance.now());
      await pause(due - performance.now());
      while (this.open.size >= atOnce) await Promise.race(this.open);
      if (this.isOver) return;
      const sending = this.send(this.next(count));
      this.open.add(sending);
      sending.finally(() => this.open.delete(sending)).catch(() => undefined); // `send` does not reject
    }
  }

  private async send({ what, url, init }: Request): Promise<void> {
    const sent: Sent = { at: Date.now(), ms: 0, status: 0, fault: undefined, what };
    this.all.push(sent);
    try {
      const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(GIVE_UP_MS) });
      await answer.arrayBuffer();
      sent.status = answer.status;
    } catch (error) {
      sent.fault = faultOf(error);
    }
    sent.ms = Date.now() - sent.at;
  }
}

function faultOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown; errors?: { code?: unknown }[] } };
  return String(cause?.code ?? cause?.errors?.[0]?.code ?? error);
}

/** How many there were of each outcome: by status, or by fault. */
export function tally(all: readonly Sent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, fault } of all) {
    const kind = fault ?? String(status);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** The slowest of these, in milliseconds. */
export const slowest = (all: readonly Sent[]) => all.reduce((most, { ms }) => Math.max(most, ms), 0);
