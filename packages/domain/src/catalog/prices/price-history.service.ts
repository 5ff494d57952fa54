import { asc, eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { toView } from '../../kernel/money.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { productVariants } from '../products/variants.schema.ts';
import type { PriceChangeView, PriorPriceView } from './prices.contract.ts';
import { priceChanges } from './prices.schema.ts';
import { type PriceChange, priorPrice } from './prior-price.ts';

/** The newest lines of a variant in each currency that are looked at for its prior price: years, for most. */
const CHANGES_PER_CURRENCY_MAX = 2_000;

type VariantId = Id<'var'>;

/** What a variant ever cost, newest first; of archived variants too. Throws `NotFound`. */
export async function listPriceChanges(
  ctx: Ctx,
  variantId: VariantId,
  { limit, after }: ListQuery,
): Promise<Page<PriceChangeView>> {
  await refuseUnknownVariant(ctx, variantId);
  const { where, orderBy } = keyset({ columns: [priceChanges.id], direction: 'desc' }, after);
  const rows = await ctx.tx
    .select()
    .from(priceChanges)
    .where(mine(ctx, priceChanges, eq(priceChanges.variantId, variantId), where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(rows, limit, (row) => [row.id], viewOf);
}

/** What a variant costs now in each currency, since when, and its lowest price in the 30 days before. Throws `NotFound`. */
export async function priorPricesOf(ctx: Ctx, variantId: VariantId): Promise<{ data: PriorPriceView[] }> {
  await refuseUnknownVariant(ctx, variantId);
  const lines = new Map<string, PriceChange[]>();
  let now = ctx.now.toISOString();
  for (const { currency, ...line } of await newestChanges(ctx, variantId)) {
    const ofCurrency = lines.get(currency);
    if (ofCurrency) ofCurrency.push(line);
    else lines.set(currency, [line]);
    // The history is written by the database's clock, which may be a little ahead of ours.
    if (line.changedAt > now) now = line.changedAt;
  }
  const data = [...lines]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([currency, changes]): PriorPriceView[] => {
      const prior = priorPrice(changes, now);
      if (!prior) return [];
      const lowest = prior.lowestBeforeMinor;
      return [
        {
          ...toView({ amountMinor: prior.currentMinor, currency }),
          since: prior.currentSince,
          lowestBefore: lowest === null ? null : toView({ amountMinor: lowest, currency }).amount,
        },
      ];
    });
  return { data };
}

/** The newest lines in each currency, oldest first, and before them the prices that stood already. */
function newestChanges(ctx: Ctx, variantId: VariantId): Promise<(PriceChange & { currency: string })[]> {
  const { id, priceId, currency, change, amount, compareAt, validFrom, validUntil, changedAt } = priceChanges;
  const ofVariant = mine(ctx, priceChanges, eq(priceChanges.variantId, variantId));
  const isLookedAt = sql`${id} in (
    with placed as (
      select ${id} as id, ${priceId} as price_id, ${change} as change,
        row_number() over (partition by ${currency} order by ${id} desc) <= ${CHANGES_PER_CURRENCY_MAX}::int as is_new
      from ${priceChanges} where ${ofVariant}
    ), standing as (
      select distinct on (price_id) id, change from placed where not is_new order by price_id, id desc
    )
    select id from placed where is_new union all select id from standing where change = 'set')`;
  return ctx.tx
    .select({
      priceId,
      currency,
      change,
      amountMinor: amount,
      compareAtMinor: compareAt,
      validFrom,
      validUntil,
      changedAt,
    })
    .from(priceChanges)
    .where(mine(ctx, priceChanges, eq(priceChanges.variantId, variantId), isLookedAt))
    .orderBy(asc(id));
}

async function refuseUnknownVariant(ctx: Ctx, variantId: VariantId): Promise<void> {
  const found = await ctx.tx
    .select({ id: productVariants.id })
    .from(productVariants)
    .where(mine(ctx, productVariants, eq(productVariants.id, variantId)));
  if (found.length === 0) throw new NotFound('variant');
}

function viewOf(row: typeof priceChanges.$inferSelect): PriceChangeView {
  const { currency } = row;
  return {
    id: row.id,
    change: row.change,
    ...toView({ amountMinor: row.amount, currency }),
    compareAt: row.compareAt === null ? null : toView({ amountMinor: row.compareAt, currency }).amount,
    validFrom: row.validFrom,
    validUntil: row.validUntil,
    changedAt: row.changedAt,
    changedBy: { type: row.actorType, id: row.actorId },
  };
}
