import { createHash } from 'node:crypto';
import type { ChainFault, ChainHead } from './audit.contract.ts';

/** What the first link of a company holds in place of an earlier hash. */
export const GENESIS = '0'.repeat(64);

/**
 * A stored entry, as the chain sees it: every column of `audit_entries`, as text that PostgreSQL wrote. Read as values of
 * JavaScript, numbers past 2^53 and microseconds would be rounded, and a change among them would not be seen.
 */
export interface ChainedEntry {
  companyId: string;
  id: string;
  actorType: string;
  actorId: string;
  action: string;
  entityType: string;
  entityId: string;
  /** `before::text` of the JSONB column, which has one form for equal values. */
  before: string | null;
  after: string | null;
  requestId: string;
  ip: string | null;
  userAgent: string | null;
  /** In UTC, with microseconds: `2026-11-21T09:00:00.000000Z`. */
  createdAt: string;
}

export interface ChainLink {
  seq: number;
  entryId: string;
  prevHash: string;
  hash: string;
  /** Undefined: the entry is gone. */
  entry: ChainedEntry | undefined;
}

/**
 * The hash of a link: SHA-256, in hex, over the place in the chain, the hash of the link before, and the entry as a JSON
 * array of its columns in the order below, each on a line of its own. Anyone with both tables can compute it again.
 */
export function linkHash(seq: number, prevHash: string, entry: ChainedEntry): string {
  const { companyId, id, actorType, actorId, action, entityType, entityId, before, after } = entry;
  const { requestId, ip, userAgent, createdAt } = entry;
  const what = [companyId, id, actorType, actorId, action, entityType, entityId, before, after];
  const columns = [...what, requestId, ip, userAgent, createdAt];
  return createHash('sha256')
    .update(`${seq}\n${prevHash}\n${JSON.stringify(columns)}`)
    .digest('hex');
}

/** The link after `head` for an entry. */
export function nextLink(head: ChainHead | undefined, entry: ChainedEntry): Omit<ChainLink, 'entry'> {
  const seq = (head?.seq ?? 0) + 1;
  const prevHash = head?.hash ?? GENESIS;
  return { seq, entryId: entry.id, prevHash, hash: linkHash(seq, prevHash, entry) };
}

/**
 * Checks links, in order, that should follow `head`. After a fault it goes on from what is stored, so that one change is
 * reported once and not for every link behind it.
 */
export function checkLinks(
  head: ChainHead | undefined,
  links: readonly ChainLink[],
): { faults: ChainFault[]; head: ChainHead | undefined } {
  const faults: ChainFault[] = [];
  let last = head;
  for (const link of links) {
    faults.push(...faultsOf(last, link));
    last = { seq: link.seq, hash: link.hash };
  }
  return { faults, head: last };
}

function faultsOf(last: ChainHead | undefined, { seq, entryId, prevHash, hash, entry }: ChainLink): ChainFault[] {
  const expectedSeq = (last?.seq ?? 0) + 1;
  if (seq !== expectedSeq) {
    const gone = seq - expectedSeq === 1 ? `Link ${expectedSeq} is` : `Links ${expectedSeq} to ${seq - 1} are`;
    return [
      {
        kind: 'link_missing',
        seq: expectedSeq,
        entryId: null,
        message: `${gone} missing: deleted after they were written.`,
      },
    ];
  }
  if (prevHash !== (last?.hash ?? GENESIS)) {
    return [
      {
        kind: 'link_changed',
        seq,
        entryId,
        message: `Link ${seq} does not continue the one before it: one of the two was changed.`,
      },
    ];
  }
  if (!entry) {
    return [{ kind: 'entry_missing', seq, entryId, message: `Entry ${entryId} was deleted after it was linked.` }];
  }
  if (linkHash(seq, prevHash, entry) !== hash) {
    return [
      {
        kind: 'entry_changed',
        seq,
        entryId,
        message: `Entry ${entryId} or link ${seq} was changed after it was written.`,
      },
    ];
  }
  return [];
}
