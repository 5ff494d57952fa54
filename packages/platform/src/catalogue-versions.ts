import type { CompanyId } from '@souk/domain/kernel/ids';

/** A company whose catalogue never changed. */
const NEVER_CHANGED = 0;

type Lookup = (companies: Iterable<CompanyId>) => Promise<ReadonlyMap<CompanyId, number>>;

interface Asked {
  readonly promise: Promise<number>;
  resolve(version: number): void;
  reject(error: unknown): void;
}

/**
 * The present catalogue version of companies, as visitors' requests ask for them: one look-up at a time for all of them
 * together. A request joins only a look-up that begins after it asked, so whatever was saved before is in its answer.
 */
export class CatalogueVersions {
  private waiting = new Map<CompanyId, Asked>();
  private isBusy = false;

  constructor(private readonly lookUp: Lookup) {}

  /** The version now. Rejects when the database cannot be reached. */
  of(companyId: CompanyId): Promise<number> {
    let asked = this.waiting.get(companyId);
    if (!asked) {
      asked = question();
      this.waiting.set(companyId, asked);
      if (!this.isBusy) {
        this.isBusy = true;
        // Not at once: what else has arrived in this turn of the event loop comes along.
        setImmediate(() => void this.work());
      }
    }
    return asked.promise;
  }

  private async work(): Promise<void> {
    while (this.waiting.size > 0) {
      const asked = this.waiting;
      this.waiting = new Map();
      try {
        const versions = await this.lookUp(asked.keys());
        for (const [companyId, { resolve }] of asked) resolve(versions.get(companyId) ?? NEVER_CHANGED);
      } catch (error) {
        for (const { reject } of asked.values()) reject(error);
      }
    }
    this.isBusy = false;
  }
}

function question(): Asked {
  let settle: Omit<Asked, 'promise'> | undefined;
  const promise = new Promise<number>((resolve, reject) => {
    settle = { resolve, reject };
  });
  if (!settle) throw new Error('A promise runs its function at once');
  return { promise, ...settle };
}
