import { inspect } from 'node:util';
import { GatewayUnreachable, type PaymentStart } from '@souk/domain/sales/payments/gateway';

const SECRET = 'sk_test_thisMustNeverBeSeen0123456789';
export const credentials = { secretKey: SECRET, mode: 'test' } as const;
export const TIMEOUT_MS = 700;

let numbered = 0;
export const startOf = (more: Partial<PaymentStart> = {}): PaymentStart => ({
  reference: `patt-${Date.now()}-${++numbered}`,
  amount: { amountMinor: 1_250_050n, currency: 'NGN' },
  email: 'ada@example.com',
  returnUrl: 'http://localhost:4100/v1/payments/return',
  metadata: { companyId: 'com_1', orderId: 'ord_1', orderNumber: '1001' },
  ...more,
});

/** The error, after a look at all of it: a secret in it would end in a log. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    (value) => new Error(`it answered ${inspect(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('not an error');
  const all = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);
  if (all.includes('NeverBeSeen')) throw new Error('The secret key stands in an error.');
  return error;
}

/** What a call says that did not reach the gateway. */
export const unreachable = async (promise: Promise<unknown>): Promise<string> => {
  const error = await failure(promise);
  if (!(error instanceof GatewayUnreachable)) throw error;
  return error.message;
};
