import { foreignKey, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { roles } from '../../company/iam/iam.schema.ts';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, walls } from '../../kernel/tables.ts';
import { staff } from '../staff/staff.schema.ts';

/** A place offered to an email address. Good once, for that address, until it expires, is revoked or is sent again. */
export const invites = pgTable(
  'invites',
  {
    ...tenantId('inv'),
    email: text('email').notNull(),
    emailKey: text('email_key').notNull(),
    tokenHash: text('token_hash').notNull(),
    invitedBy: text('invited_by').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
    acceptedAt: instantColumn('accepted_at'),
    acceptedBy: idColumn('stf', 'accepted_by'),
    revokedAt: instantColumn('revoked_at'),
    sentCount: integer('sent_count').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(0),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    unique('invites_token').on(t.companyId, t.tokenHash),
    foreignKey({ columns: [t.companyId, t.acceptedBy], foreignColumns: [staff.companyId, staff.id] }),
    index('invites_by_email').on(t.companyId, t.emailKey),
  ],
);

export const inviteRoles = pgTable(
  'invite_roles',
  {
    companyId: companyIdColumn(),
    inviteId: idColumn('inv', 'invite_id').notNull(),
    roleId: idColumn('role', 'role_id').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.inviteId, t.roleId] }),
    foreignKey({ columns: [t.companyId, t.inviteId], foreignColumns: [invites.companyId, invites.id] }),
    foreignKey({
      name: 'invite_roles_role',
      columns: [t.companyId, t.roleId],
      foreignColumns: [roles.companyId, roles.id],
    }),
  ],
);
