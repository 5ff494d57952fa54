import { foreignKey, index, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { createdAt, tenantId, walls } from '../../kernel/tables.ts';
import { staff } from '../staff/staff.schema.ts';

/** A forgotten password's way back: good once, for thirty minutes, and only the newest. */
export const passwordResets = pgTable(
  'password_resets',
  {
    ...tenantId('pwr'),
    staffId: idColumn('stf', 'staff_id').notNull(),
    tokenHash: text('token_hash').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
    usedAt: instantColumn('used_at'),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    unique('password_resets_token').on(t.companyId, t.tokenHash),
    foreignKey({ columns: [t.companyId, t.staffId], foreignColumns: [staff.companyId, staff.id] }),
    index('password_resets_by_staff').on(t.companyId, t.staffId),
  ],
);
