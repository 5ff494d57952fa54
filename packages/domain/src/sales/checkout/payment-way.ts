import { after, type Instant } from '../../kernel/clock.ts';
import type { CartScene } from '../carts/cart-scene.service.ts';
import type { PaymentProvider } from '../payments/payment-providers.contract.ts';
import { CurrencyNotCharged, ProviderNotSetUp } from '../payments/payments.errors.ts';
import { PaymentProviderMissing } from './checkout.errors.ts';
import type { CheckoutRequest } from './checkout-begun.ts';
import type { CheckoutFacts } from './checkout-facts.service.ts';
import { returnUrlOf } from './return-url.ts';

/** How an order is paid, looked at before anything is placed. */
export interface Way {
  readonly provider: PaymentProvider | null;
  readonly returnUrl: string | null;
  readonly isOpen: boolean;
  readonly expiresAt: Instant | null;
}

/** How it is paid and how long its goods are held. Throws as `beginCheckout` says of providers and addresses. */
export function wayOf(
  { now }: { now: Date },
  { shop, cart }: CartScene,
  facts: CheckoutFacts,
  { body, chargeable }: Pick<CheckoutRequest, 'body' | 'chargeable'>,
  total: bigint,
): Way {
  if (total === 0n) return { provider: null, returnUrl: null, isOpen: true, expiresAt: null };
  const { paymentProvider: provider, returnUrl } = body;
  if (!provider) throw new PaymentProviderMissing();
  if (!facts.providers.includes(provider)) throw new ProviderNotSetUp(provider, facts.providers);
  const takes = (one: PaymentProvider) => chargeable.get(one)?.includes(cart.currency) ?? one === 'manual';
  if (!takes(provider)) throw new CurrencyNotCharged(provider, cart.currency, facts.providers.filter(takes));
  if (provider !== 'manual') {
    const expiresAt = after(now, waitMinutesOf(shop, provider) * 60);
    return { provider, returnUrl: returnUrlOf(returnUrl, shop.settings('storefront')), isOpen: false, expiresAt };
  }
  if (shop.settings('payment').manualKind === 'cash_on_delivery')
    return { provider, returnUrl: null, isOpen: true, expiresAt: null };
  return { provider, returnUrl: null, isOpen: false, expiresAt: after(now, waitMinutesOf(shop, provider) * 60) };
}

/**
 * Whether the shopper is done with their cart once it is ordered so: it is confirmed, or paid by a transfer, which takes
 * days, and in which the order must not end because the cart is touched. Whoever goes to a provider's page may come back.
 */
export const endsCart = ({ isOpen, provider }: Way): boolean => isOpen || provider === 'manual';

/** How long a new order waits for its payment. Minutes. */
export const waitMinutesOf = (shop: CartScene['shop'], provider: string | null): number =>
  provider === 'manual' ? shop.settings('payment').holdMinutesManual : shop.settings('inventory').holdMinutes;

/** What a shopper is told who pays without a provider. */
export const instructionsOf = ({ shop }: CartScene): string | null =>
  shop.settings('payment').manualInstructions || null;
