import { customType } from 'drizzle-orm/pg-core';
import { z } from 'zod';

/** A moment as RFC 3339 text in UTC with milliseconds, the form it has in JSON, in events and in the audit log. */
export type Instant = string;

/** Where "now" comes from; tests give their own. Expiry that several processes must agree on uses the database's clock. */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();

/** A `timestamptz` column read as an `Instant`; written from an `Instant` or anything PostgreSQL accepts in SQL. */
export const instantColumn = (name: string) =>
  customType<{ data: Instant; driverData: string }>({
    dataType: () => 'timestamp with time zone',
    fromDriver: (text) => new Date(text).toISOString(),
  })(name);

/** Zod schema of a moment on the wire. */
export const instant = z.iso.datetime({ offset: true, error: 'Expected an RFC 3339 time, like 2026-11-21T09:00:00Z.' });

/** The instant `seconds` after `from`. */
export const after = (from: Date, seconds: number): Instant => new Date(from.getTime() + seconds * 1000).toISOString();
