import type { Run, Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { PAGE_LIMIT_MAX } from '../../kernel/page.ts';
import type {
  AuditFilters,
  AuditVerificationQuery,
  AuditVerificationView,
  ChainFault,
  ChainHead,
} from './audit.contract.ts';
import { listEntries, noteExport } from './audit.service.ts';
import { linkAt, linksAfter, type StoredLink, unlinkedEntries } from './audit-chain.service.ts';
import { checkLinks } from './audit-chain.ts';
import { csvHeader, csvRows } from './audit-csv.ts';

const EXPORT_PAGE = PAGE_LIMIT_MAX * 5;
const LINKS_PAGE = 1_000;
/** About a second of work on a small machine; whoever has more asks again from the head that was answered. */
const LINKS_PER_ANSWER = 20_000;
const FAULTS_SHOWN_MAX = 100;

/**
 * The filtered log as CSV, newest first, one short transaction per page: a long export holds neither a connection nor
 * memory. The first page is read before this resolves, so that what can go wrong goes wrong before anything is sent.
 */
export async function exportEntries(run: Run, session: Session, filters: AuditFilters): Promise<AsyncIterable<string>> {
  const readPage = (after?: string) =>
    run(session, (ctx) => listEntries(ctx, { ...filters, limit: EXPORT_PAGE, after }));
  const first = await run(session, async (ctx) => {
    const page = await listEntries(ctx, { ...filters, limit: EXPORT_PAGE });
    noteExport(ctx, filters);
    return page;
  });
  return (async function* () {
    yield csvHeader();
    for (let page = first; ; page = await readPage(page.page.next ?? undefined)) {
      if (page.data.length > 0) yield csvRows(page.data);
      if (page.page.next === null) return;
    }
  })();
}

/**
 * Walks the company's chain and says what was changed, deleted or put in past the application. From the first link, or
 * from one that was written down earlier. A cut-off end is seen only from an earlier head: nothing after it points to it.
 * Entries without a link are looked for where the links that were walked have theirs, and behind the last: what was put
 * in before an earlier head is found by a check from the first link.
 */
export async function verifyChain(
  run: Run,
  session: Session,
  query: AuditVerificationQuery,
): Promise<AuditVerificationView> {
  const faults: ChainFault[] = [];
  const start = startOf(query);
  let searched: Id<'aud'> | undefined;
  if (start) {
    const stored = await run(session, (ctx) => linkAt(ctx, start.seq));
    searched = stored?.entryId;
    faults.push(...startFaults(start, stored?.hash));
  }
  let head = start;
  let checked = 0;
  let complete = false;
  while (!complete && checked < LINKS_PER_ANSWER) {
    const links = await run(session, (ctx) => linksAfter(ctx, head?.seq ?? 0, LINKS_PAGE));
    const found = checkLinks(head, links);
    faults.push(...found.faults);
    head = found.head;
    checked += links.length;
    complete = links.length < LINKS_PAGE;
    const stretch = { after: searched, upTo: complete ? undefined : lastEntry(searched, links) };
    faults.push(...(await run(session, (ctx) => unlinkedEntries(ctx, stretch))));
    searched = stretch.upTo;
  }
  return {
    intact: faults.length === 0,
    checked,
    complete,
    head: head ?? null,
    faults: faults.slice(0, FAULTS_SHOWN_MAX),
  };
}

const startOf = ({ seq, hash }: AuditVerificationQuery): ChainHead | undefined =>
  seq === undefined || hash === undefined ? undefined : { seq, hash };

/** Entries are linked in the order of their ids, but for those that committed late: the last by id need not be the last link's. */
const lastEntry = (before: Id<'aud'> | undefined, links: readonly StoredLink[]) =>
  links.reduce((last, { entryId }) => (last === undefined || entryId > last ? entryId : last), before);

function startFaults(start: ChainHead, stored: string | undefined): ChainFault[] {
  if (stored === start.hash) return [];
  const kind = stored === undefined ? 'link_missing' : 'link_changed';
  const what = stored === undefined ? 'is not there any more' : 'has another hash now';
  return [
    { kind, seq: start.seq, entryId: null, message: `Link ${start.seq} ${what}: the log was cut off or rewritten.` },
  ];
}
