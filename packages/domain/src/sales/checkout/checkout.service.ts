import { InsufficientStock } from '../../catalog/inventory/inventory.errors.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { toView } from '../../kernel/money.ts';
import { emailKey } from '../../kernel/text.ts';
import { reckon } from '../../pricing/totals/reckon.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import { type CartScene, lockCartScene } from '../carts/cart-scene.service.ts';
import { CartClosed } from '../carts/carts.errors.ts';
import { closeCart } from '../carts/carts.service.ts';
import { placeOrder } from '../orders/placement.service.ts';
import { openPayment } from '../payments/attempts.service.ts';
import type { NewCheckout } from './checkout.contract.ts';
import { CartSoldOut, CheckoutIncomplete, IdempotencyKeyMissing, TotalChanged } from './checkout.errors.ts';
import { goOnWith } from './checkout-again.service.ts';
import type { Begun, CheckoutRequest } from './checkout-begun.ts';
import { type CheckoutFacts, readCheckoutFacts } from './checkout-facts.service.ts';
import { changesOf, checkoutFaults, isTotal, stockFaults } from './checkout-faults.ts';
import { endsCart, instructionsOf, type Way, wayOf } from './payment-way.ts';

/**
 * All of a checkout but the provider, in one transaction: locks the cart, reckons its totals anew, refuses what is missing
 * and another total than the one agreed to, takes discounts and goods, and stores order, event and payment. A cart that
 * has an unpaid order goes on with it; if it was changed since, the old order is cancelled and its goods go over. A cart
 * that was ordered answers its order, and is closed at once unless it is paid on a provider's page. Two at once take turns at the cart's lock.
 * Throws `NotFound`, `CartClosed`, `CheckoutIncomplete`, `TotalChanged`, `PaymentProviderMissing`, `ProviderNotSetUp`,
 * `CurrencyNotCharged`, `ReturnUrlRefused`, `DiscountUsedUp`, `InsufficientStock`, `IdempotencyKeyMissing`; and `GoodsTaken` (see
 * `withCare`) unless the request `isCareful`.
 */
export async function beginCheckout(ctx: Ctx, request: CheckoutRequest): Promise<Begun> {
  // Sent in one go, and worked on one after the other: the facts are of after the lock.
  const [scene, facts] = await Promise.all([
    lockCartScene(ctx, request.cartId, request.access),
    readCheckoutFacts(ctx, request.cartId),
  ]);
  if (!ctx.idempotency) throw new IdempotencyKeyMissing();
  if (scene.cart.status === 'merged') throw new CartClosed('merged');
  const orderId = newId('ord');
  const totals = reckon(scene.basket);
  const again = { scene, totals, facts, request, orderId };
  const former = facts.liveOrderId && (await goOnWith(ctx, facts.liveOrderId, again));
  if (former && 'order' in former) return former;
  if (scene.cart.status === 'ordered') throw new CartClosed('ordered');
  refuseIncomplete(scene, totals);
  refuseOtherTotal(scene, totals, request.body);
  const way = wayOf(ctx, scene, facts, request, totals.total);
  const { isCareful = false } = request;
  return place(ctx, scene, { orderId, totals, way, facts, isCareful, instead: former ? former.instead : undefined });
}

function refuseIncomplete(scene: CartScene, totals: Totals): void {
  const faults = checkoutFaults(scene, totals);
  if (faults.length > 0) throw new CheckoutIncomplete(faults);
}

function refuseOtherTotal(scene: CartScene, totals: Totals, { expectedTotal }: NewCheckout): void {
  if (isTotal(totals, expectedTotal)) return;
  const expected = { amountMinor: BigInt(expectedTotal.amount), currency: expectedTotal.currency };
  const actual = { amountMinor: totals.total, currency: totals.currency };
  const isJudged = scene.basket.discounts.some((one) => one.firstOrderOnly || one.perCustomerLimit !== null);
  throw new TotalChanged(expected, actual, changesOf(scene, totals, expected.amountMinor), isJudged);
}

interface Ready {
  readonly orderId: Id<'ord'>;
  readonly totals: Totals;
  readonly way: Way;
  readonly facts: CheckoutFacts;
  readonly isCareful: boolean;
  readonly instead: Id<'ord'> | undefined;
}

async function place(ctx: Ctx, scene: CartScene, ready: Ready): Promise<Begun> {
  const { orderId, totals, way, facts, isCareful, instead } = ready;
  const { cart, lines, basket, shop } = scene;
  const { mode } = facts;
  const email = cart.email ?? ''; // `refuseIncomplete` has proved it
  const { provider, returnUrl } = way;
  const wish = provider && { orderId, amount: totals.total, currency: totals.currency, provider, mode, returnUrl };
  let opened: Awaited<ReturnType<typeof openPayment>> | undefined;
  const placed = await placeOrder(ctx, {
    id: orderId,
    cart,
    email,
    emailKey: emailKey(email),
    propertiesOf: (lineId) => lines.get(lineId)?.properties ?? {},
    basket,
    totals,
    paymentProvider: way.provider,
    isOpen: way.isOpen,
    expiresAt: way.expiresAt,
    instead,
    supply: facts,
    isCareful,
    numbering: shop.settings('orders'),
    mailsTo: shop.settings('notification').orderMailsTo,
    instructions: way.provider === 'manual' ? instructionsOf(scene) : null,
    async behind() {
      [opened] = await Promise.all([
        wish ? openPayment(ctx, wish) : undefined,
        endsCart(way) ? closeCart(ctx, cart.id) : undefined,
      ]);
    },
  }).catch((error: unknown) => {
    throw error instanceof InsufficientStock ? new CartSoldOut(error, stockFaults(scene, error)) : error;
  });
  if (!opened || !provider) return { ...placed, payment: null, toPay: null };
  const { paymentId, attemptId } = opened;
  if (returnUrl !== null) return { ...placed, payment: null, toPay: { paymentId, attemptId, provider, returnUrl } };
  const amount = toView({ amountMinor: totals.total, currency: totals.currency });
  const payment = { id: paymentId, provider, status: 'pending' as const, amount, redirectUrl: null };
  return { ...placed, payment: { ...payment, instructions: instructionsOf(scene) }, toPay: null };
}
