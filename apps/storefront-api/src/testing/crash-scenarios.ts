import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { CheckoutView } from '@souk/domain/sales/checkout/checkout.contract';
import type { TestDatabase } from '@souk/domain/testing/database';
import type { PaystackControl } from '@souk/local/paystack-simulator';
import type { ProcessName } from '@souk/local/testing/processes';
import { expect } from 'vitest';
import type { CrashLab } from './crash-lab.ts';
import { ask, type FullCart, good, type Heard, pageOf, Shopper } from './shopper.ts';
import { givenStore, type Store } from './store.ts';

const STOCK = 10;
const QUANTITY = 2;
const SETTLED_WITHIN_MS = 60_000;

/** Addresses of processes that nobody kills. */
export interface Clean {
  storefront: string;
  admin: string;
}

/** How things must stand at the end. */
interface Outcome {
  lifecycle: 'pending' | 'open' | 'cancelled' | 'expired';
  /** Units of the shop's goods that are promised. */
  reserved: number;
  /** Minor units: what the shopper was charged, and what went back. */
  charged: number;
  refunded: number;
}

/** A story up to the step in which a process dies, and what comes after it. */
export interface Scenario {
  readonly dies: ProcessName;
  /** Everything before, through processes that live. */
  prepare(stage: Stage): Promise<Step>;
}

export interface Step {
  /** The request during which the process dies, and the same one again. Not for workers: these die by themselves. */
  act?(url: string): Promise<Heard>;
  /** Dies while it is told something by others: what makes them tell it. */
  provoke?(url: string): Promise<void>;
  /** What a shopper or the staff does when all is up again, and the order it is about. */
  goOn?(answer: Heard | undefined): Promise<void>;
  readonly outcome: (stage: Stage) => Outcome;
}

/** A shop with one kind of goods and somebody who buys of it. */
export class Stage {
  private constructor(
    readonly db: TestDatabase,
    readonly paystack: PaystackControl,
    readonly clean: Clean,
    readonly store: Store,
    readonly shopper: Shopper,
    private readonly variantId: string,
  ) {}

  total = 0;

  static async set(db: TestDatabase, lab: CrashLab, clean: Clean): Promise<Stage> {
    const store = await givenStore(db);
    const shopper = new Shopper(store, clean.storefront);
    return new Stage(db, lab.paystack.control, clean, store, shopper, await store.goods(STOCK));
  }

  async cart(): Promise<FullCart> {
    const cart = await this.shopper.fill([{ variantId: this.variantId, quantity: QUANTITY }]);
    this.total = cart.total.amount;
    return cart;
  }

  /** An order whose page is open. */
  async placed(): Promise<CheckoutView> {
    return good(await this.shopper.checkout(await this.cart()), 201);
  }

  /** An order that was paid, and whose shopper came back. */
  async paid(): Promise<CheckoutView> {
    const placed = await this.placed();
    await this.pay(placed);
    good(await this.shopper.verify(placed));
    return placed;
  }

  /** As the shopper does on the provider's page. */
  async pay(placed: CheckoutView): Promise<void> {
    const page = pageOf(placed);
    expect((await fetch(page)).status).toBe(200);
    const [attempt] = await this.db.admin<{ reference: string }[]>`
      select reference from payment_attempts where company_id = ${this.store.companyId} and redirect_url = ${page}`;
    this.paystack.settle(attempt?.reference ?? '', 'pay');
  }

  /** Staff's request. */
  async staff() {
    const headers = { authorization: `Bearer ${await this.store.owner()}`, 'idempotency-key': randomUUID() };
    return (url: string, path: string, body: unknown) => ask(url, 'POST', path, { headers, body });
  }

  /** What the provider knows of this shop: the truth. */
  charges() {
    const { companyId } = this.store;
    return this.paystack
      .charges()
      .filter(({ metadata }) => (metadata as { companyId?: string }).companyId === companyId);
  }

  /** Puts everything that waits for its time into the past, as if an hour had gone by; of other shops, into the future. */
  async anHourPasses({ alone = false } = {}): Promise<void> {
    const { admin } = this.db;
    const { companyId } = this.store;
    await admin`update payment_attempts set next_check_at = now() where company_id = ${companyId} and next_check_at is not null`;
    await admin`update payment_notices set due_at = now() where company_id = ${companyId} and status = 'waiting'`;
    await admin`update refunds set next_check_at = now(), updated_at = updated_at - interval '1 hour'
      where company_id = ${companyId} and next_check_at is not null`;
    if (!alone) return;
    await admin`update payment_attempts set next_check_at = now() + interval '1 hour'
      where company_id <> ${companyId} and next_check_at is not null`;
    await admin`update refunds set next_check_at = now() + interval '1 hour'
      where company_id <> ${companyId} and next_check_at is not null`;
  }

