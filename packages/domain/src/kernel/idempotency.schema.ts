import { index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instantColumn } from './clock.ts';
import { companyIdColumn, companyWall, createdAt, relayMayLook } from './tables.ts';

/** One row per Idempotency-Key: written in the unit of work that has the effect, kept 72 hours. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    companyId: companyIdColumn(),
    principal: text('principal').notNull(),
    route: text('route').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of the request's body: the same key with another body is a mistake. */
    digest: text('digest').notNull(),
    /** The answer, sealed: it may hold what is shown once, like a new API key. */
    answer: text('answer'),
    /** Work of several units of work holds the key until then; afterwards a repeated request takes the work up again. */
    leasedUntil: instantColumn('leased_until'),
    /** Which try has it. */
    holder: text('holder'),
    createdAt: createdAt(),
  },
  (t) => [
    companyWall(),
    relayMayLook(),
    primaryKey({ columns: [t.companyId, t.principal, t.route, t.key] }),
    index('idempotency_keys_by_age').on(t.companyId, t.createdAt),
  ],
);
