import { sql } from 'drizzle-orm';
import { createCompany } from '../company/companies/companies.service.ts';
import { seedAccess } from '../company/iam/access-seed.service.ts';
import { roleIdOf } from '../company/iam/roles.service.ts';
import type { SystemRoleKey } from '../company/iam/system-roles.ts';
import { hashPassword } from '../identity/passwords/password-hash.ts';
import type { StaffView } from '../identity/staff/staff.contract.ts';
import { createStaff, permissionsOf } from '../identity/staff/staff.service.ts';
import '../setup/declarations/declarations.ts'; // the system roles need every declared permission
import { type Session, systemSession } from '../kernel/ctx.ts';
import { type CompanyId, type Id, newId } from '../kernel/ids.ts';
import { unseal } from '../kernel/sealing.ts';
import type { TestDatabase } from './database.ts';

/** The password of everybody a test hires. */
export const PASSWORD = 'five wooden birds';
export const visitor = { requestId: 'test', ip: '192.0.2.7', userAgent: 'a test' };

let passwordHash: Promise<string> | undefined;
let hired = 0;

/** A company with its system roles, and people hired into it on demand. */
export async function givenShop(db: TestDatabase) {
  const system = systemSession(newId('com'), 'test');
  const handle = `shop-${system.companyId.slice(-12)}`;
  const { run } = db.app;
  await run(system, async (ctx) => {
    await createCompany(ctx, { name: 'Adire House', handle, country: 'NG', currency: 'NGN', timezone: 'Africa/Lagos' });
    await seedAccess(ctx);
  });
  passwordHash ??= hashPassword(PASSWORD);
  const hash = await passwordHash;
  return {
    system,
    handle,
    companyId: system.companyId,
    roleId: (key: SystemRoleKey) => run(system, (ctx) => roleIdOf(ctx, key)),
    /** Adds a person with one system role. */
    hire: (key: SystemRoleKey, email = `person${++hired}@example.com`): Promise<StaffView> =>
      run(system, async (ctx) => {
        const roleIds = [await roleIdOf(ctx, key)];
        return createStaff(ctx, { name: `A ${key}`, email, passwordHash: hash, roleIds });
      }),
    /** The session of a person at work, with the permissions they hold at this moment. */
    as: async ({ id }: { id: Id<'stf'> }, staffSessionId?: Id<'ses'>): Promise<Session> => {
      const permissions = new Set(await run(system, (ctx) => permissionsOf(ctx, id)));
      return { ...system, ...visitor, actor: { type: 'staff', id }, permissions, staffSessionId };
    },
    /** What was written down in the audit log about a thing, oldest first. */
    auditOf: async (entityId: string): Promise<string[]> => {
      const rows = await db.admin`
        select action from audit_entries where company_id = ${system.companyId} and entity_id = ${entityId} order by id`;
      return rows.map((row) => String(row['action']));
    },
    eventsOf: (aggregateId: string) => eventsOf(db, system.companyId, aggregateId),
  };
}

/** Opens all connections of the pool, so that what a test starts at once runs at once. */
export async function warmUp(db: TestDatabase): Promise<void> {
  const busy = () => db.app.unscoped((tx) => tx.execute(sql`select pg_sleep(0.05)`));
  await Promise.all(Array.from({ length: db.app.pool.options.size }, busy));
}

async function eventsOf(db: TestDatabase, companyId: CompanyId, aggregateId: string) {
  const rows = await db.admin<{ id: string; type: string; sequence: number; privately: string | null }[]>`
    select id, type, sequence, privately from events
    where company_id = ${companyId} and aggregate_id = ${aggregateId} order by id`;
  return rows.map(({ id, type, sequence, privately }) => ({
    type,
    sequence,
    /** What only the mail may know. */
    privately: privately ? JSON.parse(unseal(privately, `${companyId}|events|${id}`)) : undefined,
  }));
}
