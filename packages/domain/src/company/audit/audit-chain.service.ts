import { and, asc, desc, eq, getTableColumns, gt, inArray, isNull, lt, lte, sql } from 'drizzle-orm';
import { auditEntries, auditLinks, auditPending } from '../../kernel/audit-log.schema.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import type { ChainFault, ChainHead } from './audit.contract.ts';
import { type ChainLink, nextLink } from './audit-chain.ts';

/** A committed entry is linked within seconds; one without a link after this time was put there by somebody else. */
const LINKED_WITHIN_SECONDS = 60;
const UNLINKED_SHOWN_MAX = 50;
const LOOKED_AT_MAX = 5_000;

/** An entry as the chain sees it. */
const chainedColumns = {
  ...getTableColumns(auditEntries),
  before: sql<string | null>`${auditEntries.before}::text`,
  after: sql<string | null>`${auditEntries.after}::text`,
  createdAt: sql<string>`to_char(${auditEntries.createdAt} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
};

/**
 * Links up to `max` committed entries to the end of the company's chain, by entry id; returns how many.
 *
 * Two workers at once: the second one waits at the delete for the first one's rows and finds them gone. Should they
 * still read the same end of the chain, the key (company, seq) refuses the second link, and its whole work is undone.
 */
export async function linkEntries(ctx: Ctx, max: number): Promise<number> {
  const oldest = ctx.tx
    .select({ id: auditPending.entryId })
    .from(auditPending)
    .where(mine(ctx, auditPending))
    .orderBy(asc(auditPending.entryId))
    .limit(max);
  const taken = await ctx.tx
    .delete(auditPending)
    .where(mine(ctx, auditPending, inArray(auditPending.entryId, oldest)))
    .returning({ id: auditPending.entryId });
  if (taken.length === 0) return 0;
  const ids = taken.map(({ id }) => id);
  const [entries, head] = await Promise.all([
    ctx.tx
      .select(chainedColumns)
      .from(auditEntries)
      .where(mine(ctx, auditEntries, inArray(auditEntries.id, ids)))
      .orderBy(asc(auditEntries.id)),
    headOf(ctx),
  ]);
  const links: Omit<ChainLink, 'entry'>[] = [];
  for (const entry of entries) links.push(nextLink(links.at(-1) ?? head, entry));
  if (links.length === 0) return 0;
  // The id of an entry went into the link as text; it is one.
  await ctx.tx
    .insert(auditLinks)
    .values(
      entries.map(
        ({ id }, at) => ({ ...links[at], companyId: ctx.companyId, entryId: id }) as typeof auditLinks.$inferInsert,
      ),
    );
  return links.length;
}

/** The last link of the company's chain. */
export async function headOf(ctx: Ctx): Promise<ChainHead | undefined> {
  const [head] = await ctx.tx
    .select({ seq: auditLinks.seq, hash: auditLinks.hash })
    .from(auditLinks)
    .where(mine(ctx, auditLinks))
    .orderBy(desc(auditLinks.seq))
    .limit(1);
  return head;
}

/** A link, with the id of its entry known to be one. */
export type StoredLink = ChainLink & { entryId: Id<'aud'> };

/** The next links after `seq`, each with its entry as it is stored now. */
export async function linksAfter(ctx: Ctx, seq: number, limit: number): Promise<StoredLink[]> {
  const rows = await ctx.tx
    .select({ link: auditLinks, entry: chainedColumns })
    .from(auditLinks)
    .leftJoin(
      auditEntries,
      and(eq(auditEntries.companyId, auditLinks.companyId), eq(auditEntries.id, auditLinks.entryId)),
    )
    .where(mine(ctx, auditLinks, gt(auditLinks.seq, seq)))
    .orderBy(asc(auditLinks.seq))
    .limit(limit);
  return rows.map(({ link, entry }) => ({ ...link, entry: entry ?? undefined }));
}

/** One link, if there is such a link. */
export async function linkAt(ctx: Ctx, seq: number): Promise<{ hash: string; entryId: Id<'aud'> } | undefined> {
  const [link] = await ctx.tx
    .select({ hash: auditLinks.hash, entryId: auditLinks.entryId })
    .from(auditLinks)
    .where(mine(ctx, auditLinks, eq(auditLinks.seq, seq)));
  return link;
}

/** A stretch of the log, by entry id: behind `after`, up to and with `upTo`. Without them, from its beginning and to its end. */
export interface Stretch {
  after?: Id<'aud'>;
  upTo?: Id<'aud'>;
}

/**
 * Entries of a stretch that should long have a link and have none. It looks at so many entries and no more, however
 * long the log: a stretch of as many links as one page holds has about as many entries, or more than enough to show.
 */
export async function unlinkedEntries(ctx: Ctx, { after, upTo }: Stretch): Promise<ChainFault[]> {
  const { id, createdAt } = auditEntries;
  const looked = ctx.tx
    .select({ id, createdAt })
    .from(auditEntries)
    .where(mine(ctx, auditEntries, after && gt(id, after), upTo && lte(id, upTo)))
    .orderBy(asc(id))
    .limit(LOOKED_AT_MAX)
    .as('looked');
  // Asked entry by entry. As a join it could become one over all links of the company.
  const link = ctx.tx
    .select({ entryId: auditLinks.entryId })
    .from(auditLinks)
    .where(mine(ctx, auditLinks, eq(auditLinks.entryId, looked.id)));
  const rows = await ctx.tx
    .select({ id: looked.id })
    .from(looked)
    .where(
      and(lt(looked.createdAt, sql`now() - make_interval(secs => ${LINKED_WITHIN_SECONDS})`), isNull(sql`(${link})`)),
    )
    .orderBy(asc(looked.id))
    .limit(UNLINKED_SHOWN_MAX);
  return rows.map((row) => ({
    kind: 'entry_unlinked',
    seq: null,
    entryId: row.id,
    message: `Entry ${row.id} has no link: it was put in past the application, its link was deleted, or no worker is running.`,
  }));
}

/** As the relay role, in no company: which companies have entries to link; by id, from the one behind `after` on. */
export async function companiesWithPendingEntries(tx: Tx, limit: number, after?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: auditPending.companyId })
    .from(auditPending)
    .where(after && gt(auditPending.companyId, after))
    .groupBy(auditPending.companyId)
    .orderBy(asc(auditPending.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}
