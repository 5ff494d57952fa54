import { createHmac, randomUUID } from 'node:crypto';
import { systemSession } from '@souk/domain/kernel/ctx';
import type { CheckoutView } from '@souk/domain/sales/checkout/checkout.contract';
import { workOnNotice } from '@souk/domain/sales/payments/notices.flow';
import { reconcileShare } from '@souk/domain/sales/payments/reconciliation.flow';
import type { TestDatabase } from '@souk/domain/testing/database';
import { expectInvariants } from '@souk/domain/testing/invariants';
import type { PaystackSimulator } from '@souk/local/paystack-simulator';
import { expect } from 'vitest';
import type { ListeningApi } from './listening-api.ts';
import { seeded } from './seeded.ts';
import { good, pageOf, persistently, Shopper } from './shopper.ts';
import { givenStore, type Store } from './store.ts';

const BUYERS_AT_ONCE = 12;
const HOURS_MAX = 12;
const QUANTITY = 1;

/** What becomes of a payment: the first ones pay it, in whatever way that is told; the last ones do not. */
const FATES = [
  'paid and told',
  'paid, told and back',
  'paid, and the notice is lost',
  'paid, and the notice is signed by somebody else',
  'paid, and the notice names another amount',
  'paid, and the notice names another currency',
  'paid, and the notice is of another mode',
  'paid twice',
  'said to be paid with another amount',
  'said to be paid in another currency',
  'said to be paid in another mode',
  'declined',
  'left',
  'left, and somebody forges a notice',
  'left, and an old key signs a notice of success',
] as const;
type Fate = (typeof FATES)[number];
const isPaid = (fate: Fate) => fate.startsWith('paid');

/** So many of them are told as Paystack mostly tells: truly. */
const PLAIN_SHARE = 0.3;

interface Bought {
  readonly fate: Fate;
  readonly placed: CheckoutView;
  readonly shopper: Shopper;
  /** Oldest first; the last one is of the page that was shown. */
  readonly references: readonly string[];
}

/** Payments at a provider at its worst: notices come from once to five times, shuffled, false or never, its API stumbles. */
export class PaymentStorm {
  private constructor(
    private readonly db: TestDatabase,
    private readonly storefront: ListeningApi,
    private readonly paystack: PaystackSimulator,
    private readonly store: Store,
    private readonly random: () => number,
  ) {}

  static async over(db: TestDatabase, storefront: ListeningApi, paystack: PaystackSimulator, seed: number) {
    const store = await givenStore(db);
    const hook = `${storefront.url}/v1/hooks/${store.companyId}/paystack`;
    paystack.control.setWebhook(store.secretKey, hook);
    return new PaymentStorm(db, storefront, paystack, store, seeded(seed));
  }

  /** So many payments, each with a fate of its own; expects that each was credited once or never, as is true. */
  async rage(count: number): Promise<void> {
    const { control } = this.paystack;
    const variantId = await this.store.goods(count * QUANTITY);
    const all = await atOnce(BUYERS_AT_ONCE, Array.from({ length: count }), () => this.buy(variantId));
    control.addFault({ on: 'hook', kind: 'reorder', times: 'always', count: 25, ms: 200 });
    for (const one of all) this.prepare(one);
    let isOver = false;
    const workers = [this.work(() => isOver), this.work(() => isOver)];
    await atOnce(BUYERS_AT_ONCE, this.shuffled(all), (one) => this.befall(one));
    control.releaseHooks();
    await control.settled();
    isOver = true;
    await Promise.all(workers);
    control.clearFaults();
    for (const one of all) this.lieOn(one);
    await this.hoursPass(all);
    await this.expectTruth(all);
  }

  /** So many payments of which nobody hears; expects that all are credited in the end. */
  async silence(count: number): Promise<void> {
    const variantId = await this.store.goods(count * QUANTITY);
    const all = await atOnce(BUYERS_AT_ONCE, Array.from({ length: count }), () => this.buy(variantId, 'paid and told'));
    await atOnce(BUYERS_AT_ONCE, all, (one) => this.befall(one));
    await this.hoursPass(all);
    await this.expectTruth(all);
  }

