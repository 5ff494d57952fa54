import { InvalidInput } from '../../kernel/errors.ts';
import { exactTime } from './listing-text.ts';

/** An order a list can have: those visitors ask for, and the merchant's own of a collection (`manual`). */
export type SortKey = 'relevance' | 'newest' | 'price' | '-price' | 'title' | '-title' | 'manual';

export interface ListOrder {
  /** `order by`; the last column is unique, so every product has one place. */
  readonly by: string;
  /** The first column of the order as text that loses nothing, for the cursor. */
  readonly cursor: string;
  /** What a cursor's first value must look like: it goes into a cast. */
  readonly form: RegExp;
  /** The condition that continues after a cursor. */
  readonly beyond: (key: string, id: string) => string;
  /** The order stands in the collection's members. */
  readonly needsMembers?: boolean;
}

const WHOLE = /^\d{1,16}$/;
const TIME = /^[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?$/;
const TITLE = /^[^\0]{1,2000}$/s;
const ID = /^prod_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

// Compared as rows where both columns run the same way: one range of the index.
const ORDERS: Record<SortKey, ListOrder> = {
  newest: {
    // As the index says it.
    by: 'p.published_at desc nulls last, p.id desc nulls last',
    cursor: exactTime('p.published_at'),
    form: TIME,
    beyond: (key, id) => `(p.published_at, p.id) < (${key}::text::timestamp at time zone 'UTC', ${id}::text)`,
  },
  price: {
    by: 'lp.min_amount, lp.product_id',
    cursor: 'lp.min_amount::text',
    form: WHOLE,
    beyond: (key, id) => `(lp.min_amount, lp.product_id) > (${key}::text::bigint, ${id}::text)`,
  },
  '-price': {
    by: 'lp.min_amount desc, lp.product_id desc',
    cursor: 'lp.min_amount::text',
    form: WHOLE,
    beyond: (key, id) => `(lp.min_amount, lp.product_id) < (${key}::text::bigint, ${id}::text)`,
  },
  title: {
    by: 'p.title_key, p.id',
    cursor: 'p.title_key',
    form: TITLE,
    beyond: (key, id) => `(p.title_key, p.id) > (${key}::text, ${id}::text)`,
  },
  '-title': {
    by: 'p.title_key desc, p.id desc',
    cursor: 'p.title_key',
    form: TITLE,
    beyond: (key, id) => `(p.title_key, p.id) < (${key}::text, ${id}::text)`,
  },
  relevance: {
    by: 's.rank, s.product_id desc',
    cursor: 's.rank::text',
    form: WHOLE,
    beyond: (key, id) =>
      `(s.rank > ${key}::text::bigint or (s.rank = ${key}::text::bigint and s.product_id < ${id}::text))`,
  },
  manual: {
    by: 'm.position, m.product_id',
    cursor: 'm.position::text',
    form: WHOLE,
    beyond: (key, id) => `(m.position, m.product_id) > (${key}::text::bigint, ${id}::text)`,
    needsMembers: true,
  },
};

export const orderOf = (sort: SortKey): ListOrder => ORDERS[sort];

/** The cursor behind the last product of a page. It is good for this order only. */
export const cursorOf = (sort: SortKey, key: string, id: string): string =>
  Buffer.from(JSON.stringify([sort, key, id])).toString('base64url');

/** A cursor's two values. Throws `InvalidInput` on one that is not whole, or of another order. */
export function readCursor(sort: SortKey, cursor: string): { key: string; id: string } {
  const parts = partsOf(cursor);
  const [of, key, id] = parts;
  if (parts.length !== 3 || typeof of !== 'string' || typeof key !== 'string' || typeof id !== 'string')
    throw invalidCursor('Expected `after` to be the `next` of an earlier page of this list.');
  if (of !== sort)
    throw invalidCursor(
      'This `after` belongs to another order. Ask with the same `sort`, or begin anew without `after`.',
    );
  if (!ORDERS[sort].form.test(key) || (sort === 'newest' && !isDay(key)) || !ID.test(id))
    throw invalidCursor('Expected `after` to be the `next` of an earlier page of this list.');
  return { key, id };
}

/** The 31st of February has the form of a day, and PostgreSQL does not take it. */
const isDay = (time: string): boolean => {
  const day = time.slice(0, 'yyyy-mm-dd'.length);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
};

function partsOf(cursor: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

const invalidCursor = (message: string) => new InvalidInput({ pointer: '?after', code: 'invalid_cursor', message });
