import { bigint, index, jsonb, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { idColumn } from './ids.ts';
import { companyIdColumn, companyWall, createdAt, relayMayLook, tenantId, walls } from './tables.ts';

/** What a privileged write did. The app role may add rows and read them; it cannot change or delete them. */
export const auditEntries = pgTable(
  'audit_entries',
  {
    ...tenantId('aud'),
    actorType: text('actor_type').notNull(),
    actorId: text('actor_id').notNull(),
    action: text('action').notNull(),
    entityType: text('entity_type').notNull(),
    entityId: text('entity_id').notNull(),
    before: jsonb('before'),
    after: jsonb('after'),
    requestId: text('request_id').notNull(),
    ip: text('ip'),
    userAgent: text('user_agent'),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    index('audit_entries_by_entity').on(t.companyId, t.entityId, t.id),
    index('audit_entries_by_actor').on(t.companyId, t.actorId, t.id),
    index('audit_entries_by_action').on(t.companyId, t.action, t.id),
  ],
);

/** Entries a worker has not chained yet: written with the entry, deleted with the link. */
export const auditPending = pgTable(
  'audit_pending',
  { companyId: companyIdColumn(), entryId: idColumn('aud', 'entry_id').notNull() },
  (t) => [companyWall(), relayMayLook(), primaryKey({ columns: [t.companyId, t.entryId] })],
);

/**
 * The chain: link n holds the hash of link n-1 and of its entry. Made by a worker after the commit, because a chain
 * written inside the transaction would let a company write one thing at a time.
 */
export const auditLinks = pgTable(
  'audit_links',
  {
    companyId: companyIdColumn(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    entryId: idColumn('aud', 'entry_id').notNull(),
    prevHash: text('prev_hash').notNull(),
    hash: text('hash').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.seq] }),
    unique('audit_links_entry').on(t.companyId, t.entryId),
  ],
);
