import { setTimeout as pause } from 'node:timers/promises';
import type { Run, Session } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import { firstIdAt, timeOfId } from '../../kernel/id-time.ts';
import { type CompanyId, type Id, idOf } from '../../kernel/ids.ts';
import { eventBody } from './event-body.ts';
import { TooManyStreams } from './event-log.errors.ts';
import { eventIdsAfter, eventsNamed, mayStillListen } from './event-log.service.ts';
import { typesCoveredBy } from './event-patterns.ts';

/**
 * How long after its id was made an event may still appear: ten seconds that a unit of work may take, and twenty by which
 * the clocks of the machines that make ids may differ.
 */
export const LATE_MS = 30_000;
/** Streams of one company at once, in one process. */
export const STREAMS_MAX = 5;
const AT_ONCE = 500;
/** Pages that one look reads before it rests: the half minute of a busy company is many. */
const PAGES_AT_ONCE = 20;
/** A look is followed by a rest of this many times what it cost the database, so that a listener takes a small share. */
const REST_FACTOR = 10;
/** How often it is asked whether the process stops or a stream's time is over, also while nobody reads from it. */
const OVER_CHECK_MS = 500;
/** What is over may still be read to its end this long. */
const GRACE_MS = 1_000;

/** How events are watched. Milliseconds. */
export interface Watching {
  /** Between two looks: short after news, and longer and longer while there is none. */
  readonly pollMs: { readonly least: number; readonly most: number };
  /** Silence after which a comment is sent, so that nobody in between takes the connection for dead. */
  readonly heartbeatMs: number;
  /** How often it is asked whether the listener still may. */
  readonly standingMs: number;
  readonly lifeMs: number;
}

export const WATCHING: Watching = {
  pollMs: { least: 100, most: 500 },
  heartbeatMs: 15_000,
  standingMs: 5_000,
  lifeMs: 10 * 60_000,
};

export interface WatchRequest {
  /** Patterns; undefined: all types. */
  readonly types: readonly string[] | undefined;
  /** The event a listener had last: what came since is told first. */
  readonly lastEventId: string | undefined;
}

const openStreams = new Map<CompanyId, number>();

/** The pieces of a stream, in the form of server-sent events. */
export interface Watched extends AsyncIterableIterator<string> {
  /** Aborted when the stream ended and whoever reads it had time to take the rest: what hangs then is to be cut off. */
  readonly over: AbortSignal;
}

/**
 * The events of a company as server-sent events, as they come: `id` the event's, `event` its type, `data` what a webhook's
 * body would be. No transaction is open in between. At least once: what was made in the half minute before `lastEventId`
 * comes again. It ends when the listener may not listen any more, when `isStopping` says so, and after ten minutes; a
 * client then connects again. Throws `TooManyStreams` and `InvalidInput` before anything is sent.
 */
