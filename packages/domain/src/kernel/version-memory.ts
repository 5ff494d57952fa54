import type { Ctx } from './ctx.ts';

interface Remembered<Fact> {
  readonly version: number;
  readonly server: string;
  readonly fact: Fact;
  readonly weight: number;
}

type Reader = Pick<Ctx, 'hasChangedCatalogue' | 'server'>;

/**
 * What a process remembers under a company's catalogue version. Whatever staff write raises the version in its own
 * transaction (`raisesVersion`), and the statement that needs a fact says which version holds for it: so what is found here
 * is what that statement would have read. (Whoever keeps what the clock changes as well looks at the clock himself.) A unit
 * of work that wrote such things itself neither finds nor keeps anything; one on another database server finds nothing that
 * was read from this one. The one that was not used for longest goes first.
 */
export class VersionMemory<Fact> {
  readonly #known = new Map<string, Remembered<Fact>>();
  readonly #weightMax: number;
  readonly #weightOf: (fact: Fact) => number;
  #weight = 0;

  /** Holds facts that weigh `weightMax` in all; without `weightOf` each weighs 1. */
  constructor(weightMax: number, weightOf: (fact: Fact) => number = () => 1) {
    this.#weightMax = weightMax;
    this.#weightOf = weightOf;
  }

  /** What was kept under this key at this version. */
  find(ctx: Reader, key: string, version: number): Fact | undefined {
    const one = this.#known.get(key);
    if (one?.version !== version || one.server !== ctx.server || ctx.hasChangedCatalogue()) return undefined;
    this.#known.delete(key);
    this.#known.set(key, one);
    return one.fact;
  }

  keep(ctx: Reader, key: string, version: number, fact: Fact): void {
    if (ctx.hasChangedCatalogue()) return;
    this.#forget(key);
    const weight = this.#weightOf(fact);
    this.#known.set(key, { version, server: ctx.server, fact, weight });
    this.#weight += weight;
    for (const oldest of this.#known.keys()) {
      if (this.#weight <= this.#weightMax) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#weight -= this.#known.get(key)?.weight ?? 0;
    this.#known.delete(key);
  }
}
