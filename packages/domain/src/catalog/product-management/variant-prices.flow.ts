import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import type { PriceUpdates, PriceUpdatesOutcome } from './variant-prices.contract.ts';
import { updatePrices } from './variant-prices.service.ts';

/** Rows saved in one transaction: products may be large, and a transaction may take seconds only. */
const ROWS_AT_ONCE = 200;
const NOTHING: PriceUpdatesOutcome = { updated: 0, unchanged: 0, refused: 0, results: [] };

/**
 * Sets many prices by SKU, a share after the other. Broken off half-way, the shares before stay; sent again, they are
 * unchanged and the rest follows.
 */
export async function updatePricesInShares(
  run: Run,
  session: Session,
  input: PriceUpdates,
): Promise<PriceUpdatesOutcome> {
  let all = NOTHING;
  for (let from = 0; from < input.updates.length; from += ROWS_AT_ONCE) {
    const isLast = from + ROWS_AT_ONCE >= input.updates.length;
    const before = all;
    // The last one keeps the answer under the idempotency key: that of the whole request.
    all = await run(isLast ? session : lookingOnly(session), async (ctx) =>
      together(before, await updatePrices(ctx, input, from, from + ROWS_AT_ONCE)),
    );
  }
  return all;
}

const together = (a: PriceUpdatesOutcome, b: PriceUpdatesOutcome): PriceUpdatesOutcome => ({
  updated: a.updated + b.updated,
  unchanged: a.unchanged + b.unchanged,
  refused: a.refused + b.refused,
  results: [...a.results, ...b.results],
});
