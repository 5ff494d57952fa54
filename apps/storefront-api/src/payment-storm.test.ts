import { useDatabase } from '@souk/domain/testing/database';
import { expectInvariants } from '@souk/domain/testing/invariants';
import { type PaystackSimulator, startPaystackSimulator } from '@souk/local/paystack-simulator';
import { afterAll, afterEach, expect, test } from 'vitest';
import { listeningStorefront } from './testing/listening-api.ts';
import { PaymentStorm } from './testing/payment-storm.ts';
import { good, pageOf, Shopper } from './testing/shopper.ts';
import { givenStore } from './testing/store.ts';

const PAYMENTS = 200;
const STORM_MS = 180_000;
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

test(
  `${PAYMENTS} payments, their notices shuffled, doubled, false and lost: each is credited once, or rightly never (SEED=${SEED})`,
  async () => {
    const storm = await PaymentStorm.over(db, storefront, paystack, SEED);
    await storm.rage(PAYMENTS);
  },
  STORM_MS,
);

test(
  'with every notice lost and nobody coming back, asking the provider settles everything',
  async () => {
    paystack.control.addFault({ on: 'hook', kind: 'lost', times: 'always' });
    const storm = await PaymentStorm.over(db, storefront, paystack, SEED);
    await storm.silence(40);
  },
  STORM_MS,
);

test.each(['500-before', 'timeout-after'] as const)(
  'a %s when the payment is begun still gives a page that pays',
  async (kind) => {
    const store = await givenStore(db);
    const shopper = new Shopper(store, storefront.url);
    const cart = await shopper.fill([{ variantId: await store.goods(5), quantity: 1 }]);
    paystack.control.addFault({ on: 'initialize', kind });
    const placed = good(await shopper.checkout(cart), 201);
    const page = pageOf(placed);
    expect((await fetch(page)).status).toBe(200);
    const [attempt] = await db.admin`select reference from payment_attempts where redirect_url = ${page}`;
    paystack.control.settle(String(attempt?.['reference']), 'pay');
    expect(good(await shopper.verify(placed)).order).toMatchObject({
      id: placed.order.id,
      paymentStatus: 'paid',
      lifecycle: 'open',
    });
    await expectInvariants(db);
  },
  STORM_MS,
);
