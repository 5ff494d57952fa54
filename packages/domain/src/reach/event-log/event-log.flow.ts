import { setTimeout } from 'node:timers/promises';
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
): AsyncIterableIterator<string> {
  const last = lastEventId === undefined ? undefined : eventIdIn(lastEventId);
  const leave = enter(session.companyId);
  const ended = new AbortController();
  const end = () => {
    leave();
    ended.abort();
  };
  const news = new News(run, session, types?.includes('*') ? undefined : types && typesCoveredBy(types), last);
  const told = tell(news, watching, () => ended.signal.aborted || isStopping(), ended.signal);
  // Not the generator itself: one that nobody began to read is ended without a word, and its place would stay taken.
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const next = await told.next().catch((error: unknown) => {
        end();
        throw error;
      });
      if (next.done) end();
      return next;
    },
    return() {
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}

async function* tell(
  news: News,
  { pollMs, heartbeatMs, standingMs, lifeMs }: Watching,
  isOver: () => boolean,
  signal: AbortSignal,
): AsyncGenerator<string, undefined> {
  // Whoever has the first line is told what happens from then on.
  await news.begin();
  yield 'retry: 1000\n\n';
  const begun = Date.now();
  let saidAt = begun;
  let askedAt = begun;
  let pauseMs = pollMs.least;
  while (!isOver() && Date.now() - begun < lifeMs) {
    let isNews = false;
    for await (const piece of news.look()) {
      if (isOver()) return;
      yield piece;
      isNews = true;
    }
    const now = Date.now();
    if (isNews) saidAt = now;
    else if (now - saidAt >= heartbeatMs) {
      yield ': still there\n\n';
      saidAt = now;
    }
    if (now - askedAt >= standingMs) {
      if (!(await news.mayGoOn())) return;
      askedAt = now;
    }
    pauseMs = isNews ? pollMs.least : Math.min(pauseMs * 1.5, pollMs.most);
    await setTimeout(pauseMs, undefined, { ref: false, signal }).catch(() => undefined); // ended meanwhile
  }
}

/**
 * What a listener has not heard yet. An id is made before its transaction commits, so an event may appear behind others
 * that were told already, and "all ids above the last" would lose it. Hence no place is kept but a time: up to it all is
 * settled, and every look reads all ids after it and tells those it did not tell before. An event appears at most `LATE_MS`
 * after its id was made, so what a look at some moment did not show with an id older than that will never come. (Bounds by
 * transaction ids, `pg_snapshot_xmin`, would be exact, and mean nothing on a cluster of several nodes or after a restore.)
 */
class News {
  private settledMs: number;
  /** What was told of that which is not settled. */
  private readonly told = new Map<Id<'evt'>, number>();
  private readonly goesOn: boolean;

  constructor(
    private readonly run: Run,
    private readonly session: Session,
    private readonly types: readonly string[] | undefined,
    last: Id<'evt'> | undefined,
  ) {
    this.goesOn = last !== undefined;
    this.settledMs = (last ? timeOfId(last) : Date.now()) - LATE_MS;
    if (last) this.told.set(last, timeOfId(last));
  }

  /** Without an event to go on from, what is there already was never asked for. */
  async begin(): Promise<void> {
    if (this.goesOn) return;
    for await (const _ of this.look({ isSilent: true })); // nothing comes of it
  }

  /** What is new since the last look, in pieces. */
  async *look({ isSilent = false } = {}): AsyncGenerator<string> {
    const lookedAt = Date.now();
    let after: Id<'evt'> = firstIdAt('evt', this.settledMs);
    for (let isMore = true; isMore; ) {
      const { ids, rows } = await this.page(after, isSilent);
      for (const row of rows) yield `id: ${row.id}\nevent: ${row.type}\ndata: ${eventBody(row)}\n\n`;
      for (const id of ids) if (timeOfId(id) >= lookedAt - LATE_MS) this.told.set(id, timeOfId(id));
      after = ids.at(-1) ?? after;
      isMore = ids.length === AT_ONCE;
    }
    this.settledMs = Math.max(this.settledMs, lookedAt - LATE_MS);
    for (const [id, at] of this.told) if (at < this.settledMs) this.told.delete(id);
  }

  mayGoOn(): Promise<boolean> {
    return this.run(this.session, mayStillListen);
  }

  private page(after: Id<'evt'>, isSilent: boolean) {
    return this.run(this.session, async (ctx) => {
      const ids = await eventIdsAfter(ctx, after, { types: this.types, limit: AT_ONCE });
      const untold = isSilent ? [] : ids.filter((id) => !this.told.has(id));
      return { ids, rows: untold.length === 0 ? [] : await eventsNamed(ctx, untold) };
    });
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
