import { foreignKey, index, pgTable, unique } from 'drizzle-orm/pg-core';
import { idColumn } from '../../kernel/ids.ts';
import { tenantId, walls } from '../../kernel/tables.ts';
import { customers } from '../customers/customers.schema.ts';
import { loginColumns, refreshTokenColumns } from '../sessions/session-family.schema.ts';

/** One login of one customer on one device: the family all its refresh tokens belong to. As `staff_sessions`. */
export const customerSessions = pgTable(
  'customer_sessions',
  {
    ...tenantId('cses'),
    customerId: idColumn('cus', 'customer_id').notNull(),
    ...loginColumns(),
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
    ...refreshTokenColumns(),
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
