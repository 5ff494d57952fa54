import { type RunUnscoped, type Session, systemSession, type Tx } from '@souk/domain/kernel/ctx';
import type { CompanyId } from '@souk/domain/kernel/ids';
import type { Loggers } from '@souk/platform/logger';
import { CompanyWalk } from './company-walk.ts';
import { Setbacks } from './setbacks.ts';
import { sideBySide } from './side-by-side.ts';

const COMPANIES_PER_ROUND = 1_000;

/** Work that lies in rows: which companies have some, and how one share of it is done. */
export interface CompanyWorkKind {
  /** Names the loop, and the actor in the audit log. */
  readonly name: string;
  /** Companies with something due, by id, from the one behind `after` on. Asked as the relay role. */
  companiesDue(tx: Tx, limit: number, after: CompanyId | undefined): Promise<CompanyId[]>;
  /**
   * One share of a company's work: seconds at most, for others wait. Says whether there is more to do at once. What is
   * taken is leased in its row, so that a worker that dies delays it and two workers never do it twice.
   */
  share(session: Session): Promise<boolean>;
  /** Companies served side by side. */
  readonly atOnce: number;
}

export interface CompanyWorkParts {
  /** As the relay role. */
  lookAround: RunUnscoped;
  log: Loggers['log'];
  /** How many companies a round looks at. */
  companiesPerRound?: number;
  /** True: the process is going down, begin with no other company. */
  isStopping?(): boolean;
}

/** Does one kind of work for every company that has some: a share each, in turn. One that fails is let be for a while. */
export class CompanyWork {
  private readonly setbacks = new Setbacks<CompanyId>();
  private readonly walk: CompanyWalk;
  private readonly companiesPerRound: number;

  constructor(
    private readonly kind: CompanyWorkKind,
    private readonly parts: CompanyWorkParts,
  ) {
    this.companiesPerRound = parts.companiesPerRound ?? COMPANIES_PER_ROUND;
    this.walk = new CompanyWalk(this.companiesPerRound, (limit, after) =>
      parts.lookAround((tx) => kind.companiesDue(tx, limit, after)),
    );
  }

  /** One share for each of the next companies that have work. Returns whether there is more that can be done now. */
  async round(): Promise<boolean> {
    const { kind, parts, setbacks } = this;
    const waiting = await this.walk.next();
    const isFull = waiting.length === this.companiesPerRound;
    let hasMore = false;
    const serve = async (companyId: CompanyId) => {
      if (parts.isStopping?.()) return;
      const isLeft = await kind.share(systemSession(companyId, kind.name));
      if (isLeft || isFull) hasMore = true;
      setbacks.clear(companyId);
    };
    const able = waiting.filter((companyId) => !setbacks.isPaused(companyId));
    await sideBySide(able, kind.atOnce, serve, (companyId, error) => {
      const failures = setbacks.add(companyId);
      // Once may be another worker that was faster. More is trouble.
      parts.log[failures === 1 ? 'info' : 'error'](
        { err: error, companyId, work: kind.name, failures },
        'a share of work failed; tried again later',
      );
    });
    return hasMore && !parts.isStopping?.();
  }
}
