import { randomInt } from 'node:crypto';
import { and, eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { codeKeyOf } from './discount-codes.ts';
import { CODES_PER_DISCOUNT_MAX } from './discounts.contract.ts';
import { DiscountCodesTaken, DiscountLimitReached } from './discounts.errors.ts';
import { discountCodes } from './discounts.schema.ts';

type DiscountId = Id<'dis'>;

/** Without what is mistaken for another when it is read out: 0 and O, 1, I and L, U and V. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
const RANDOM_LENGTH = 10;
const TAKEN_SHOWN_MAX = 10;

/**
 * Inserts codes under the discount's lock; gives how many. Codes that differ in case or spaces alone are one. A code that
 * was there before goes on counting what was used of it. Throws `DiscountCodesTaken`.
 */
export async function insertCodes(
  ctx: Ctx,
  discountId: DiscountId,
  codes: readonly string[],
  usageLimit: number | null,
): Promise<number> {
  const wanted = new Map([...codes].reverse().map((code) => [codeKeyOf(code), code]));
  if (wanted.size === 0) return 0;
  const inserted = await tryInsert(ctx, discountId, wanted, usageLimit);
  if (inserted.length === wanted.size) return inserted.length;
  const fresh = new Set(inserted);
  const taken = [...wanted].flatMap(([key, code]) => (fresh.has(key) ? [] : [code]));
  throw new DiscountCodesTaken(taken.reverse().slice(0, TAKEN_SHOWN_MAX));
}

/** Random codes that nobody guesses: 30^10 of them. Those that are taken by chance are drawn anew. */
export async function insertRandomCodes(
  ctx: Ctx,
  discountId: DiscountId,
  batch: { count: number; prefix: string; usageLimit: number | null },
): Promise<string[]> {
  const made = new Map<string, string>();
  while (made.size < batch.count) {
    const drawn = new Map<string, string>();
    while (made.size + drawn.size < batch.count) {
      const code = batch.prefix + randomWord();
      drawn.set(codeKeyOf(code), code);
    }
    for (const key of await tryInsert(ctx, discountId, drawn, batch.usageLimit)) made.set(key, drawn.get(key) ?? key);
  }
  return [...made.values()];
}

const randomWord = () => Array.from({ length: RANDOM_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** The keys that were free. */
async function tryInsert(
  ctx: Ctx,
  discountId: DiscountId,
  codes: ReadonlyMap<string, string>,
  usageLimit: number | null,
): Promise<string[]> {
  // In one order for all, so that two who add the same codes do not wait for each other in a circle.
  const rows = [...codes].map(([k, c]) => ({ k, c })).sort((a, b) => (a.k < b.k ? -1 : 1));
  const inserted = await ctx.tx.execute<{ key: string }>(sql`
    insert into discount_codes (company_id, code_key, discount_id, code, usage_limit, used)
    select ${ctx.companyId}, g.k, ${discountId}, g.c, ${usageLimit}::integer,
      least(${usageLimit}::integer, coalesce(before.used, 0))
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as g(k text collate "C", c text)
    left join (select r.code_key, count(*)::integer as used from discount_redemptions r
      where r.company_id = ${ctx.companyId} and r.discount_id = ${discountId} and r.status = 'active'
      group by r.code_key) before on before.code_key = g.k
    on conflict (company_id, code_key) do nothing
    returning code_key as key`);
  return inserted.map(({ key }) => key);
}

/** Deletes one code; orders that used it keep it. Throws `NotFound`. */
export async function deleteCode(ctx: Ctx, discountId: DiscountId, code: string): Promise<void> {
  const isIt = and(eq(discountCodes.codeKey, codeKeyOf(code)), eq(discountCodes.discountId, discountId));
  const gone = await ctx.tx
    .delete(discountCodes)
    .where(mine(ctx, discountCodes, isIt))
    .returning({ key: discountCodes.codeKey });
  if (gone.length === 0) throw new NotFound('code of this discount');
}

/** Throws `DiscountLimitReached` when so many more do not fit. */
export function refuseTooManyCodes(present: number, more: number): void {
  if (present + more <= CODES_PER_DISCOUNT_MAX) return;
  throw new DiscountLimitReached(
    `A discount has at most ${CODES_PER_DISCOUNT_MAX} codes, and this one has ${present}. Remove some, or make a second discount.`,
  );
}
