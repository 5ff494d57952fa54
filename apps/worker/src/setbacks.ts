const FIRST_PAUSE_MS = 1_000;
const PAUSE_MS_MAX = 300_000;

/** Which things failed lately and when each may be tried again. A pause doubles with every failure, up to five minutes. */
export class Setbacks<Key> {
  private readonly known = new Map<Key, { failures: number; until: number }>();

  constructor(private readonly now: () => number = Date.now) {}

  /** Takes down a failure; returns how many there were in a row. */
  add(key: Key): number {
    const failures = (this.known.get(key)?.failures ?? 0) + 1;
    this.known.set(key, { failures, until: this.now() + Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), PAUSE_MS_MAX) });
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
}
