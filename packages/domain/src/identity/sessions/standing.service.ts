import { and, eq, gt, isNull, ne, sql } from 'drizzle-orm';
import { companies } from '../../company/companies/companies.schema.ts';
import { rolePermissions } from '../../company/iam/iam.schema.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { statement } from '../../kernel/statement.ts';
import { staff, staffRoles } from '../staff/staff.schema.ts';
import { staffSessions } from './sessions.schema.ts';

/** What a signed-in staff member may do right now. */
export interface StaffStanding {
  readonly permissions: string[];
  readonly companyStatus: 'active' | 'suspended';
  readonly companyMode: 'live' | 'test';
}

const byStaffAndSession = statement((tx) => {
  const held = tx
    .selectDistinct({ permission: rolePermissions.permission })
    .from(staffRoles)
    .innerJoin(
      rolePermissions,
      and(eq(rolePermissions.companyId, staffRoles.companyId), eq(rolePermissions.roleId, staffRoles.roleId)),
    )
    .where(
      and(eq(staffRoles.companyId, sql.placeholder('companyId')), eq(staffRoles.staffId, sql.placeholder('staffId'))),
    )
    .as('held');
  return tx
    .select({
      permissions: sql<string[]>`(select coalesce(json_agg(held.permission), '[]') from ${held})`,
      companyStatus: companies.status,
      companyMode: companies.mode,
    })
    .from(staffSessions)
    .innerJoin(staff, and(eq(staff.companyId, staffSessions.companyId), eq(staff.id, staffSessions.staffId)))
    .innerJoin(companies, eq(companies.companyId, staffSessions.companyId))
    .where(
      and(
        eq(staffSessions.companyId, sql.placeholder('companyId')),
        eq(staffSessions.id, sql.placeholder('sessionId')),
        eq(staffSessions.staffId, sql.placeholder('staffId')),
        isNull(staffSessions.revokedAt),
        gt(staffSessions.expiresAt, sql`now()`),
        eq(staff.status, 'active'),
        ne(companies.status, 'closed'),
      ),
    );
});

/**
 * The standing of a signed-in staff member, in one query. Undefined: the session is revoked or over, the person disabled,
 * the company closed, or none of it exists here.
 */
export async function staffStanding(
  ctx: Ctx,
  { staffId, sessionId }: { staffId: Id<'stf'>; sessionId: Id<'ses'> },
): Promise<StaffStanding | undefined> {
  const [row] = await byStaffAndSession(ctx, { companyId: ctx.companyId, staffId, sessionId });
  if (!row || row.companyStatus === 'closed') return undefined;
  return { permissions: row.permissions, companyStatus: row.companyStatus, companyMode: row.companyMode };
}
