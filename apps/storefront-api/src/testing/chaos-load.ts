import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { mintKey } from '@souk/domain/identity/api-keys/api-keys.service';
import { type Ctx, systemSession } from '@souk/domain/kernel/ctx';
import { type Database, openDatabase } from '@souk/domain/kernel/database';
import { CommitUnknown } from '@souk/domain/kernel/errors';
import { eventOf } from '@souk/domain/kernel/events';
import { newId } from '@souk/domain/kernel/ids';
import { emitAll } from '@souk/domain/kernel/outbox';
import type { CheckoutView } from '@souk/domain/sales/checkout/checkout.contract';
import type { ChaosLab } from './chaos-lab.ts';
import type { ChaosRecord } from './chaos-record.ts';
import { patiently } from './patient-client.ts';
import { ask, type FullCart, good, type Heard, pageOf, Shopper } from './shopper.ts';
import { givenStore, type Store } from './store.ts';

const KINDS_OF_GOODS = 12;
const IN_STOCK = 1_000_000;
const EMITTED_TYPE = 'category.updated';
/** So much of what is emitted by the way is undone again. */
const UNDONE_SHARE = 0.25;
const READ_PAUSE_MS = 20;

interface Titled {
  title: string;
}

/** An order as its buyer knows it. */
export interface BoughtOrder {
  readonly placed: CheckoutView;
  readonly total: number;
  /** The shopper paid on the provider's page. */
  isPaid: boolean;
}

/** What became of events that were emitted in one unit of work, by the aggregates they are about. */
export interface Emission {
  readonly aggregates: readonly string[];
  readonly outcome: 'kept' | 'undone' | 'unknown';
}

export interface ChaosLoadOptions {
  shoppers: number;
  staff: number;
  readers: number;
  /** Writers that emit events without a request, some of which they undo. */
  emitters: number;
  eventsPerEmission: number;
  emitPauseMs: number;
  /** Emitters emit so many at most. */
  emittedMax: number;
}

/** Somebody wanted the load to end, in the middle of something. */
class Over extends Error {}

/** Shoppers, staff and readers of one shop, each doing one thing after the other until told to stop. */
export class ChaosLoad {
  readonly bought: BoughtOrder[] = [];
  readonly emissions: Emission[] = [];
  /** The titles that staff were told are saved, by product. */
  readonly saved = new Map<string, { acknowledged: string; tried: Set<string> }>();
  private isOver = false;
  private lanes: Promise<void>[] = [];

  private constructor(
    private readonly lab: ChaosLab,
    readonly store: Store,
    private readonly variants: readonly string[],
    private readonly token: string,
    readonly key: string,
    private readonly database: Database,
    private readonly record: ChaosRecord,
    private readonly random: () => number,
  ) {}

  static async open(lab: ChaosLab, record: ChaosRecord, random: () => number): Promise<ChaosLoad> {
    const { db } = lab.postgres;
    const store = await givenStore(db);
    const variants: string[] = [];
    for (let kind = 0; kind < KINDS_OF_GOODS; kind++) variants.push(await store.goods(IN_STOCK));
    const { key } = await store.within((ctx) =>
      mintKey(ctx, {
        name: 'Web shop',
        type: 'publishable',
        scopes: ['carts.write', 'checkout.write', 'orders.read', 'listing.read', 'customers.write'],
      }),
    );
    lab.paystack.control.setWebhook(store.secretKey, `${lab.storefront.url}/v1/hooks/${store.companyId}/paystack`);
    const url = new URL(db.urls.app);
    url.port = String(lab.lines.apis.port);
    const database = openDatabase({ url: url.href, size: 4, applicationName: 'souk-chaos' });
    return new ChaosLoad(lab, store, variants, await store.owner(), key, database, record, random);
  }

