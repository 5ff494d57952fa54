import { useDatabase } from '@souk/domain/testing/database';
import { type PaystackSimulator, startPaystackSimulator } from '@souk/local/paystack-simulator';
import { afterAll, afterEach, test } from 'vitest';
import { listeningStorefront } from './testing/listening-api.ts';
import { PaymentStorm } from './testing/payment-storm.ts';

const ROUNDS = 5;
const PAYMENTS_PER_ROUND = 400;
const STORM_MS = 600_000;
/** Repeats a run that failed: its seed is in the title. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

let paystack: PaystackSimulator;
const db = useDatabase();
const storefront = listeningStorefront(db, async () => {
  paystack = await startPaystackSimulator({ refundStepMs: 20, hookRetryMs: [50, 50] });
  return { PAYSTACK_URL: paystack.url };
});

afterEach(() => paystack.control.clearFaults());
afterAll(() => paystack?.close());

test.each(Array.from({ length: ROUNDS }, (_, round) => SEED + round))(
  `${PAYMENTS_PER_ROUND} payments: each is credited once, or rightly never (SEED=%i)`,
  async (seed) => {
    const storm = await PaymentStorm.over(db, storefront, paystack, seed);
    await storm.rage(PAYMENTS_PER_ROUND);
  },
  STORM_MS,
);