  /** Waits until a worker has dealt with all there is. */
  async settled(): Promise<void> {
    const giveUp = Date.now() + SETTLED_WITHIN_MS;
    for (;;) {
      const open = await this.open();
      if (open.length === 0) return;
      if (Date.now() > giveUp) throw new Error(`The worker did not settle: ${JSON.stringify(open)}`);
      await this.anHourPasses();
      await pause(1_500);
    }
  }

  private async open(): Promise<readonly unknown[]> {
    const { admin } = this.db;
    const { companyId } = this.store;
    const paid = this.charges()
      .filter(({ charges }) => charges > 0)
      .map(({ reference }) => reference);
    return admin`select id, status from payment_notices where company_id = ${companyId} and status = 'waiting'
      union all select id, status from refunds where company_id = ${companyId} and status in ('starting', 'pending')
      union all select id, status from payment_attempts where company_id = ${companyId}
        and reference = any(${paid}) and status <> 'succeeded'
      union all select id, lifecycle from orders where company_id = ${companyId} and lifecycle = 'pending' and expires_at < now()`;
  }

  /** One order, charged once at most, and our books are the provider's. */
  async expectOutcome({ lifecycle, reserved, charged, refunded }: Outcome): Promise<void> {
    const { admin } = this.db;
    const { companyId } = this.store;
    const orders = await admin`select lifecycle, paid_total::int as paid, needs_review from orders
      where company_id = ${companyId} and superseded_by_id is null`;
    const isPaid = charged > 0;
    expect(orders).toEqual([{ lifecycle, paid: isPaid ? this.total : 0, needs_review: false }]);
    const [level] = await admin`select on_hand, reserved from stock_levels where variant_id = ${this.variantId}`;
    expect(level).toEqual({ on_hand: STOCK, reserved });
    const charges = this.charges();
    const sum = (of: (one: (typeof charges)[number]) => number) => charges.reduce((all, one) => all + of(one), 0);
    expect({ charged: sum((one) => one.amount * one.charges), refunded: sum((one) => one.refunded) }).toEqual({
      charged,
      refunded,
    });
    const [books] =
      await admin`select coalesce(sum(captured), 0)::int as charged, coalesce(sum(refunded), 0)::int as refunded
      from payments where company_id = ${companyId}`;
    expect(books).toEqual({ charged, refunded });
  }
}

const placedBy = (answer: Heard | undefined) => good(answer as Heard<CheckoutView>, 201); // the step's own request
const bought = ({ total }: Stage): Outcome => ({ lifecycle: 'open', reserved: QUANTITY, charged: total, refunded: 0 });

