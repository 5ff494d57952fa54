import type { Heard } from './shopper.ts';

const SAID_MAX = 20;

/** What clients saw while things broke: counts, and everything that must not be. */
export class ChaosRecord {
  readonly counts: Record<string, number> = {};
  /** Answers and rows that are wrong whatever broke. */
  readonly wrongs: string[] = [];
  /** The longest a client waited for an answer or for the end of the line. */
  slowestMs = 0;
  private readonly begun = Date.now();

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  wrong(what: string): void {
    if (this.wrongs.length < SAID_MAX) this.wrongs.push(`${this.seconds()} s: ${what}`);
  }

  seconds(): string {
    return ((Date.now() - this.begun) / 1_000).toFixed(1);
  }

  /** Counts an answer; one that is our fault is wrong, for what is broken here has a name: 503. */
  heard(what: string, { status, text }: Heard, ms: number): void {
    this.count(String(status));
    this.slowestMs = Math.max(this.slowestMs, ms);
    if (status >= 500 && status !== 503) this.wrong(`${what} was answered ${status}: ${text.slice(0, 300)}`);
  }

  lost(ms: number): void {
    this.count('no answer');
    this.slowestMs = Math.max(this.slowestMs, ms);
  }
}
