import { sql } from 'drizzle-orm';
import { check, foreignKey, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, walls } from '../../kernel/tables.ts';

export type ApiKeyType = 'publishable' | 'secret';

/** Keys of storefronts and servers. Only a hash is kept; the key itself is shown once, when it is made. */
export const apiKeys = pgTable(
  'api_keys',
  {
    ...tenantId('key'),
    name: text('name').notNull(),
    type: text('type').$type<ApiKeyType>().notNull(),
    tokenHash: text('token_hash').notNull(),
    /** The last characters of the random part, to tell keys apart on a page. */
    lastFour: text('last_four').notNull(),
    createdByType: text('created_by_type').notNull(),
    createdById: text('created_by_id').notNull(),
    expiresAt: instantColumn('expires_at'),
    revokedAt: instantColumn('revoked_at'),
    /** The key this one replaced. Both are good until the older one's `expiresAt`. */
    rotatedFrom: idColumn('key', 'rotated_from'),
    eventSequence: integer('event_sequence').notNull().default(0),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    unique('api_keys_hash').on(t.companyId, t.tokenHash),
    check('api_keys_type', sql`type in ('publishable', 'secret')`),
    foreignKey({ columns: [t.companyId, t.rotatedFrom], foreignColumns: [t.companyId, t.id] }),
    index('api_keys_newest').on(t.companyId, t.id),
  ],
);

export const apiKeyScopes = pgTable(
  'api_key_scopes',
  { companyId: companyIdColumn(), apiKeyId: idColumn('key', 'api_key_id').notNull(), scope: text('scope').notNull() },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.apiKeyId, t.scope] }),
    foreignKey({ columns: [t.companyId, t.apiKeyId], foreignColumns: [apiKeys.companyId, apiKeys.id] }),
  ],
);

/** Origins a publishable key answers to: scheme, host and port. None listed means any. */
export const apiKeyOrigins = pgTable(
  'api_key_origins',
  { companyId: companyIdColumn(), apiKeyId: idColumn('key', 'api_key_id').notNull(), origin: text('origin').notNull() },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.apiKeyId, t.origin] }),
    foreignKey({ columns: [t.companyId, t.apiKeyId], foreignColumns: [apiKeys.companyId, apiKeys.id] }),
  ],
);

/**
 * When keys were last used: written at most once a minute by each process, never with the request. Apart from the keys,
 * so that the traffic of a shop never waits for a lock on its key, and needs no audit note.
 */
export const apiKeyUses = pgTable(
  'api_key_uses',
  {
    companyId: companyIdColumn(),
    apiKeyId: idColumn('key', 'api_key_id').notNull(),
    usedAt: instantColumn('used_at').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.apiKeyId] }),
    foreignKey({ columns: [t.companyId, t.apiKeyId], foreignColumns: [apiKeys.companyId, apiKeys.id] }),
  ],
);
