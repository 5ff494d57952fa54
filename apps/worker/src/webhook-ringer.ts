import type { RunUnscoped } from '@souk/domain/kernel/ctx';
import type { CompanyId, Id } from '@souk/domain/kernel/ids';
import { type EndpointPlace, endpointsDue } from '@souk/domain/reach/webhooks/due-endpoints.service';

const ENDPOINTS_PER_ROUND = 1_000;

export interface WebhookRingerParts {
  /** As the relay role. */
  lookAround: RunUnscoped;
  /** Whether the ring was taken. */
  ringEndpoint(companyId: CompanyId, endpointId: Id<'wep'>): Promise<boolean>;
  /** Told how long the oldest webhook that could be sent has been waiting, in seconds. */
  waiting?(seconds: number): void;
  /** How many endpoints a round looks at. */
  endpointsPerRound?: number;
}

/**
 * Rings for every endpoint that something is due at: for second attempts, for what a pause held back, and for rings that
 * were lost with the queue. A stretch of endpoints a round; each begins where the last one ended, so each has its turn.
 */
export class WebhookRinger {
  private after: EndpointPlace | undefined;
  private longest = 0;

  constructor(private readonly parts: WebhookRingerParts) {}

  async round(): Promise<boolean> {
    const { lookAround, ringEndpoint, waiting, endpointsPerRound = ENDPOINTS_PER_ROUND } = this.parts;
    const { due, last } = await lookAround((tx) => endpointsDue(tx, endpointsPerRound, this.after));
    this.longest = Math.max(this.longest, ...due.map(({ waitingSeconds }) => waitingSeconds));
    if (!last) {
      waiting?.(this.longest);
      this.longest = 0;
    }
    this.after = last;
    for (const { companyId, endpointId } of due) {
      const wasTaken = await ringEndpoint(companyId, endpointId);
      if (!wasTaken) break; // the queue is away: no need to learn that once for every endpoint
    }
    return last !== undefined;
  }
}
