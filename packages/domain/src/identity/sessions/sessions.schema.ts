import { foreignKey, index, pgTable, unique } from 'drizzle-orm/pg-core';
import { idColumn } from '../../kernel/ids.ts';
import { tenantId, walls } from '../../kernel/tables.ts';
import { staff } from '../staff/staff.schema.ts';
import { loginColumns, refreshTokenColumns } from './session-family.schema.ts';

/** One login of one person on one device: the family all its refresh tokens belong to. */
export const staffSessions = pgTable(
  'staff_sessions',
  {
    ...tenantId('ses'),
    staffId: idColumn('stf', 'staff_id').notNull(),
    ...loginColumns(),
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
    ...refreshTokenColumns(),
  },
  (t) => [
    ...walls(t),
    unique('refresh_tokens_hash').on(t.companyId, t.tokenHash),
    foreignKey({ columns: [t.companyId, t.sessionId], foreignColumns: [staffSessions.companyId, staffSessions.id] }),
    index('refresh_tokens_by_session').on(t.companyId, t.sessionId, t.id),
  ],
);