  start({ shoppers, staff, readers, emitters, eventsPerEmission, emitPauseMs, emittedMax }: ChaosLoadOptions): void {
    const lanes = (count: number, work: (lane: number) => Promise<void>) => {
      for (let lane = 0; lane < count; lane++) this.lanes.push(this.lane(() => work(lane)));
    };
    lanes(shoppers, () => this.shop());
    lanes(staff, (lane) => this.edit(lane, staff));
    lanes(readers, () => this.read());
    lanes(emitters, () =>
      this.emitted() < emittedMax ? this.emit(eventsPerEmission, emitPauseMs) : pause(emitPauseMs),
    );
  }

  /** Lets everybody end what they are at. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.lanes);
    await this.database.close();
  }

  private async lane(work: () => Promise<void>): Promise<void> {
    while (!this.isOver) {
      try {
        await work();
      } catch (error) {
        if (error instanceof Over) return;
        this.record.wrong(error instanceof Error ? error.message : String(error));
        await pause(500);
      }
    }
  }

  private insist<Body>(what: string, send: () => Promise<Heard<Body>>): Promise<Heard<Body>> {
    return patiently(this.record, what, send);
  }

  /** A cart and a checkout, asked for once each; what the checkout was answered. Throws if a step before it fails. */
  async buyOnce(): Promise<Heard<CheckoutView>> {
    const shopper = new Shopper({ key: this.key, option: this.store.option }, this.lab.storefront.url);
    const [variantId = ''] = this.variants;
    return shopper.checkout(await shopper.fill([{ variantId, quantity: 1 }]), 'manual');
  }

  /** Emits so many events in one unit of work, past all that breaks. */
  async emitKept(count: number): Promise<void> {
    const aggregates = Array.from({ length: count }, () => newId('cat'));
    await this.lab.postgres.db.app.run(this.session(), (ctx) => announce(ctx, aggregates));
    this.emissions.push({ aggregates, outcome: 'kept' });
  }

  /** How many times somebody was told that something is saved. */
  told = (): number => this.bought.length + this.emissions.length;

  /** How many events were emitted and kept, by emitters. */
  emitted(): number {
    return this.emissions.reduce(
      (sum, { aggregates, outcome }) => sum + (outcome === 'kept' ? aggregates.length : 0),
      0,
    );
  }

  private session = () => systemSession(this.store.companyId, 'chaos');

  /** A cart, a checkout, a payment, and a look at the order. */
  private async shop(): Promise<void> {
    const shopper = new Shopper({ key: this.key, option: this.store.option }, this.lab.storefront.url);
    const quantity = 1 + Math.floor(this.random() * 2);
    const cart = await this.fill(shopper, quantity);
    const key = randomUUID();
    const placed = good(await this.insist('a checkout', () => shopper.checkout(cart, 'paystack', key)), 201);
    if (placed.order.totals.total.amount !== cart.total.amount)
      this.record.wrong(`order ${placed.order.id} costs ${placed.order.totals.total.amount}, not ${cart.total.amount}`);
    const bought: BoughtOrder = { placed, total: cart.total.amount, isPaid: false };
    this.bought.push(bought);
    if (this.random() < 0.1) await this.repeat(shopper, cart, key, placed);
    if (this.random() < 0.1) return; // leaves the page
    await pay(pageOf(placed));
    bought.isPaid = true;
    if (this.random() < 0.4) return; // never comes back: only the notice tells
    const { order } = good(await this.insist('a verification', () => shopper.verify(placed)));
    const shown = good(await this.insist('a look at an order', () => shopper.order(placed)));
    if (order.paymentStatus !== 'paid' || shown.paymentStatus !== 'paid')
      this.record.wrong(`order ${order.id} was paid, and is shown as ${order.paymentStatus}, ${shown.paymentStatus}`);
  }

