import type { Id } from '../../kernel/ids.ts';
import type { CartAccess } from '../carts/cart-access.ts';
import type { OrderRecord } from '../orders/order-views.ts';
import type { Chargeable } from '../payments/payment-means.service.ts';
import type { PaymentProvider } from '../payments/payment-providers.contract.ts';
import type { ShopperPaymentView } from '../payments/payments.contract.ts';
import type { NewCheckout } from './checkout.contract.ts';

/** A shopper orders what is in a cart. */
export interface CheckoutRequest {
  readonly cartId: Id<'cart'>;
  readonly access: CartAccess;
  readonly body: NewCheckout;
  readonly chargeable: Chargeable;
  /** Goods are reserved before anything else is written: for whoever lost a race for them without. */
  readonly isCareful?: boolean;
}

/** What has to be begun at a provider, after the order is stored. */
export interface ToPay {
  readonly paymentId: Id<'pay'>;
  readonly attemptId: Id<'patt'> | null;
  readonly provider: PaymentProvider;
  readonly returnUrl: string;
}

export interface Begun {
  readonly order: OrderRecord;
  readonly token: string;
  /** What the shopper is told of the payment, unless something is `toPay`. */
  readonly payment: ShopperPaymentView | null;
  readonly toPay: ToPay | null;
}
