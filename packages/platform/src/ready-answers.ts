import type { CompanyId } from '@souk/domain/kernel/ids';
import type { ReadyAnswer } from './http/cacheable.ts';
import { StandingCache, type StandingCacheOptions } from './standing-cache.ts';

/**
 * Answers that are the same for every visitor of a company, kept as the bytes that are sent. Believed as long as a
 * standing, and dropped with it: whatever they show must be written by units of work that `touch()`. One per process.
 */
export class ReadyAnswers {
  private readonly cache: StandingCache<ReadyAnswer>;

  constructor(options?: StandingCacheOptions) {
    this.cache = new StandingCache(options);
  }

  /** The answer a route (`name`) gives to this company's visitors, made by `make` if it is not fresh. */
  async of(companyId: CompanyId, name: string, make: () => Promise<ReadyAnswer>): Promise<ReadyAnswer> {
    const key = `${companyId}|${name}`;
    const answer = this.cache.peek(key) ?? (await this.cache.get(companyId, key, make));
    if (!answer) throw new Error(`No answer was made for ${name}`);
    return answer;
  }

  /** A company changed something. */
  drop(companyId: CompanyId): void {
    this.cache.drop(companyId);
  }

  /** News may have been missed: believe nothing. */
  clear(): void {
    this.cache.clear();
  }
}
