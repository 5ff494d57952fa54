import { deleteAll, insertAll, isAnyOf, upsertAll } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { mine } from '../../kernel/tables.ts';
import { boundariesOf, type ListingStretch, listingStretches } from './listing-prices.ts';
import { livingPrices, type ProductPrice } from './price-rows.service.ts';
import { PRICE_TIMES_PER_PRODUCT_MAX } from './price-rules.ts';
import { listingPrices } from './prices.schema.ts';

type ProductId = Id<'prod'>;

/**
 * Works out anew what products cost in lists. Whoever adds or archives variants without writing prices calls it; the
 * product rows are locked already. Throws `InvalidInput` when they begin and end at too many different times.
 */
export async function refreshListingPrices(ctx: Ctx, productIds: readonly ProductId[]): Promise<void> {
  if (productIds.length > 0) await writeListingPrices(ctx, productIds, await livingPrices(ctx, productIds));
}

/** The same when the prices of all their variants that are for sale are known. */
export async function writeListingPrices(
  ctx: Ctx,
  productIds: readonly ProductId[],
  living: readonly ProductPrice[],
): Promise<void> {
  const stored = await ctx.tx
    .select()
    .from(listingPrices)
    .where(mine(ctx, listingPrices, isAnyOf(listingPrices.productId, productIds)));
  const before = new Map(stored.map((row) => [listingKey(row), row]));
  const wanted = [...byProduct(living).values()].flatMap(({ productId, currency, variants }) => {
    const lists = [...variants.values()];
    if (boundariesOf(lists).length > PRICE_TIMES_PER_PRODUCT_MAX) throw tooManyTimes(currency);
    return listingStretches(lists).map((stretch) => listingRow(productId, currency, stretch));
  });
  const isSame = (row: ListingRow) => {
    const was = before.get(listingKey(row));
    return (
      was !== undefined &&
      was.validUntil === row.validUntil &&
      was.minAmount === row.minAmount &&
      was.maxAmount === row.maxAmount &&
      was.compareAt === row.compareAt
    );
  };
  const kept = new Set(wanted.map(listingKey));
  const gone = stored.filter((row) => !kept.has(listingKey(row)));
  await deleteAll(ctx, listingPrices, ['productId', 'currency', 'validFrom'], gone);
  const isKnown = (row: ListingRow) => before.has(listingKey(row));
  const changed = wanted.filter((row) => isKnown(row) && !isSame(row));
  await upsertAll(ctx, listingPrices, ['productId', 'currency', 'validFrom'], changed);
  await insertAll(
    ctx,
    listingPrices,
    wanted.filter((row) => !isKnown(row)),
  );
}

const tooManyTimes = (currency: Currency) =>
  new InvalidInput({
    pointer: '/prices',
    code: 'too_many_price_times',
    message: `The ${currency} prices of one product begin and end at more than ${PRICE_TIMES_PER_PRODUCT_MAX} different times. Take out those whose time is over, or let sales begin and end together.`,
  });

type ListingRow = Omit<typeof listingPrices.$inferInsert, 'companyId'>;
const listingKey = ({ productId, currency, validFrom }: Pick<ListingRow, 'productId' | 'currency' | 'validFrom'>) =>
  `${productId} ${currency} ${validFrom}`;

const listingRow = (productId: ProductId, currency: Currency, stretch: ListingStretch) => ({
  productId,
  currency,
  validFrom: stretch.validFrom,
  validUntil: stretch.validUntil,
  minAmount: stretch.minAmountMinor,
  maxAmount: stretch.maxAmountMinor,
  compareAt: stretch.compareAtMinor,
});

interface InCurrency {
  productId: ProductId;
  currency: Currency;
  variants: Map<Id<'var'>, ProductPrice[]>;
}

/** Prices together for each product and currency. */
function byProduct(living: readonly ProductPrice[]): Map<string, InCurrency> {
  const found = new Map<string, InCurrency>();
  for (const price of living) {
    const { productId, currency, variantId } = price;
    const key = `${productId} ${currency}`;
    const entry = found.get(key) ?? { productId, currency, variants: new Map() };
    found.set(key, entry);
    const ofVariant = entry.variants.get(variantId);
    if (ofVariant) ofVariant.push(price);
    else entry.variants.set(variantId, [price]);
  }
  return found;
}