  private async buy(variantId: string, fate: Fate = this.fate()): Promise<Bought> {
    const shopper = new Shopper(this.store, this.storefront.url);
    const cart = await shopper.fill([{ variantId, quantity: QUANTITY }]);
    // Whoever is unlucky loses the provider's answer and gets another page; the first one can be paid as well.
    if (fate === 'paid twice') this.paystack.control.addFault({ on: 'initialize', kind: '500-after' });
    const key = randomUUID();
    const placed = good(await persistently(() => shopper.checkout(cart, 'paystack', key)), 201);
    const rows = await this.db.admin<{ reference: string; redirect_url: string | null }[]>`
      select a.reference, a.redirect_url from payment_attempts a join payments p on p.id = a.payment_id
      where p.order_id = ${placed.order.id} order by a.id`;
    expect(rows.at(-1)?.redirect_url).toBe(pageOf(placed));
    // A fault of another buyer may have hit this one: then it is this one who has two.
    const isTwice = rows.length > 1;
    return {
      fate: isTwice ? 'paid twice' : fate === 'paid twice' ? 'paid and told' : fate,
      placed,
      shopper,
      references: rows.map(({ reference }) => reference),
    };
  }

  private fate(): Fate {
    if (this.random() < PLAIN_SHARE) return 'paid and told';
    return FATES[Math.floor(this.random() * FATES.length)] ?? 'paid and told';
  }

  /** What will go wrong with the notices of a payment, and when it is asked about. */
  private prepare(one: Bought): void {
    const { control } = this.paystack;
    for (const reference of one.references) {
      if (this.random() < 0.7) control.addFault({ on: 'hook', kind: 'duplicate', reference, countMax: 4 });
      if (this.random() < 0.15) control.addFault({ on: 'verify', kind: '500-before', reference });
      if (this.random() < 0.15) control.addFault({ on: 'verify', kind: '500-after', reference });
      const kind = HOOK_FAULTS[one.fate];
      if (kind) control.addFault({ on: 'hook', kind, reference });
    }
    this.lieOn(one);
  }

  /** Those about whom the provider's own query is wrong, for ever. */
  private lieOn({ fate, references }: Bought): void {
    const kind = LIES[fate];
    for (const reference of references)
      if (kind) this.paystack.control.addFault({ on: 'verify', kind, reference, times: 'always' });
  }

  private async befall({ fate, placed, shopper, references }: Bought): Promise<void> {
    const { control } = this.paystack;
    const [reference = ''] = references;
    const { companyId, secretKey } = this.store;
    if (isPaid(fate) || LIES[fate]) for (const one of references) control.settle(one, 'pay');
    if (fate === 'declined') control.settle(reference, 'decline');
    if (fate === 'left, and somebody forges a notice')
      expect(await this.tell(companyId, reference, 'sk_live_ofSomebodyElse')).toBe(401);
    if (fate === 'left, and an old key signs a notice of success')
      expect(await this.tell(companyId, reference, secretKey)).toBe(200);
    // In step with the notices: whoever comes back may be first or last.
    if (fate === 'paid, told and back' || fate === 'declined') good(await shopper.verify(placed));
  }

