import type { KeyClaims } from '@souk/domain/identity/api-keys/key-form';
import type { CompanyId } from '@souk/domain/kernel/ids';

const READ_MAX = 1_000;

/**
 * What was read out of the keys that come all the time, so that a checksum and a hash are not computed for each request.
 * Reading depends on the text alone, so nothing here goes stale; but it is the text of keys, so it stays no longer than it
 * is of use: only of keys that proved good, and until something changes in their company. One per process.
 */
export class KeyMemory {
  private readonly read = new Map<string, KeyClaims>();
  private readonly lookedUp = new Set<string>();

  /** What this key claims, if it proved good before. */
  claimsOf(key: string): KeyClaims | undefined {
    return this.read.get(key);
  }

  /** The key proved good. */
  remember(key: string, claims: KeyClaims): void {
    if (this.read.size >= READ_MAX) this.read.clear();
    this.read.set(key, claims);
  }

  /** The key is not good any more. */
  forget(key: string): void {
    this.read.delete(key);
  }

  /** A company changed who may do what: one of its keys may be gone. */
  drop(companyId: CompanyId): void {
    for (const [key, claims] of this.read) {
      if (claims.companyId === companyId) this.read.delete(key);
    }
  }

  /** News may have been missed. */
  clear(): void {
    this.read.clear();
  }

  /** A look-up of this key is under way, and whoever comes now waits for the same one. */
  isLookedUp({ hash }: KeyClaims): boolean {
    return this.lookedUp.has(hash);
  }

  /** Marks a look-up as under way until it ends. */
  async during<T>({ hash }: KeyClaims, lookUp: Promise<T>): Promise<T> {
    this.lookedUp.add(hash);
    try {
      return await lookUp;
    } finally {
      this.lookedUp.delete(hash);
    }
  }
}
