import { and, asc, desc, eq, gt, lt, or, type SQL } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { z } from 'zod';
import { InvalidInput } from './errors.ts';

export const PAGE_LIMIT_MAX = 100;
const PAGE_LIMIT_DEFAULT = 20;
/** Room for a long title in any script, in base64. */
const CURSOR_MAX = 4_000;

/** Digits are a number; `1e1`, `0x10`, ` 5` and an empty text, which `Number()` would take, are not. */
export const plainNumber = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;

/** The query every list takes. Lists add their filters: `listQuery.extend({ … })`; unknown names are refused. */
export const listQuery = z.strictObject({
  limit: z.preprocess(plainNumber, z.int().min(1).max(PAGE_LIMIT_MAX)).default(PAGE_LIMIT_DEFAULT),
  after: z.string().max(CURSOR_MAX).optional().meta({ description: 'The `next` of the page before.' }),
});
export type ListQuery = z.infer<typeof listQuery>;

/** One page of anything. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    data: z.array(item),
    page: z.object({ hasMore: z.boolean(), next: z.string().nullable() }),
  });
export interface Page<Item> {
  data: Item[];
  page: { hasMore: boolean; next: string | null };
}

/** An order with a unique last column, so that every row has one place in it. */
export interface KeysetOrder {
  columns: readonly AnyPgColumn[];
  direction: 'asc' | 'desc';
}

type Key = string | number;

/** The `where` that continues after a cursor, and the `order by` that goes with it. Throws `InvalidInput` on a bad cursor. */
export function keyset(order: KeysetOrder, after: string | undefined): { where: SQL | undefined; orderBy: SQL[] } {
  const sort = order.direction === 'asc' ? asc : desc;
  return {
    where: after === undefined ? undefined : beyond(order, decodeCursor(after, order.columns.length)),
    orderBy: order.columns.map((column) => sort(column)),
  };
}

/**
 * Cuts the page out of `limit + 1` rows. `keyOf` gives a row's values of the order's columns.
 */
export function pageFrom<Row, Item>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => readonly Key[],
  present: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit;
  return {
    data: shown.map(present),
    page: { hasMore, next: hasMore && last !== undefined ? encodeCursor(keyOf(last)) : null },
  };
}

const encodeCursor = (keys: readonly Key[]) => Buffer.from(JSON.stringify(keys)).toString('base64url');

function decodeCursor(cursor: string, width: number): Key[] {
  try {
    const keys = z
      .array(z.union([z.string(), z.number()]))
      .length(width)
      .parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    if (keys.some((key) => typeof key === 'string' && key.includes('\0'))) throw new Error('NUL in cursor');
    return keys;
  } catch {
    throw new InvalidInput({
      pointer: '?after',
      code: 'invalid_cursor',
      message: 'Expected `after` to be the `next` of an earlier page of this list.',
    });
  }
}

// (a, b) > (x, y) written out as a > x or (a = x and b > y): each comparison is leakproof and uses the index.
function beyond(order: KeysetOrder, keys: readonly Key[]): SQL | undefined {
  const step = order.direction === 'asc' ? gt : lt;
  return or(
    ...order.columns.map((column, at) =>
      and(...order.columns.slice(0, at).map((earlier, i) => eq(earlier, keys[i])), step(column, keys[at])),
    ),
  );
}