  /** A notice that no provider sent. */
  private async tell(companyId: string, reference: string, key: string): Promise<number> {
    const data = { id: 1, reference, amount: 11_500, currency: 'NGN', status: 'success', domain: 'live' };
    const body = JSON.stringify({ event: 'charge.success', data });
    const signature = createHmac('sha512', key).update(body).digest('hex');
    const { status } = await fetch(`${this.storefront.url}/v1/hooks/${companyId}/paystack`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-paystack-signature': signature },
      body,
    });
    return status;
  }

  /** A worker, as long as notices come in. */
  private async work(isOver: () => boolean): Promise<void> {
    const { run } = this.db.app;
    const { gateways } = this.storefront.parts;
    const session = systemSession(this.store.companyId, 'payment-notices');
    for (;;) {
      const wasOver = isOver();
      const wasBusy = await workOnNotice(run, gateways, session);
      await reconcileShare(run, gateways, session);
      if (wasOver && !wasBusy) return;
      if (!wasBusy) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Two workers, for whom an hour goes by at a time, until nothing is open any more. */
  private async hoursPass(all: readonly Bought[]): Promise<void> {
    const { admin } = this.db;
    const { companyId } = this.store;
    const paid = all.filter(({ fate }) => isPaid(fate)).flatMap(({ references }) => references);
    for (let hour = 0; hour < HOURS_MAX; hour++) {
      await admin`update payment_attempts set next_check_at = now() where company_id = ${companyId} and next_check_at is not null`;
      await admin`update payment_notices set due_at = now() where company_id = ${companyId} and status = 'waiting'`;
      await admin`update refunds set next_check_at = now(), updated_at = updated_at - interval '1 hour'
        where company_id = ${companyId} and next_check_at is not null`;
      await Promise.all([this.workOff(), this.workOff()]);
      const [open] = await admin`select
        (select count(*)::int from payment_notices where company_id = ${companyId} and status = 'waiting')
        + (select count(*)::int from refunds where company_id = ${companyId} and status in ('starting', 'pending'))
        + (select count(*)::int from payment_attempts where company_id = ${companyId} and reference = any(${paid})
            and status <> 'succeeded') as count`;
      if (open?.['count'] === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 200)); // refunds take a moment at the provider
    }
  }

  private async workOff(): Promise<void> {
    const { run } = this.db.app;
    const { gateways } = this.storefront.parts;
    const session = systemSession(this.store.companyId, 'payment-reconciler');
    while (await workOnNotice(run, gateways, session));
    while (await reconcileShare(run, gateways, session));
  }

  private async expectTruth(all: readonly Bought[]): Promise<void> {
    const truth = new Map(this.charges().map((charge) => [charge.reference, charge]));
    const orders = await this.db.admin<Record<'id' | 'lifecycle' | 'payment_status' | 'status', string>[]>`
      select o.id, o.lifecycle, o.payment_status, p.status, o.needs_review, p.captured::int as captured,
        p.refunded::int as refunded, p.refunds_total::int as refunds_total
      from orders o join payments p on p.company_id = o.company_id and p.order_id = o.id
      where o.company_id = ${this.store.companyId}`;
    expect(orders).toHaveLength(all.length);
    const byId = new Map(orders.map(({ id, ...order }) => [id, order]));
    for (const { fate, placed, references } of all) {
      const total = placed.order.totals.total.amount;
      const charges = references.flatMap((reference) => truth.get(reference) ?? []);
      const charged = charges.reduce((sum, one) => sum + one.amount * one.charges, 0);
      expect({ fate, charged }).toEqual({ fate, charged: isPaid(fate) || LIES[fate] ? total * references.length : 0 });
      const [captured, back] = isPaid(fate) ? [charged, charged - total] : [0, 0];
      expect(
        charges.reduce((sum, one) => sum + one.refunded, 0),
        fate,
      ).toBe(back);
      expect({ fate, ...byId.get(placed.order.id) }).toEqual({
        fate,
        lifecycle: isPaid(fate) ? 'open' : 'pending',
        payment_status: isPaid(fate) ? 'paid' : 'unpaid',
        status: isPaid(fate) ? 'paid' : LIES[fate] ? 'review' : 'pending',
        needs_review: LIES[fate] !== undefined,
        captured,
        refunded: back,
        refunds_total: back,
      });
    }
    await expectInvariants(this.db);
  }

  private charges() {
    const { companyId } = this.store;
    return this.paystack.control
      .charges()
      .filter((one) => (one.metadata as { companyId?: string }).companyId === companyId);
  }

  private shuffled<Item>(items: readonly Item[]): Item[] {
    return items
      .map((item) => [this.random(), item] as const)
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  }
}

const HOOK_FAULTS = {
  'paid, and the notice is lost': 'lost',
  'paid, and the notice is signed by somebody else': 'bad-signature',
  'paid, and the notice names another amount': 'wrong-amount',
  'paid, and the notice names another currency': 'wrong-currency',
  'paid, and the notice is of another mode': 'wrong-domain',
} as const as Partial<Record<Fate, 'lost' | 'bad-signature' | 'wrong-amount' | 'wrong-currency' | 'wrong-domain'>>;

const LIES: Partial<Record<Fate, 'wrong-amount' | 'wrong-currency' | 'wrong-domain'>> = {
  'said to be paid with another amount': 'wrong-amount',
  'said to be paid in another currency': 'wrong-currency',
  'said to be paid in another mode': 'wrong-domain',
};

/** Does the work for all items, so many side by side; in their order. */
async function atOnce<Item, Result>(most: number, items: readonly Item[], work: (item: Item) => Promise<Result>) {
  const results: Result[] = [];
  const left = [...items.entries()];
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: most }, lane));
  return results;
}
