import type { CompanyId } from '@souk/domain/kernel/ids';

/** How long a known standing is believed, counted from the start of its load: the bound of revocation without Redis. */
export const FRESH_MS = 5_000;
/** How long "there is no such key" is believed: a key made a moment ago must not be refused for long. */
export const NEGATIVE_MS = 1_000;
const ENTRIES_MAX = 10_000;

interface Entry<Standing> {
  readonly companyId: CompanyId;
  readonly value: Standing | undefined;
  readonly goodUntil: number;
}

export interface StandingCacheOptions {
  freshMs?: number;
  negativeMs?: number;
  /** Entries of each kind, known and unknown; the one loaded first goes first, and it would have ended first as well. */
  max?: number;
  now?: () => number;
}

/**
 * What a credential is worth, or a company's ready answer, remembered for seconds. One load at a time for each entry;
 * what a company changed is forgotten at once (`drop`), and a load that began before the change is not kept.
 */
export class StandingCache<Standing> {
  private readonly known = new Map<string, Entry<Standing>>();
  // Apart, so that a flood of made-up keys pushes out no real one.
  private readonly unknown = new Map<string, Entry<Standing>>();
  private readonly loading = new Map<string, Promise<Standing | undefined>>();
  private readonly namesOf = new Map<CompanyId, Set<string>>();
  private readonly freshMs: number;
  private readonly negativeMs: number;
  private readonly max: number;
  private readonly now: () => number;

  constructor({
    freshMs = FRESH_MS,
    negativeMs = NEGATIVE_MS,
    max = ENTRIES_MAX,
    now = Date.now,
  }: StandingCacheOptions = {}) {
    this.freshMs = freshMs;
    this.negativeMs = negativeMs;
    this.max = max;
    this.now = now;
  }

  /** The standing if it is known and fresh, without any work. */
  peek(name: string): Standing | undefined {
    const entry = this.known.get(name);
    return entry && entry.goodUntil > this.now() ? entry.value : undefined;
  }

  /**
   * The standing under a name of this company, loaded if it is not fresh. `undefined`: there is none. What `load` throws
   * reaches everybody who waits for it and is not remembered.
   */
  get(companyId: CompanyId, name: string, load: () => Promise<Standing | undefined>): Promise<Standing | undefined> {
    const now = this.now();
    const entry = this.known.get(name) ?? this.unknown.get(name);
    if (entry && entry.goodUntil > now) return Promise.resolve(entry.value);
    const running = this.loading.get(name);
    if (running) return running;
    const mine: Promise<Standing | undefined> = load()
      .then((value) => {
        if (this.loading.get(name) === mine) this.keep(companyId, name, value, now);
        return value;
      })
      .finally(() => {
        if (this.loading.get(name) === mine) this.loading.delete(name);
        this.tidy(companyId, name);
      });
    this.loading.set(name, mine);
    this.namesIn(companyId).add(name);
    return mine;
  }

  /**
   * The standing looked up anew, whatever is remembered or just being loaded: a load that began earlier may have missed a
   * change. What it finds is remembered.
   */
  getAnew(
    companyId: CompanyId,
    name: string,
    load: () => Promise<Standing | undefined>,
  ): Promise<Standing | undefined> {
    this.known.delete(name);
    this.unknown.delete(name);
    this.leaveLoads(name);
    return this.get(companyId, name, load);
  }

  /** The next `get` does not wait for a load that is under way, and what that one finds is not kept. */
  leaveLoads(name: string): void {
    this.loading.delete(name);
  }

  /** Forgets all that is known of a company, and all that is just being loaded. */
  drop(companyId: CompanyId): void {
    for (const name of this.namesOf.get(companyId) ?? []) {
      this.known.delete(name);
      this.unknown.delete(name);
      this.loading.delete(name);
    }
    this.namesOf.delete(companyId);
  }

  /** Forgets what is known of a company, or just being loaded, under names that begin so. */
  dropBeginning(companyId: CompanyId, beginning: string): void {
    for (const name of [...(this.namesOf.get(companyId) ?? [])]) {
      if (!name.startsWith(beginning)) continue;
      this.known.delete(name);
      this.unknown.delete(name);
      this.loading.delete(name);
      this.tidy(companyId, name);
    }
  }

  /** Forgets everything: news may have been missed. */
  clear(): void {
    for (const companyId of [...this.namesOf.keys()]) this.drop(companyId);
  }

  /** Entries remembered, known and unknown; for the metrics. */
  get size(): number {
    return this.known.size + this.unknown.size;
  }

  private keep(companyId: CompanyId, name: string, value: Standing | undefined, startedAt: number): void {
    const [here, elsewhere] = value === undefined ? [this.unknown, this.known] : [this.known, this.unknown];
    elsewhere.delete(name);
    here.delete(name);
    const oldest = here.size < this.max ? undefined : here.entries().next().value;
    if (oldest) {
      here.delete(oldest[0]);
      this.tidy(oldest[1].companyId, oldest[0]);
    }
    const lifeMs = value === undefined ? this.negativeMs : this.freshMs;
    here.set(name, { companyId, value, goodUntil: startedAt + lifeMs });
  }

  private namesIn(companyId: CompanyId): Set<string> {
    const names = this.namesOf.get(companyId) ?? new Set();
    this.namesOf.set(companyId, names);
    return names;
  }

  private tidy(companyId: CompanyId, name: string): void {
    if (this.known.has(name) || this.unknown.has(name) || this.loading.has(name)) return;
    const names = this.namesOf.get(companyId);
    names?.delete(name);
    if (names?.size === 0) this.namesOf.delete(companyId);
  }
}
