import { pictureOf } from '../../catalog/files/pictures.contract.ts';
import { type Money, toView } from '../../kernel/money.ts';
import { reckon } from '../../pricing/totals/reckon.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import { totalsView } from '../../pricing/totals/totals-view.contract.ts';
import { requirementsOf } from './cart-requirements.ts';
import type { CartScene } from './cart-scene.service.ts';
import { warningsOf } from './cart-warnings.ts';
import type { CartView } from './carts.contract.ts';

type Line = CartScene['basket']['lines'][number];

/** A cart as it is shown. `totals` where they were reckoned already. */
export function cartViewOf(
  scene: CartScene,
  { totals = reckon(scene.basket), withExplanation = false }: { totals?: Totals; withExplanation?: boolean } = {},
): CartView {
  const { cart, basket } = scene;
  const { lines: lineTotals, ...sums } = totalsView(totals, { withExplanation });
  const byLine = new Map(basket.lines.map((line) => [line.id, line]));
  const lines = lineTotals.flatMap(({ lineId, ...amounts }) => {
    const line = byLine.get(lineId);
    return line ? [{ ...aboutLine(scene, line), ...amounts }] : [];
  });
  const { emailKey: _, ...own } = cart;
  return {
    ...own,
    ...sums,
    lines,
    discountCodes: [...basket.codes],
    // Ids of lines and profiles are ids of their kinds: they were read from those columns.
    requirements: requirementsOf(scene, totals) as CartView['requirements'],
    warnings: warningsOf(scene) as CartView['warnings'],
  };
}

function aboutLine({ lines, basket }: CartScene, line: Line) {
  const money = (amountMinor: bigint): Money => ({ amountMinor, currency: basket.currency });
  return {
    id: line.id as CartView['lines'][number]['id'], // a cart's line is read by that id
    variantId: line.variantId,
    productId: line.productId,
    title: line.title,
    variantTitle: line.variantTitle,
    sku: line.sku,
    handle: line.handle,
    options: { ...line.options },
    properties: { ...lines.get(line.id)?.properties },
    image: imageOf(line),
    compareAt: line.compareAt === null ? null : toView(money(line.compareAt)),
    requiresShipping: line.requiresShipping,
  };
}

function imageOf({ picture }: Line): CartView['lines'][number]['image'] {
  const shown = picture && pictureOf(picture);
  return shown && { ...shown, alt: picture.alt };
}
