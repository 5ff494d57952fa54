import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { FieldFault } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { stockLocations } from '../inventory/inventory.schema.ts';
import { UNITS_MAX } from '../inventory/stock.contract.ts';
import { boundariesOf } from '../prices/listing-prices.ts';
import type { PriceDraft } from '../prices/price-draft.ts';
import { PRICE_TIMES_PER_PRODUCT_MAX, priceFaults } from '../prices/price-rules.ts';
import { readPrices } from '../prices/prices.service.ts';
import type { ProductSave } from './product-save.ts';

type StoredPrices = ReadonlyMap<Id<'var'>, readonly PriceDraft[]>;

/** What is wrong with prices and stock, by the place of the save. Found before anything is written. */
export async function faultsBeside(
  ctx: Ctx,
  saves: readonly ProductSave[],
): Promise<Map<number, readonly [FieldFault, ...FieldFault[]]>> {
  const locationIds = saves.flatMap(({ stock = [] }) =>
    stock.flatMap((variant) => variant?.onHand.flatMap(({ locationId }) => locationId ?? []) ?? []),
  );
  const known = await knownLocations(ctx, locationIds);
  const stored = await storedPrices(ctx, saves.filter(givesTimes));
  const faults = new Map<number, readonly [FieldFault, ...FieldFault[]]>();
  saves.forEach((save, at) => {
    const { prices = [], priceCurrencies } = save;
    const ofPrices = prices.flatMap((drafts, variant) =>
      drafts ? priceFaults(drafts, `/variants/${variant}/prices`, priceCurrencies) : [],
    );
    const [first, ...others] = [
      ...ofPrices,
      ...(ofPrices.length === 0 ? priceTimeFaults(save, stored) : []),
      ...stockFaults(save, known),
    ];
    if (first) faults.set(at, [first, ...others]);
  });
  return faults;
}

function stockFaults({ id, draft, stock = [] }: ProductSave, known: ReadonlySet<string>): FieldFault[] {
  return stock.flatMap((variant, place): FieldFault[] => {
    if (!variant) return [];
    const pointer = `/variants/${place}/onHand`;
    if (draft.kind === 'bundle' && variant.onHand.length > 0 && (id === undefined || variant.alsoExisting)) {
      const message = 'A bundle has as many as its components allow. Leave onHand out, and count those.';
      return [{ pointer, code: 'stock_of_a_bundle', message }];
    }
    return variant.onHand.flatMap(({ locationId, quantity }, shelf) => {
      const where = `${pointer}/${shelf}`;
      if (!Number.isSafeInteger(quantity) || quantity < 0 || quantity > UNITS_MAX)
        return [{ pointer: where, code: 'out_of_range', message: `Expected 0 to ${UNITS_MAX} units.` }];
      if (locationId === undefined || known.has(locationId)) return [];
      const message = 'There is no such stock location in this company.';
      return [{ pointer: `${where}/locationId`, code: 'unknown_location', message }];
    });
  });
}

const isTimed = ({ validFrom, validUntil }: PriceDraft) => validFrom !== null || validUntil !== null;
const givesTimes = ({ prices = [] }: ProductSave) => prices.some((drafts) => drafts?.some(isTimed));

/**
 * What `refreshListingPrices` would throw for one product of a batch, as that product's own fault. A draft's variant
 * without an id counts as new: that one is caught there if it turns out to have prices already.
 */
function priceTimeFaults(save: ProductSave, stored: StoredPrices): FieldFault[] {
  if (!givesTimes(save)) return [];
  const { draft, prices = [], priceCurrencies } = save;
  const variants = draft.variants.map(({ id }, at) => {
    const [before, given] = [(id && stored.get(id)) ?? [], prices[at]];
    if (!given) return before;
    return [...before.filter(({ currency }) => priceCurrencies && !priceCurrencies.includes(currency)), ...given];
  });
  const currencies = [...new Set(variants.flatMap((drafts) => drafts.map(({ currency }) => currency)))];
  return currencies.flatMap((currency) => {
    const times = boundariesOf(variants.map((drafts) => drafts.filter((price) => price.currency === currency)));
    if (times.length <= PRICE_TIMES_PER_PRODUCT_MAX) return [];
    const at = prices.findIndex((drafts) => drafts?.some((price) => price.currency === currency && isTimed(price)));
    const message = `The ${currency} prices of one product begin and end at more than ${PRICE_TIMES_PER_PRODUCT_MAX} different times. Take out those whose time is over, or let sales begin and end together.`;
    return [{ pointer: `/variants/${Math.max(0, at)}/prices`, code: 'too_many_price_times', message }];
  });
}

const storedPrices = (ctx: Ctx, saves: readonly ProductSave[]): Promise<StoredPrices> =>
  readPrices(
    ctx,
    saves.flatMap(({ draft }) => draft.variants.flatMap(({ id }) => id ?? [])),
  );

async function knownLocations(ctx: Ctx, ids: readonly Id<'loc'>[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await ctx.tx
    .select({ id: stockLocations.id })
    .from(stockLocations)
    .where(mine(ctx, stockLocations, isAnyOf(stockLocations.id, new Set(ids))));
  return new Set(rows.map(({ id }) => id));
}
