import { eq, gte, lt, type SQL } from 'drizzle-orm';
import { auditEntries } from '../../kernel/audit-log.schema.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { firstIdAt } from '../../kernel/id-time.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import type { AuditEntryView, AuditFilters, AuditListQuery } from './audit.contract.ts';

/** How far the clock that made an id and the clock of the database may be apart before a time filter misses an entry. */
const CLOCKS_APART_MS = 3_600_000;

const NEWEST_FIRST = { columns: [auditEntries.id], direction: 'desc' } as const;

/** A page of the audit log, newest first. */
export async function listEntries(ctx: Ctx, query: AuditListQuery): Promise<Page<AuditEntryView>> {
  const { where, orderBy } = keyset(NEWEST_FIRST, query.after);
  const rows = await ctx.tx
    .select()
    .from(auditEntries)
    .where(mine(ctx, auditEntries, ...conditionsOf(query), where))
    .orderBy(...orderBy)
    .limit(query.limit + 1);
  return pageFrom(rows, query.limit, (row) => [row.id], viewOf);
}

/** Takes down that the log was exported: whoever carries it away leaves an entry in it. */
export function noteExport(ctx: Ctx, filters: AuditFilters): void {
  ctx.audit({ action: 'audit.exported', entity: { type: 'company', id: ctx.companyId }, after: { filters } });
}

function conditionsOf(filters: AuditFilters): (SQL | undefined)[] {
  const { actor, actorType, action, entity, entityType, from, to } = filters;
  return [
    actor === undefined ? undefined : eq(auditEntries.actorId, actor),
    actorType && eq(auditEntries.actorType, actorType),
    action === undefined ? undefined : eq(auditEntries.action, action),
    entity === undefined ? undefined : eq(auditEntries.entityId, entity),
    entityType === undefined ? undefined : eq(auditEntries.entityType, entityType),
    // The time itself has no index. The ids sort by time and have one, so they narrow what the exact condition looks at.
    from && gte(auditEntries.createdAt, from),
    from && gte(auditEntries.id, firstIdAt('aud', Date.parse(from) - CLOCKS_APART_MS)),
    to && lt(auditEntries.createdAt, to),
    to && lt(auditEntries.id, firstIdAt('aud', Date.parse(to) + CLOCKS_APART_MS)),
  ].map((condition) => condition || undefined);
}

const viewOf = (row: typeof auditEntries.$inferSelect): AuditEntryView => ({
  id: row.id,
  actor: { type: row.actorType, id: row.actorId },
  action: row.action,
  entity: { type: row.entityType, id: row.entityId },
  before: row.before ?? null,
  after: row.after ?? null,
  requestId: row.requestId,
  ip: row.ip,
  userAgent: row.userAgent,
  createdAt: row.createdAt,
});