/** The stories, by name. */
export const SCENARIOS = {
  'a checkout that is paid online': {
    dies: 'storefront',
    async prepare(stage) {
      const cart = await stage.cart();
      const key = randomUUID();
      return { ...checkoutOf(stage, cart, key), outcome: bought };
    },
  },
  'a checkout paid by transfer': {
    dies: 'storefront',
    async prepare(stage) {
      const cart = await stage.cart();
      const key = randomUUID();
      return {
        act: (url) => at(stage, url).checkout(cart, 'manual', key),
        goOn: async (answer) => void placedBy(answer),
        outcome: () => ({ lifecycle: 'pending', reserved: QUANTITY, charged: 0, refunded: 0 }),
      };
    },
  },
  'a checkout after the cart was changed': {
    dies: 'storefront',
    async prepare(stage) {
      const cart = await stage.cart();
      good(await stage.shopper.checkout(cart), 201);
      const path = `/v1/carts/${cart.id}`;
      const { lines } = good(
        await stage.shopper.send<{ lines: { id: string }[] }>('GET', path, undefined, cart.headers),
      );
      const changed = await stage.shopper.send<{ totals: { total: FullCart['total'] } }>(
        'PATCH',
        `${path}/lines/${lines[0]?.id}`,
        { quantity: QUANTITY + 1 },
        cart.headers,
      );
      const { total } = good(changed).totals;
      stage.total = total.amount;
      return {
        ...checkoutOf(stage, { ...cart, total }, randomUUID()),
        outcome: () => ({ ...bought(stage), reserved: QUANTITY + 1 }),
      };
    },
  },
  'a checkout after a card was declined': {
    dies: 'storefront',
    async prepare(stage) {
      const cart = await stage.cart();
      const placed = good(await stage.shopper.checkout(cart), 201);
      stage.paystack.settle(stage.charges()[0]?.reference ?? '', 'decline');
      good(await stage.shopper.verify(placed));
      return { ...checkoutOf(stage, cart, randomUUID()), outcome: bought };
    },
  },
  "the browser's return": {
    dies: 'storefront',
    async prepare(stage) {
      const placed = await stage.placed();
      await stage.pay(placed);
      const key = randomUUID();
      return {
        act: (url) => at(stage, url).verify(placed, key),
        goOn: async (answer) => void good(answer as Heard),
        outcome: bought,
      };
    },
  },
  'a webhook': {
    dies: 'storefront',
    async prepare(stage) {
      const placed = await stage.placed();
      return {
        async provoke(url) {
          stage.paystack.setWebhook(stage.store.secretKey, `${url}/v1/hooks/${stage.store.companyId}/paystack`);
          await stage.pay(placed);
        },
        outcome: bought,
      };
    },
  },
  'a refund': {
    dies: 'admin',
    async prepare(stage) {
      const { payment } = await stage.paid();
      const send = await stage.staff();
      const body = { amount: 500, reason: 'A scratch' };
      return {
        act: (url) => send(url, `/v1/payments/${payment?.id}/refunds`, body),
        goOn: async (answer) => void good(answer as Heard, 201),
        outcome: () => ({ ...bought(stage), refunded: 500 }),
      };
    },
  },
  'the cancellation of a paid order': {
    dies: 'admin',
    async prepare(stage) {
      const { order } = await stage.paid();
      const send = await stage.staff();
      return {
        act: (url) => send(url, `/v1/orders/${order.id}/cancellation`, { reason: 'Not wanted' }),
        goOn: async (answer) => void good(answer as Heard, 201),
        outcome: () => ({ lifecycle: 'cancelled', reserved: 0, charged: stage.total, refunded: stage.total }),
      };
    },
  },
  'the worker at a webhook': {
    dies: 'worker',
    async prepare(stage) {
      const { companyId, secretKey } = stage.store;
      const placed = await stage.placed();
      stage.paystack.setWebhook(secretKey, `${stage.clean.storefront}/v1/hooks/${companyId}/paystack`);
      await stage.pay(placed);
      await until(() => stage.db.admin`select 1 from payment_notices where company_id = ${companyId}`);
      return { outcome: bought };
    },
  },
  'the worker that asks because nobody told': {
    dies: 'worker',
    async prepare(stage) {
      await stage.pay(await stage.placed());
      await stage.anHourPasses({ alone: true });
      return { outcome: bought };
    },
  },
  'the worker that gives back what was paid twice': {
    dies: 'worker',
    async prepare(stage) {
      // The answer is lost, so the shopper gets a second page; the first one can be paid all the same.
      stage.paystack.addFault({ on: 'initialize', kind: '500-after' });
      const placed = await stage.placed();
      const [lost, shown] = stage.charges();
      expect([lost?.status, shown?.status]).toEqual(['abandoned', 'abandoned']);
      for (const one of [lost, shown]) stage.paystack.settle(one?.reference ?? '', 'pay');
      good(await stage.shopper.verify(placed));
      await stage.anHourPasses({ alone: true });
      return { outcome: () => ({ ...bought(stage), charged: 2 * stage.total, refunded: stage.total }) };
    },
  },
  'the worker that ends what nobody paid': {
    dies: 'worker',
    async prepare(stage) {
      good(await stage.shopper.checkout(await stage.cart(), 'manual'), 201);
      const { companyId } = stage.store;
      await stage.db.admin`update orders set expires_at = now() - interval '1 second' where company_id = ${companyId}`;
      await stage.db
        .admin`update stock_reservations set expires_at = now() - interval '1 second' where company_id = ${companyId}`;
      return { outcome: () => ({ lifecycle: 'expired', reserved: 0, charged: 0, refunded: 0 }) };
    },
  },
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;

/** The same shopper, whose requests go to another process. */
function at(stage: Stage, url: string): Shopper {
  stage.shopper.base = url;
  return stage.shopper;
}

/** Checks out, and again; then the page works, and paying on it pays. */
function checkoutOf(stage: Stage, cart: FullCart, key: string): Pick<Step, 'act' | 'goOn'> {
  return {
    act: (url) => at(stage, url).checkout(cart, 'paystack', key),
    async goOn(answer) {
      const placed = placedBy(answer);
      await stage.pay(placed);
      const { order } = good(await stage.shopper.verify(placed));
      expect(order).toMatchObject({ id: placed.order.id, paymentStatus: 'paid' });
    },
  };
}

async function until(look: () => PromiseLike<readonly unknown[]>): Promise<void> {
  for (const giveUp = Date.now() + SETTLED_WITHIN_MS; Date.now() < giveUp; ) {
    if ((await look()).length > 0) return;
    await pause(20);
  }
  throw new Error('It did not happen');
}
