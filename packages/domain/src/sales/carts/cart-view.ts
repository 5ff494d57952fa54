import { pictureOf } from '../../catalog/files/pictures.contract.ts';
import { type Money, toView } from '../../kernel/money.ts';
import { reckon } from '../../pricing/totals/reckon.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import { type TotalsView, totalsView } from '../../pricing/totals/totals-view.contract.ts';
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
  const view = totalsView(totals, { withExplanation });
  const byLine = new Map(basket.lines.map((line) => [line.id, line]));
  const lines = view.lines.flatMap((amounts) => {
    const line = byLine.get(amounts.lineId);
    return line ? [lineViewOf(scene, line, amounts)] : [];
  });
  const warnings = warningsOf(scene);
  // Field by field: a cart is shown with every answer, and objects made by spreading cost several times as much.
  return {
    id: cart.id,
    customerId: cart.customerId,
    status: cart.status,
    locale: cart.locale,
    email: cart.email,
    phone: cart.phone,
    note: cart.note,
    shippingAddress: cart.shippingAddress,
    billingAddress: cart.billingAddress,
    version: cart.version,
    expiresAt: cart.expiresAt,
    createdAt: cart.createdAt,
    updatedAt: cart.updatedAt,
    currency: view.currency,
    pricesIncludeTax: view.pricesIncludeTax,
    shippingLines: view.shippingLines,
    discounts: view.discounts,
    totals: view.totals,
    ...(view.explanation && { explanation: view.explanation }),
    lines,
    discountCodes: [...basket.codes],
    // Ids of lines and profiles are ids of their kinds: they were read from those columns.
    requirements: requirementsOf(scene, totals, warnings) as CartView['requirements'],
    warnings: warnings as CartView['warnings'],
  };
}

function lineViewOf(
  { lines, basket }: CartScene,
  line: Line,
  amounts: TotalsView['lines'][number],
): CartView['lines'][number] {
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
    quantity: amounts.quantity,
    obstacle: amounts.obstacle,
    unitPrice: amounts.unitPrice,
    subtotal: amounts.subtotal,
    discounts: amounts.discounts,
    discount: amounts.discount,
    taxes: amounts.taxes,
    tax: amounts.tax,
    total: amounts.total,
  };
}

function imageOf({ picture }: Line): CartView['lines'][number]['image'] {
  const shown = picture && pictureOf(picture);
  return shown && { ...shown, alt: picture.alt };
}
