import { foreignKey, index, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { createdAt, tenantId, walls } from '../../kernel/tables.ts';
import { staff } from '../staff/staff.schema.ts';

/** One login of one person on one device: the family all its refresh tokens belong to. */
export const staffSessions = pgTable(
  'staff_sessions',
  {
    ...tenantId('ses'),
    staffId: idColumn('stf', 'staff_id').notNull(),
    ip: text('ip'),
    userAgent: text('user_agent'),
    createdAt: createdAt(),
    lastUsedAt: instantColumn('last_used_at').notNull(),
    /** Absolute: refreshing never moves it. */
    expiresAt: instantColumn('expires_at').notNull(),
    revokedAt: instantColumn('revoked_at'),
    revokedReason: text('revoked_reason'),
  },
  (t) => [
    ...walls(t),
    foreignKey({ columns: [t.companyId, t.staffId], foreignColumns: [staff.companyId, staff.id] }),
    index('staff_sessions_by_staff').on(t.companyId, t.staffId, t.id),
  ],
);

/** Every refresh token a session had. The newest is good; the one before it for ten seconds; an older one ends the session. */
export const refreshTokens = pgTable(
  'refresh_tokens',
  {
    ...tenantId('rft'),
    sessionId: idColumn('ses', 'session_id').notNull(),
    tokenHash: text('token_hash').notNull(),
    createdAt: createdAt(),
    usedAt: instantColumn('used_at'),
    /** The successor, sealed, so that a parallel tab within the grace time gets the very same one. */
    successor: text('successor'),
  },
  (t) => [
    ...walls(t),
    unique('refresh_tokens_hash').on(t.companyId, t.tokenHash),
    foreignKey({ columns: [t.companyId, t.sessionId], foreignColumns: [staffSessions.companyId, staffSessions.id] }),
    index('refresh_tokens_by_session').on(t.companyId, t.sessionId, t.id),
  ],
);
