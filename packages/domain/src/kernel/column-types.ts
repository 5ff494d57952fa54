import { customType } from 'drizzle-orm/pg-core';

/** A full-text search document. Read by the search function only. */
export const tsvector = customType<{ data: string; driverData: string }>({ dataType: () => 'tsvector' });

/** Text compared by byte (`collate "C"`): the same order on every machine, and an index on it serves ranges and prefixes. */
export const bytewiseText = (name: string) =>
  customType<{ data: string; driverData: string }>({ dataType: () => 'text collate "C"' })(name);
