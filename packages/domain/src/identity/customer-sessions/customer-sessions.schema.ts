import { foreignKey, index, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { createdAt, tenantId, walls } from '../../kernel/tables.ts';
import { customers } from '../customers/customers.schema.ts';

/** One login of one customer on one device: the family all its refresh tokens belong to. As `staff_sessions`. */
export const customerSessions = pgTable(
  'customer_sessions',
  {
    ...tenantId('cses'),
    customerId: idColumn('cus', 'customer_id').notNull(),
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
    foreignKey({ columns: [t.companyId, t.customerId], foreignColumns: [customers.companyId, customers.id] }),
    index('customer_sessions_by_customer').on(t.companyId, t.customerId, t.id),
  ],
);

/** Every refresh token a customer's session had. As `refresh_tokens`. */
export const customerRefreshTokens = pgTable(
  'customer_refresh_tokens',
  {
    ...tenantId('crt'),
    sessionId: idColumn('cses', 'session_id').notNull(),
    tokenHash: text('token_hash').notNull(),
    createdAt: createdAt(),
    usedAt: instantColumn('used_at'),
    /** The successor, sealed, so that a parallel tab within the grace time gets the very same one. */
    successor: text('successor'),
  },
  (t) => [
    ...walls(t),
    unique('customer_refresh_tokens_hash').on(t.companyId, t.tokenHash),
    foreignKey({
      columns: [t.companyId, t.sessionId],
      foreignColumns: [customerSessions.companyId, customerSessions.id],
    }),
    index('customer_refresh_tokens_by_session').on(t.companyId, t.sessionId, t.id),
  ],
);
