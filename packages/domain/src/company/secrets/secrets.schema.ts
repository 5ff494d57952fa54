import { foreignKey, integer, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';

/** A company's own encryption keys, wrapped by a master key. New secrets use the newest; old ones stay readable. */
export const companyDataKeys = pgTable(
  'company_data_keys',
  {
    ...tenantId('dek'),
    wrapped: text('wrapped').notNull(),
    createdAt: createdAt(),
    retiredAt: instantColumn('retired_at'),
  },
  (t) => [...walls(t)],
);

/** Credentials a company entrusts to us, encrypted under its data key. Written through the API, never read through it. */
export const companySecrets = pgTable(
  'company_secrets',
  {
    ...tenantId('sec'),
    /** What it is for, like `payment-provider.paystack`. */
    name: text('name').notNull(),
    dataKeyId: idColumn('dek', 'data_key_id').notNull(),
    sealed: text('sealed').notNull(),
    lastFour: text('last_four').notNull(),
    fingerprint: text('fingerprint').notNull(),
    version: integer('version').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    unique('company_secrets_name').on(t.companyId, t.name),
    foreignKey({
      columns: [t.companyId, t.dataKeyId],
      foreignColumns: [companyDataKeys.companyId, companyDataKeys.id],
    }),
  ],
);
