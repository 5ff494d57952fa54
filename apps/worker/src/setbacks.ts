const FIRST_PAUSE_MS = 1_000;
const PAUSE_MS_MAX = 300_000;
/** What has not failed again for this long after its pause is well, gone, or done by another worker. */
const REMEMBERED_MS = 600_000;
/** Above this the oldest are forgotten, and tried again early. */
const KNOWN_MAX = 1_000;

interface Setback {
  failures: number;
  until: number;
}

/** Which things failed lately and when each may be tried again. A pause doubles with every failure, up to five minutes. */
export class Setbacks<Key> {
  /** The one that failed last comes last. */
  private readonly known = new Map<Key, Setback>();

  constructor(private readonly now: () => number = Date.now) {}

  /** How many things are remembered. */
  get size(): number {
    return this.known.size;
  }

  /** Takes down a failure; returns how many there were in a row. */
  add(key: Key): number {
    const failures = (this.known.get(key)?.failures ?? 0) + 1;
    this.known.delete(key);
    this.known.set(key, { failures, until: this.now() + Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), PAUSE_MS_MAX) });
    this.forget();
    return failures;
  }

  /** It went well. */
  clear(key: Key): void {
    this.known.delete(key);
  }

  isPaused(key: Key): boolean {
    return (this.known.get(key)?.until ?? 0) > this.now();
  }

  /** All that are not to be tried now. */
  paused(): Key[] {
    return [...this.known.keys()].filter((key) => this.isPaused(key));
  }

  private forget(): void {
    const long = this.now() - REMEMBERED_MS;
    for (const [key, { until }] of this.known) {
      if (until > long && this.known.size <= KNOWN_MAX) return;
      this.known.delete(key);
    }
  }
}