  private async fill(shopper: Shopper, quantity: number): Promise<FullCart> {
    const variantId = this.variants[Math.floor(this.random() * this.variants.length)] ?? '';
    const step = <Body>(what: string, method: string, path: string, body: unknown, headers = {}) =>
      this.insist(what, () => shopper.send<Body>(method, path, body, headers));
    return shopper.fillBy(step, [{ variantId, quantity }]);
  }

  /** The same checkout once more is the same order. */
  private async repeat(shopper: Shopper, cart: FullCart, key: string, placed: CheckoutView): Promise<void> {
    const again = good(await this.insist('a repeated checkout', () => shopper.checkout(cart, 'paystack', key)), 201);
    if (again.order.id !== placed.order.id)
      this.record.wrong(`one key placed two orders: ${placed.order.id}, ${again.order.id}`);
  }

  /** Staff give a product a new title; each has products of their own. */
  private async edit(lane: number, staff: number): Promise<void> {
    const products = await this.lab.postgres.db.admin<{ id: string }[]>`
      select id from products where company_id = ${this.store.companyId} order by id`.catch(() => []);
    const own = products.filter((_, at) => at % staff === lane);
    const product = own[Math.floor(this.random() * own.length)];
    if (!product) return pause(500);
    const title = `Title ${randomUUID()}`;
    const known = this.saved.get(product.id) ?? { acknowledged: '', tried: new Set() };
    this.saved.set(product.id, known);
    const headers = { authorization: `Bearer ${this.token}` };
    const path = `/v1/products/${product.id}`;
    known.tried.add(title);
    const saved = await this.insist('a title', () =>
      ask<Titled>(this.lab.admin.url, 'PATCH', path, { headers, body: { title } }),
    );
    if (good(saved).title !== title) this.record.wrong(`the title of ${product.id} was not taken`);
    Object.assign(known, { acknowledged: title, tried: new Set() });
    const shown = good(
      await this.insist('a look at a product', () => ask<Titled>(this.lab.admin.url, 'GET', path, { headers })),
    );
    if (shown.title !== title) this.record.wrong(`the title of ${product.id} was saved, and is another one`);
  }

  private async read(): Promise<void> {
    const headers = { 'x-api-key': this.key };
    const list = good(
      await this.insist('a list of products', () =>
        ask<{ data: unknown[] }>(this.lab.storefront.url, 'GET', '/v1/products?limit=20', { headers }),
      ),
    );
    if (list.data.length !== KINDS_OF_GOODS) this.record.wrong(`a list shows ${list.data.length} products`);
    await pause(READ_PAUSE_MS);
  }

  /** Emits, and at times undoes it: of that nobody may ever hear. */
  private async emit(count: number, pauseMs: number): Promise<void> {
    const aggregates = Array.from({ length: count }, () => newId('cat'));
    const isUndone = this.random() < UNDONE_SHARE;
    const work = this.database.run(this.session(), async (ctx) => {
      await announce(ctx, aggregates);
      if (isUndone) throw new Over();
    });
    const outcome = await work.then(
      (): Emission['outcome'] => 'kept',
      (error: unknown) => (error instanceof CommitUnknown ? 'unknown' : 'undone'),
    );
    this.emissions.push({ aggregates, outcome });
    this.record.count(`emission ${outcome}`);
    await pause(pauseMs);
  }
}

/** A fact about each of these. */
async function announce(ctx: Ctx, aggregates: readonly string[]): Promise<void> {
  const event = eventOf(EMITTED_TYPE);
  if (!event) throw new Error(`No event ${EMITTED_TYPE}`);
  await emitAll(
    ctx,
    event,
    aggregates.map((id) => ({ aggregate: { id, sequence: 1 }, data: event.sample })),
  );
}

/** As a shopper on the provider's page, who is then sent back. */
async function pay(page: string): Promise<void> {
  const { status } = await fetch(page, {
    method: 'POST',
    body: new URLSearchParams({ outcome: 'pay' }),
    redirect: 'manual',
  });
  if (status !== 303) throw new Error(`The page ${page} answered ${status}`);
}
