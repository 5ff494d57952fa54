import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import { refuseClaimed } from '../../kernel/idempotency.ts';
import type { PriceUpdates, PriceUpdatesOutcome } from './variant-prices.contract.ts';
import { type PriceUpdateResult, sharesOf, updatePrices } from './variant-prices.service.ts';

/**
 * Sets many prices by SKU, a share after the other. Broken off half-way, the shares before stay; sent again, they are
 * unchanged and the rest follows.
 */
export async function updatePricesInShares(
  run: Run,
  session: Session,
  input: PriceUpdates,
): Promise<PriceUpdatesOutcome> {
  const { idempotency } = session;
  const shares = await run(lookingOnly(session), async (ctx) => {
    // The last share claims the key. What was answered before, or is another request, must not write the others first.
    if (idempotency) await refuseClaimed(ctx.tx, session, idempotency);
    return sharesOf(ctx, input);
  });
  const last = shares.pop() ?? [];
  const results = new Map<number, PriceUpdateResult>();
  for (const places of shares) {
    const saved = await run(lookingOnly(session), (ctx) => updatePrices(ctx, input, places));
    for (const [at, place] of places.entries()) if (saved[at]) results.set(place, saved[at]);
  }
  // It keeps the answer under the idempotency key: that of the whole request.
  return run(session, async (ctx) => {
    const saved = await updatePrices(ctx, input, last);
    const all = new Map(results);
    for (const [at, place] of last.entries()) if (saved[at]) all.set(place, saved[at]);
    return outcomeOf(input, all);
  });
}

function outcomeOf({ updates }: PriceUpdates, byPlace: ReadonlyMap<number, PriceUpdateResult>): PriceUpdatesOutcome {
  const results = updates.flatMap((_update, place) => byPlace.get(place) ?? []);
  const countOf = (outcome: string) => results.filter((result) => result.outcome === outcome).length;
  return { updated: countOf('updated'), unchanged: countOf('unchanged'), refused: countOf('refused'), results };
}
