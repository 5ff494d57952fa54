import { type Id, newId } from '../../kernel/ids.ts';
import type { PriceDraft, PriceWrite } from './price-draft.ts';
import { priceKey } from './price-rules.ts';

type VariantId = Id<'var'>;

export interface StoredPrice extends PriceDraft {
  id: Id<'prc'>;
  variantId: VariantId;
}

/** What one batch does to the price rows: those set anew or to another amount, and those that go. */
export interface PriceDifference {
  set: (StoredPrice & { isNew: boolean })[];
  removed: StoredPrice[];
}

/** What has to be done so that `stored` becomes what is wanted. Rows of variants that nothing is wanted of stay. */
export function differenceOf(writes: readonly PriceWrite[], stored: readonly StoredPrice[]): PriceDifference {
  const ofVariant = new Map<VariantId, Map<string, StoredPrice>>(writes.map(({ variantId }) => [variantId, new Map()]));
  for (const price of stored) ofVariant.get(price.variantId)?.set(priceKey(price), price);
  const difference: PriceDifference = { set: [], removed: [] };
  for (const { variantId, prices: drafts, currencies } of writes) {
    const there = ofVariant.get(variantId) ?? new Map<string, StoredPrice>();
    for (const draft of drafts) {
      const was = there.get(priceKey(draft));
      there.delete(priceKey(draft));
      if (was?.amountMinor === draft.amountMinor && was.compareAtMinor === draft.compareAtMinor) continue;
      difference.set.push({ ...draft, variantId, id: was?.id ?? newId('prc'), isNew: was === undefined });
    }
    for (const was of there.values())
      if (!currencies || currencies.includes(was.currency)) difference.removed.push(was);
  }
  return difference;
}

/** The rows there are once the difference is made. */
export function pricesAfter(stored: readonly StoredPrice[], { set, removed }: PriceDifference): StoredPrice[] {
  const replaced = new Set([...set, ...removed].map(({ id }) => id));
  return [...stored.filter(({ id }) => !replaced.has(id)), ...set];
}
