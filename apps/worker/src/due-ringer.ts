import type { RunUnscoped } from '@souk/domain/kernel/ctx';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { companiesWithDueNotifications } from '@souk/domain/reach/notifications/notifications.service';
import { CompanyWalk } from './company-walk.ts';

const COMPANIES_PER_ROUND = 1_000;

export interface DueRingerParts {
  /** As the relay role. */
  lookAround: RunUnscoped;
  /** Whether the ring was taken. */
  ring(companyId: CompanyId): Promise<boolean>;
  /** How many companies a round looks at. */
  companiesPerRound?: number;
}

/** Rings for everything that is due: for second attempts, and for rings that were lost with the queue. */
export class DueRinger {
  private readonly walk: CompanyWalk;

  constructor(private readonly parts: DueRingerParts) {
    const { lookAround, companiesPerRound = COMPANIES_PER_ROUND } = parts;
    this.walk = new CompanyWalk(companiesPerRound, (limit, after) =>
      lookAround((tx) => companiesWithDueNotifications(tx, limit, after)),
    );
  }

  async round(): Promise<boolean> {
    for (const companyId of await this.walk.next()) {
      const wasTaken = await this.parts.ring(companyId);
      if (!wasTaken) break; // the queue is away: no need to learn that once for every company
    }
    return false;
  }
}
