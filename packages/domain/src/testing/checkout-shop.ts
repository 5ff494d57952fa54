import type { SettingGroup } from '../company/settings/setting-groups.ts';
import { patchSettings } from '../company/settings/settings.service.ts';
import type { Session } from '../kernel/ctx.ts';
import { type Id, newId } from '../kernel/ids.ts';
import { reckon } from '../pricing/totals/reckon.ts';
import { addLine } from '../sales/carts/cart-lines.service.ts';
import { readCartScene } from '../sales/carts/cart-scene.service.ts';
import { chooseShipping } from '../sales/carts/cart-shipping.service.ts';
import type { CartStart } from '../sales/carts/carts.service.ts';
import { setAddress, setEmail } from '../sales/carts/carts.service.ts';
import type { NewCheckout } from '../sales/checkout/checkout.contract.ts';
import { checkout } from '../sales/checkout/checkout.flow.ts';
import {
  type ChargeFacts,
  type Gateway,
  type Gateways,
  GatewayUnreachable,
  type PaymentStart,
} from '../sales/payments/gateway.ts';
import { setUpPaymentProvider } from '../sales/payments/payment-providers.service.ts';
import { givenCartShop } from './cart-shop.ts';
import type { TestDatabase } from './database.ts';
import { limitedAttempts } from './ports.ts';

const HOME = { lastName: 'Okafor', line1: '1 Marina', city: 'Lagos', country: 'NG' };
const CURRENCIES = ['NGN', 'GHS', 'JPY', 'KWD'];

/** A provider that does as it is told: what it was asked to begin, and how it answers next. */
export function fakeGateway() {
  const started: PaymentStart[] = [];
  /** Each answer is for one call; then it gives a page again. */
  const next: ('unreachable' | 'refused')[] = [];
  const facts = new Map<string, Partial<ChargeFacts>>();
  const gateway: Gateway = {
    provider: 'paystack',
    currencies: CURRENCIES,
    start: async (_credentials, start) => {
      started.push(start);
      const answer = next.shift();
      if (answer === 'unreachable') throw new GatewayUnreachable('paystack', 'it is a test');
      if (answer === 'refused') return { kind: 'refused', code: 'invalid', message: 'No.' };
      return { kind: 'redirect', redirectUrl: `https://pay.example.com/${start.reference}` };
    },
    verify: async (_credentials, reference) => ({
      state: 'unknown',
      reference,
      providerReference: null,
      amount: null,
      mode: null,
      paidAt: null,
      fee: null,
      channel: null,
      message: null,
      ...facts.get(reference),
    }),
    refund: async () => {
      throw new GatewayUnreachable('paystack', 'no refunds in this test');
    },
    findRefund: async () => undefined,
    readHook: () => undefined,
  };
  const gateways: Gateways = new Map([['paystack', gateway]]);
  /** What the provider says of a reference when it is asked: that it was paid. */
  const paid = (start: PaymentStart): ChargeFacts => ({
    state: 'succeeded',
    reference: start.reference,
    providerReference: `trx-${start.reference}`,
    amount: start.amount,
    mode: 'live',
    paidAt: null,
    fee: null,
    channel: 'card',
    message: null,
  });
  return { gateway, gateways, started, next, facts, paid };
}

/** A shop in which carts can be ordered: by transfer and by a provider that is a fake. */
export async function givenCheckoutShop(db: TestDatabase) {
  const shop = await givenCartShop(db);
  const provider = fakeGateway();
  const { run } = db.app;
  await run(shop.system, (ctx) => setUpPaymentProvider(ctx, 'manual', {}));
  await run(shop.system, (ctx) => setUpPaymentProvider(ctx, 'paystack', { secretKey: `sk_live_${'a1'.repeat(20)}` }));
  const delivery = await shop.delivery({ rates: { NGN: 1_500, JPY: 150, KWD: 1_500 } });
  const attempts = limitedAttempts();
  let keys = 0;
  /** The session of one request with a key of its own. */
  const asking = (session: Session, key = `key-${++keys}`): Session => ({
    ...session,
    idempotency: { key, route: 'POST /v1/carts/:id/checkout', digest: 'same' },
  });

  /** A guest's cart with everything that an order needs. */
  async function fullCart(
    variants: readonly { variantId: Id<'var'>; quantity?: number }[],
    {
      start = {},
      session = shop.shopper(),
      ships = true,
    }: { start?: CartStart; session?: Session; ships?: boolean } = {},
  ) {
    const cart = await shop.cart(start, session);
    for (const { variantId, quantity = 1 } of variants)
      await shop.as(session, (ctx) => addLine(ctx, cart.at, { variantId, quantity }));
    await shop.as(session, (ctx) => setEmail(ctx, cart.at, `${newId('cus')}@example.com`));
    await shop.as(session, (ctx) => setAddress(ctx, cart.at, 'shipping', HOME));
    if (ships) await shop.as(session, (ctx) => chooseShipping(ctx, cart.at, delivery.option));
    const scene = () => shop.as(session, (ctx) => readCartScene(ctx, cart.id, cart.access));
    const total = async () => {
      const { basket } = await scene();
      return { amount: Number(reckon(basket).total), currency: basket.currency };
    };
    /** Checks the cart out at its present total, paid by transfer, unless told otherwise. */
    const order = async (body: Partial<NewCheckout> = {}, key?: string) =>
      checkout(run, { gateways: provider.gateways, attempts }, asking(session, key), cart.id, cart.access, {
        paymentProvider: 'manual',
        expectedTotal: body.expectedTotal ?? (await total()),
        ...body,
      });
    const online = (body: Partial<NewCheckout> = {}, key?: string) =>
      order({ paymentProvider: 'paystack', returnUrl: 'https://shop.example.com/thanks', ...body }, key);
    return { ...cart, session, scene, total, order, online };
  }
  const set = (group: SettingGroup, values: object) => shop.as(shop.system, (ctx) => patchSettings(ctx, group, values));
  return { ...shop, provider, attempts, delivery, asking, fullCart, set };
}
