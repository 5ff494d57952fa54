import { decodeSuffix, encodeSuffix, type Id, type IdPrefix, suffixOf } from './ids.ts';

const TIME_MAX_MS = 2 ** 48 - 1;

/**
 * The smallest id that one made at this moment, in milliseconds since 1970, can have (RFC 9562, 5.7: the first 48 bits
 * of a UUIDv7 are its time). Where rows are kept by id, a time turns into a place in the index.
 */
export function firstIdAt<P extends IdPrefix>(prefix: P, ms: number): Id<P> {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(Math.min(Math.max(Math.trunc(ms), 0), TIME_MAX_MS), 0, 6);
  return `${prefix}_${encodeSuffix(bytes)}`;
}

/** When an id was made, by the clock of whoever made it; milliseconds since 1970. Throws `RangeError` on what is no id. */
export const timeOfId = (id: Id<IdPrefix>): number => Buffer.from(decodeSuffix(suffixOf(id))).readUIntBE(0, 6);
