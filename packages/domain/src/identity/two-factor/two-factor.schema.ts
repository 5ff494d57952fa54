import { foreignKey, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { createdAt, tenantId, walls } from '../../kernel/tables.ts';
import { staff } from '../staff/staff.schema.ts';

/** Codes for the day the phone is lost: each good once, stored hashed. */
export const recoveryCodes = pgTable(
  'recovery_codes',
  {
    ...tenantId('rcv'),
    staffId: idColumn('stf', 'staff_id').notNull(),
    codeHash: text('code_hash').notNull(),
    usedAt: instantColumn('used_at'),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    unique('recovery_codes_code').on(t.companyId, t.staffId, t.codeHash),
    foreignKey({ columns: [t.companyId, t.staffId], foreignColumns: [staff.companyId, staff.id] }),
  ],
);
