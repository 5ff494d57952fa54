import { sql } from 'drizzle-orm';
import { check, foreignKey, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { roles } from '../../company/iam/iam.schema.ts';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';

export type StaffStatus = 'active' | 'disabled';

/** People who work for a company. Two companies, two accounts, even with one email address. */
export const staff = pgTable(
  'staff',
  {
    ...tenantId('stf'),
    name: text('name').notNull(),
    email: text('email').notNull(),
    /** The address folded to small letters by the service: `lower()` in an index is not leakproof. */
    emailKey: text('email_key').notNull(),
    passwordHash: text('password_hash').notNull(),
    passwordChangedAt: instantColumn('password_changed_at').notNull().default(sql`now()`),
    status: text('status').$type<StaffStatus>().notNull().default('active'),
    /** Sealed TOTP secret; null while two-factor login is off. */
    totpSecret: text('totp_secret'),
    /** Sealed TOTP secret waiting for its first code. */
    totpPending: text('totp_pending'),
    /** The last accepted time step: a code is good once. */
    totpLastStep: integer('totp_last_step').notNull().default(0),
    lastLoginAt: instantColumn('last_login_at'),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(0),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    unique('staff_email').on(t.companyId, t.emailKey),
    check('staff_status', sql`status in ('active', 'disabled')`),
  ],
);

export const staffRoles = pgTable(
  'staff_roles',
  {
    companyId: companyIdColumn(),
    staffId: idColumn('stf', 'staff_id').notNull(),
    roleId: idColumn('role', 'role_id').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.staffId, t.roleId] }),
    foreignKey({ columns: [t.companyId, t.staffId], foreignColumns: [staff.companyId, staff.id] }),
    foreignKey({
      name: 'staff_roles_role',
      columns: [t.companyId, t.roleId],
      foreignColumns: [roles.companyId, roles.id],
    }),
    index('staff_roles_by_role').on(t.companyId, t.roleId),
  ],
);
