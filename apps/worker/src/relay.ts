import { type Run, type RunUnscoped, systemSession } from '@souk/domain/kernel/ctx';
import {
  type Consumer,
  companiesWithEvents,
  dispatchEvents,
  type WhichEvents,
  waitingEvents,
} from '@souk/domain/kernel/dispatch';
import { CommitUnknown, DatabaseUnavailable } from '@souk/domain/kernel/errors';
import type { CompanyId, Id } from '@souk/domain/kernel/ids';
import { MasterKeyUnknown } from '@souk/domain/kernel/sealing';
import { MAILED_EVENTS } from '@souk/domain/reach/notifications/notification-rules';
import { announce } from '@souk/domain/reach/notifications/notifications.service';
import { noteUnannounced } from '@souk/domain/reach/notifications/unannounced.service';
import { fanOut } from '@souk/domain/reach/webhooks/fan-out.service';
import type { Loggers } from '@souk/platform/logger';
import { CompanyWalk } from './company-walk.ts';
import { Setbacks } from './setbacks.ts';
import { sideBySide } from './side-by-side.ts';

/** One company's share of a round: whoever has more waits for the others' turn. */
const BATCH = 100;
const COMPANIES_PER_ROUND = 1_000;
const AT_ONCE = 4;
/** An event that has failed so often, half a minute of tries, goes to webhooks alone: whatever is wrong is wrong with its mail. */
const MAILS_TRIED_MAX = 5;
/** In the log of notifications. What exactly went wrong stands in ours: it may name what a merchant has no business with. */
const NOBODY_WRITTEN_TO = 'The event could not be turned into a message. Those who run Souk find the cause in its log.';

export interface RelayParts {
  run: Run;
  /** As the relay role: sees which companies have something waiting, and nothing of it. */
  lookAround: RunUnscoped;
  /** Tells a worker that notifications of this company are due. Never rejects; a ring that is lost is rung again. */
  ring(companyId: CompanyId): Promise<boolean>;
  /** The same for webhooks to one endpoint. */
  ringEndpoint(companyId: CompanyId, endpointId: Id<'wep'>): Promise<boolean>;
  log: Loggers['log'];
  dispatched?(count: number): void;
  /** How many companies a round looks at. */
  companiesPerRound?: number;
  /** For tests. */
  now?(): number;
}

/** Writes the notifications events call for; returns how many are to be sent. */
type Announcing = (ctx: Parameters<Consumer>[0], waiting: Parameters<Consumer>[1]) => Promise<number>;

/**
 * Takes events out of the outbox: which companies have some? For each, inside that company and in one transaction, writes
 * what they call for and stamps them. After the commit it rings. A crash anywhere leaves them waiting, whole.
 */
export class Relay {
  private readonly companies: Setbacks<CompanyId>;
  private readonly events: Setbacks<Id<'evt'>>;
  private readonly walk: CompanyWalk;

  constructor(private readonly parts: RelayParts) {
    const { lookAround, companiesPerRound = COMPANIES_PER_ROUND, now } = parts;
    this.companies = new Setbacks(now);
    this.events = new Setbacks(now);
    this.walk = new CompanyWalk(companiesPerRound, (limit, after) =>
      lookAround((tx) => companiesWithEvents(tx, limit, after)),
    );
  }

  /** One batch of the next companies that have events waiting. Returns whether any were dispatched. */
  async round(): Promise<boolean> {
    const waiting = await this.walk.next();
    const able = waiting.filter((companyId) => !this.companies.isPaused(companyId));
    let count = 0;
    const dispatch = async (companyId: CompanyId) => {
      const dispatched = await this.dispatch(companyId);
      count += dispatched; // not `+= await`: others add to it meanwhile
      this.companies.clear(companyId);
    };
    await sideBySide(able, AT_ONCE, dispatch, (companyId, error) => {
      const failures = this.companies.add(companyId);
      this.parts.log.error(
        { err: error, companyId, failures },
        'the events of a company could not be dispatched; tried again later',
      );
    });
    if (count > 0) this.parts.dispatched?.(count);
    return count > 0;
  }

  private async dispatch(companyId: CompanyId): Promise<number> {
    try {
      return await this.batch(companyId, { max: BATCH, except: this.events.paused() });
    } catch (error) {
      this.parts.log.warn({ err: error, companyId }, 'a batch of events failed; trying them one by one');
      return this.oneByOne(companyId);
    }
  }

  /** One event that fails must not hold up those behind it: it is set aside for a while, and the others go on. */
  private async oneByOne(companyId: CompanyId): Promise<number> {
    const session = systemSession(companyId, 'relay');
    const ids = await this.parts.run(session, (ctx) => waitingEvents(ctx, BATCH, this.events.paused()));
    let count = 0;
    for (const id of ids) {
      try {
        count += await this.batch(companyId, { max: 1, only: id });
      } catch (error) {
        const failures = this.events.add(id);
        this.parts.log.error(
          { err: error, companyId, eventId: id, failures },
          'an event could not be dispatched; it is tried again later',
        );
        if (failures >= MAILS_TRIED_MAX) count += await this.withoutMails(companyId, id, error);
      }
    }
    return count;
  }

  /**
   * Gives webhooks an event whose mails keep failing: strict-order endpoints would wait behind it for ever. That nobody is
   * written to stands in the log of notifications. What waits for a master key goes on waiting for it, and its mails too.
   */
  private async withoutMails(companyId: CompanyId, id: Id<'evt'>, cause: unknown): Promise<number> {
    if (cause instanceof DatabaseUnavailable || cause instanceof CommitUnknown) return 0;
    const isLeftWaiting = cause instanceof MasterKeyUnknown;
    const noted: Announcing = async (ctx, waiting) => {
      if (!isLeftWaiting) await noteUnannounced(ctx, waiting, NOBODY_WRITTEN_TO);
      return 0;
    };
    try {
      const given = await this.batch(companyId, { max: 1, only: id, isLeftWaiting }, noted);
      const what = isLeftWaiting
        ? 'an event goes to webhooks without its mails, which wait until what is sealed in it can be opened'
        : 'an event was dispatched to webhooks alone: the mails it calls for are given up';
      this.parts.log.error({ err: cause, companyId, eventId: id }, what);
      return isLeftWaiting ? 0 : given;
    } catch (error) {
      this.parts.log.error({ err: error, companyId, eventId: id }, 'nor could it be dispatched to webhooks alone');
      return 0;
    }
  }

  private async batch(companyId: CompanyId, which: WhichEvents, write: Announcing = announce): Promise<number> {
    let due = 0;
    let endpoints: Id<'wep'>[] = [];
    const consume: Consumer = async (ctx, waiting) => {
      [due, endpoints] = await Promise.all([write(ctx, waiting), fanOut(ctx, waiting)]);
    };
    const ids = await this.parts.run(
      systemSession(companyId, 'relay'),
      (ctx) => dispatchEvents(ctx, consume, { ...which, dataOf: MAILED_EVENTS }), // webhooks read it when they are sent
    );
    if (!which.isLeftWaiting) for (const id of ids) this.events.clear(id);
    // The next company does not wait for the queue.
    if (due > 0) void this.parts.ring(companyId);
    for (const endpointId of endpoints) void this.parts.ringEndpoint(companyId, endpointId);
    return ids.length;
  }
}
