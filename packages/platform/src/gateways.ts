import { paystack } from '@souk/adapters/paystack';
import { useCheckPace } from '@souk/domain/sales/payments/check-schedule';
import type { Gateways } from '@souk/domain/sales/payments/gateway';
import type { PaymentsConfig } from './config.ts';

/**
 * The payment providers of this deployment, by name. Nothing is contacted yet; each call brings a company's credentials.
 * Sets how soon this process asks them about what nobody has told.
 */
export function openGateways(config: PaymentsConfig): Gateways {
  useCheckPace(config.PAYMENT_CHECK_PACE);
  return new Map([['paystack', paystack({ baseUrl: config.PAYSTACK_URL })]]);
}
