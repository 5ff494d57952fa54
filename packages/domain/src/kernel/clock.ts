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

const EARLIEST = Date.parse('1970-01-01T00:00:00Z');
const LATEST = Date.parse('9999-01-01T00:00:00Z');

/** Zod schema of a moment on the wire: between the years 1970 and 9999. */
export const instant = z.iso
  .datetime({ offset: true, error: 'Expected an RFC 3339 time, like 2026-11-21T09:00:00Z.' })
  // Beyond these PostgreSQL, JavaScript and the offset of a zone no longer agree on what can be written.
  .refine((time) => Date.parse(time) >= EARLIEST && Date.parse(time) < LATEST, {
    error: 'Expected a time between the years 1970 and 9999.',
  });

/** The instant `seconds` after `from`. */
export const after = (from: Date, seconds: number): Instant => new Date(from.getTime() + seconds * 1000).toISOString();