export function watchEvents(
  run: Run,
  session: Session,
  { types, lastEventId }: WatchRequest,
  { watching = WATCHING, isStopping = () => false }: { watching?: Watching; isStopping?: () => boolean } = {},
): Watched {
  const last = lastEventId === undefined ? undefined : eventIdIn(lastEventId);
  const place = takePlace(session.companyId, watching.lifeMs, isStopping);
  const news = new News(run, session, types?.includes('*') ? undefined : types && typesCoveredBy(types), last);
  const told = tell(news, watching, () => place.ended.aborted || isStopping(), place.ended);
  // Not the generator itself: one that nobody began to read is ended without a word, and its place would stay taken.
  return {
    over: place.over,
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const next = await told.next().catch((error: unknown) => {
        place.end();
        throw error;
      });
      if (next.done) place.end();
      return next;
    },
    return() {
      place.end();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}

/**
 * One of the company's places, until `end`, the end of its time or of the process. A clock sees to that and not the stream
 * itself, which waits for its reader and would wait for ever for one that stopped reading. Throws `TooManyStreams`.
 */
function takePlace(companyId: CompanyId, lifeMs: number, isStopping: () => boolean) {
  const leave = enter(companyId);
  const [ended, over] = [new AbortController(), new AbortController()];
  const begun = Date.now();
  const clock = setInterval(
    () => (isStopping() || Date.now() - begun >= lifeMs) && end(),
    Math.min(OVER_CHECK_MS, lifeMs),
  );
  clock.unref();
  function end() {
    if (ended.signal.aborted) return;
    clearInterval(clock);
    leave();
    ended.abort();
    setTimeout(() => over.abort(), GRACE_MS).unref();
  }
  return { ended: ended.signal, over: over.signal, end };
}

async function* tell(
  news: News,
  { pollMs, heartbeatMs, standingMs }: Watching,
  isOver: () => boolean,
  signal: AbortSignal,
): AsyncGenerator<string, undefined> {
  let askedAt = Date.now();
  const goesOn = async () => {
    if (isOver()) return false;
    if (Date.now() - askedAt < standingMs) return true;
    const may = await news.mayGoOn();
    askedAt = Date.now();
    return may;
  };
  // Whoever has the first line is told what happens from then on.
  if (!(await news.begin(goesOn))) return;
  yield 'retry: 1000\n\n';
  let saidAt = Date.now();
  let idleMs = pollMs.least;
  while (await goesOn()) {
    let isNews = false;
    for await (const piece of news.look(goesOn)) {
      yield piece;
      isNews = true;
    }
    const now = Date.now();
    if (isNews) saidAt = now;
    else if (now - saidAt >= heartbeatMs) {
      yield ': still there\n\n';
      saidAt = now;
    }
    idleMs = isNews ? pollMs.least : Math.min(idleMs * 1.5, pollMs.most);
    const restMs = Math.min(news.costMs * REST_FACTOR, heartbeatMs);
    await pause(Math.max(idleMs, restMs), undefined, { ref: false, signal }).catch(() => undefined); // ended meanwhile
  }
}

/**
 * What a listener has not heard yet. An id is made before its transaction commits, so an event may appear behind others
 * that were told already, and "all ids above the last" would lose it. Hence no place is kept but a time: up to it all is
 * settled, and every look reads all ids after it and tells those it did not tell before. An event appears at most `LATE_MS`
 * after its id was made, so what a look at some moment did not show with an id older than that will never come. (Bounds by
 * transaction ids, `pg_snapshot_xmin`, would be exact, and mean nothing on a cluster of several nodes or after a restore.)
 * What is more than one look takes is read in a round of several, and settled by the time at which the round began.
 */
class News {
  private settledMs: number;
  /** What was told of that which is not settled. */
  private readonly told = new Map<Id<'evt'>, number>();
  private round: { readonly begunAt: number; after: Id<'evt'> } | undefined;
  /** How long the last look was at the database; not how long its reader took. Milliseconds. */
  costMs = 0;
  private readonly isResumed: boolean;

  constructor(
    private readonly run: Run,
    private readonly session: Session,
    private readonly types: readonly string[] | undefined,
    last: Id<'evt'> | undefined,
  ) {
    this.isResumed = last !== undefined;
    this.settledMs = (last ? timeOfId(last) : Date.now()) - LATE_MS;
    if (last) this.told.set(last, timeOfId(last));
  }

  /** Whether there is anything to tell them: they may have lost the right since their token was made. */
  async begin(goesOn: () => Promise<boolean>): Promise<boolean> {
    if (!(await this.mayGoOn())) return false;
    if (this.isResumed) return true;
    // Without an event to go on from, what is there already was never asked for.
    do
      for await (const _ of this.look(goesOn, { isSilent: true })); // nothing comes of it
    while (this.round && (await goesOn()));
    return true;
  }

  /** What is new since the last look, in pieces: as many pages as one look takes, while `goesOn`, asked before each piece. */
  async *look(goesOn: () => Promise<boolean>, { isSilent = false } = {}): AsyncGenerator<string, undefined> {
    this.round ??= { begunAt: Date.now(), after: firstIdAt('evt', this.settledMs) };
    const { round } = this;
    const unsettledMs = round.begunAt - LATE_MS;
    this.costMs = 0;
    for (let pages = 0; pages < PAGES_AT_ONCE; pages++) {
      if (!(await goesOn())) return;
      const { ids, rows } = await this.page(round.after, isSilent);
      for (const row of rows) {
        if (!(await goesOn())) return;
        yield `id: ${row.id}\nevent: ${row.type}\ndata: ${eventBody(row)}\n\n`;
      }
      for (const id of ids) if (timeOfId(id) >= unsettledMs) this.told.set(id, timeOfId(id));
      round.after = ids.at(-1) ?? round.after;
      if (ids.length < AT_ONCE) {
        this.settle(unsettledMs);
        return;
      }
    }
  }

  private settle(untilMs: number): void {
    this.round = undefined;
    this.settledMs = Math.max(this.settledMs, untilMs);
    for (const [id, at] of this.told) if (at < this.settledMs) this.told.delete(id);
  }

  mayGoOn(): Promise<boolean> {
    return this.run(this.session, mayStillListen);
  }

  private async page(after: Id<'evt'>, isSilent: boolean) {
    const begun = performance.now();
    const page = await this.run(this.session, async (ctx) => {
      const ids = await eventIdsAfter(ctx, after, { types: this.types, limit: AT_ONCE });
      const untold = isSilent ? [] : ids.filter((id) => !this.told.has(id));
      return { ids, rows: untold.length === 0 ? [] : await eventsNamed(ctx, untold) };
    });
    this.costMs += performance.now() - begun;
    return page;
  }
}

function eventIdIn(header: string): Id<'evt'> {
  const parsed = idOf('evt').safeParse(header);
  if (parsed.success) return parsed.data;
  const message = 'Expected the id of an event, as the stream gave it in `id`.';
  throw new InvalidInput({ pointer: 'Last-Event-ID', code: 'invalid_last_event_id', message });
}

/** Takes one of the company's places; gives what frees it again, once. */
function enter(companyId: CompanyId): () => void {
  const open = openStreams.get(companyId) ?? 0;
  if (open >= STREAMS_MAX) throw new TooManyStreams(STREAMS_MAX);
  openStreams.set(companyId, open + 1);
  let isIn = true;
  return () => {
    if (!isIn) return;
    isIn = false;
    const left = (openStreams.get(companyId) ?? 1) - 1;
    if (left > 0) openStreams.set(companyId, left);
    else openStreams.delete(companyId);
  };
}
