import { type MoneyView, toView } from '../../kernel/money.ts';
import { unitsByVariant } from './cart-quantities.ts';
import type { CartScene } from './cart-scene.service.ts';

/** Something a shopper should know of a line; what keeps them from checking out is a requirement as well. JSON-ready. */
export interface CartWarning {
  readonly code: 'price_changed' | 'not_for_sale' | 'insufficient_stock' | 'out_of_stock';
  readonly lineId: string;
  readonly message: string;
  /** For `price_changed`: what one cost when it was put in, and what it costs now. */
  readonly before: MoneyView | null;
  readonly now: MoneyView | null;
  /** For `insufficient_stock`: units there are now, for all lines with that variant together. */
  readonly available: number | null;
}

type Line = CartScene['basket']['lines'][number];

const bare = { before: null, now: null, available: null };

/** What is to be said of a cart's lines, in their order. Of stock only what it looks like now: checkout reserves it. */
export function warningsOf(scene: CartScene): CartWarning[] {
  const wanted = unitsByVariant(scene.basket.lines);
  return scene.basket.lines.flatMap((line) => warningsOfLine(scene, line, wanted.get(line.variantId) ?? line.quantity));
}

function warningsOfLine({ lines, basket }: CartScene, line: Line, wanted: number): CartWarning[] {
  const { id: lineId, unitAmount } = line;
  const own = lines.get(lineId);
  if (!line.isForSale) return [{ ...bare, code: 'not_for_sale', lineId, message: 'This is not for sale any more.' }];
  const found: CartWarning[] = [];
  const added = own?.unitAmountAdded ?? null;
  if (added !== null && unitAmount !== null && added !== unitAmount) {
    const money = (amountMinor: bigint) => toView({ amountMinor, currency: basket.currency });
    const message = `The price went ${unitAmount > added ? 'up' : 'down'} since this was put into the cart.`;
    found.push({ ...bare, code: 'price_changed', lineId, message, before: money(added), now: money(unitAmount) });
  }
  const available = own?.available ?? null;
  if (available === null || available >= wanted) return found;
  const left = Math.max(0, available);
  found.push(
    left === 0
      ? { ...bare, code: 'out_of_stock', lineId, message: 'This is sold out.', available: 0 }
      : { ...bare, code: 'insufficient_stock', lineId, message: `Only ${left} of this are left.`, available: left },
  );
  return found;
}
