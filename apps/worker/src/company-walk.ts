import type { CompanyId } from '@souk/domain/kernel/ids';

/** Finds companies with something waiting, by id, from the one behind `after` on. */
export type LookForCompanies = (limit: number, after: CompanyId | undefined) => Promise<CompanyId[]>;

/**
 * Walks through the companies that have something waiting, a stretch at a time: each begins where the last one ended, and
 * begins anew after the end. However many companies fail or wait, each has its turn.
 */
export class CompanyWalk {
  private after: CompanyId | undefined;

  constructor(
    private readonly limit: number,
    private readonly look: LookForCompanies,
  ) {}

  /** The next stretch, no company in it twice. Shorter than `limit` only when no other company has something waiting. */
  async next(): Promise<CompanyId[]> {
    const begin = this.after;
    const ahead = await this.look(this.limit, begin);
    const isEnd = ahead.length < this.limit;
    const anew = isEnd && begin !== undefined ? await this.look(this.limit - ahead.length, undefined) : [];
    // What lies behind `begin` was looked at just now.
    const stretch = [...ahead, ...anew.filter((companyId) => begin !== undefined && companyId <= begin)];
    this.after = stretch.length < this.limit ? undefined : stretch.at(-1);
    return stretch;
  }
}
