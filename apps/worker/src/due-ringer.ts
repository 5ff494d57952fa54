import type { RunUnscoped } from '@souk/domain/kernel/ctx';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { companiesWithDueNotifications } from '@souk/domain/reach/notifications/notifications.service';

const COMPANIES_PER_ROUND = 1_000;

export interface DueRingerParts {
  /** As the relay role. */
  lookAround: RunUnscoped;
  /** Whether the ring was taken. */
  ring(companyId: CompanyId): Promise<boolean>;
}

/** Rings for everything that is due: for second attempts, and for rings that were lost with the queue. */
export class DueRinger {
  constructor(private readonly parts: DueRingerParts) {}

  async round(): Promise<boolean> {
    const due = await this.parts.lookAround((tx) => companiesWithDueNotifications(tx, COMPANIES_PER_ROUND));
    for (const companyId of due) {
      const wasTaken = await this.parts.ring(companyId);
      if (!wasTaken) break; // the queue is away: no need to learn that once for every company
    }
    return false;
  }
}
