import { text } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { createdAt } from '../../kernel/tables.ts';

/** What is known of a login, whoever logged in. */
export const loginColumns = () => ({
  ip: text('ip'),
  userAgent: text('user_agent'),
  createdAt: createdAt(),
  lastUsedAt: instantColumn('last_used_at').notNull(),
  /** Absolute: refreshing never moves it. */
  expiresAt: instantColumn('expires_at').notNull(),
  revokedAt: instantColumn('revoked_at'),
  revokedReason: text('revoked_reason'),
});

/** What is known of a refresh token. */
export const refreshTokenColumns = () => ({
  tokenHash: text('token_hash').notNull(),
  createdAt: createdAt(),
  usedAt: instantColumn('used_at'),
  /** The successor, sealed, so that a parallel tab within the grace time gets the very same one. */
  successor: text('successor'),
});
