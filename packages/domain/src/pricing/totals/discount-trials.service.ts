import type { Ctx } from '../../kernel/ctx.ts';
import { readBasket } from './basket-reader.service.ts';
import type { DiscountTrialView, NewDiscountTrial } from './discount-trials.contract.ts';
import { LINE_WORDS, SHIPPING_WORDS } from './obstacle-words.ts';
import { reckon } from './reckon.ts';
import type { Requirement } from './totals.ts';
import { parcelsView, totalsView } from './totals-view.contract.ts';

/** Reckons a basket nobody has put together. A few statements; nothing is written. Throws as `readBasket` does. */
export async function tryDiscounts(
  ctx: Ctx,
  { shippingAddress, ...asked }: NewDiscountTrial,
): Promise<DiscountTrialView> {
  const totals = reckon(await readBasket(ctx, { ...asked, shipTo: shippingAddress }));
  return {
    ...totalsView(totals, { isForStaff: true, withExplanation: true }),
    parcels: parcelsView(totals),
    requirements: totals.requirements.map((one) => ({ code: one.code, message: messageOf(one) })),
  };
}

function messageOf(requirement: Requirement): string {
  switch (requirement.code) {
    case 'empty':
      return 'There is nothing in it.';
    case 'line':
      return `Line ${requirement.lineId}: ${LINE_WORDS[requirement.obstacle]}`;
    case 'shipping_address':
      return 'It is not known where the goods go. Give a shippingAddress.';
    case 'shipping_option':
      return SHIPPING_WORDS[requirement.why];
  }
}
