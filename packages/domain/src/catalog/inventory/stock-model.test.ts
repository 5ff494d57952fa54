import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { DomainError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { warmUp } from '../../testing/people.ts';
import { adjustStock } from './adjustments.service.ts';
import { createLocation, defaultLocationId } from './locations.service.ts';
import { consume, expireDue, release } from './reservation-ends.service.ts';
import { reserve } from './reservations.service.ts';
import { readStock } from './stock.service.ts';
import { checkStock } from './stock-care.flow.ts';
import { createTransfer, receiveTransfer, sendTransfer } from './transfers.service.ts';

const db = useDatabase();
const SEEDS = [11, 23, 47, 91];
const STEPS = 40;
const BUNDLE = 2; // goods 0 and 1 stand for themselves, goods 2 is a bundle of two of 0 and one of 1
const PIECES = [2, 1];
const SOON = new Date(Date.now() + 3_600_000).toISOString();

/** One thing somebody does. Numbers choose among what there is. */
type Step =
  | { do: 'reserve'; owner: number; goods: number; quantity: number; also: number }
  | { do: 'release' | 'consume' | 'lapse'; owner: number }
  | { do: 'sweep' }
  | { do: 'adjust'; goods: number; place: number; delta: number }
  | { do: 'send'; goods: number; place: number; quantity: number }
  | { do: 'receive'; nth: number; quantity: number; lost: number };

const small = fc.integer({ min: 1, max: 6 });
const owner = fc.integer({ min: 0, max: 5 });
const single = fc.integer({ min: 0, max: 1 });
const stepWith = (delta: fc.Arbitrary<number>): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('reserve' as const),
        owner,
        goods: fc.integer({ min: 0, max: 2 }),
        quantity: small,
        also: fc.integer({ min: 0, max: 2 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom('release' as const, 'consume' as const, 'lapse' as const), owner }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('adjust' as const), goods: single, place: single, delta }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('send' as const), goods: single, place: single, quantity: small }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('receive' as const), nth: owner, quantity: small, lost: single }),
    },
  );

async function scene() {
  const session = await givenCompany(db);
  const [a, b] = [await givenGoods(db, session.companyId), await givenGoods(db, session.companyId)];
  const parts = new Map([
    [a.variantId, 2],
    [b.variantId, 1],
  ]);
  const goods = [a, b, await givenGoods(db, session.companyId, { parts })];
  const second = { name: 'B', handle: 'b', address: null, priority: 1, isActive: true };
  const first = await within(session, defaultLocationId);
  const places = [first, (await within(session, (ctx) => createLocation(ctx, second))).id];
  return { session, goods, places, sent: [] as { id: Id<'trf'>; goods: number; to: number; open: number }[] };
}
type Scene = Awaited<ReturnType<typeof scene>>;

const within = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
/** What was chosen among things that are there. */
const nth = <T>(list: readonly T[], at: number): T => list[at % list.length] as T; // never asked of an empty list
const ownerOf = (at: number) => ({ type: 'order', id: `owner-${at}` });
const linesOf = ({ goods }: Scene, step: Extract<Step, { do: 'reserve' }>) => [
  { variantId: nth(goods, step.goods).variantId, quantity: step.quantity },
  ...(step.also > 0 ? [{ variantId: nth(goods, step.goods + step.also).variantId, quantity: 1 }] : []),
];

/** Does a step for real. Gives back what it did, or the refusal. */
async function act(scene: Scene, step: Step): Promise<unknown> {
  const { session, goods, places, sent } = scene;
  try {
    switch (step.do) {
      case 'reserve':
        return await within(session, (ctx) =>
          reserve(ctx, { owner: ownerOf(step.owner), lines: linesOf(scene, step), expiresAt: SOON }),
        );
      case 'release':
        return await within(session, (ctx) => release(ctx, ownerOf(step.owner)));
      case 'consume':
        return await within(session, (ctx) => consume(ctx, ownerOf(step.owner)));
      case 'lapse':
        return await db.admin`update stock_reservations set expires_at = now() - interval '1 second'
          where id in (
            select id from stock_reservations
            where company_id = ${session.companyId} and owner_id = ${ownerOf(step.owner).id} and status = 'held'
            order by id for update
          )`;
      case 'sweep':
        return await within(session, (ctx) => expireDue(ctx, 100));
      case 'adjust': {
        const { variantId } = nth(goods, step.goods);
        const locationId = nth(places, step.place);
        return await within(session, (ctx) =>
          adjustStock(ctx, { variantId, locationId, delta: step.delta, reason: 'step' }),
        );
      }
      case 'send': {
        const line = { variantId: nth(goods, step.goods).variantId, quantity: step.quantity };
        const [fromLocationId, toLocationId] = [nth(places, step.place), nth(places, step.place + 1)];
        const { id } = await within(session, async (ctx) => {
          const draft = await createTransfer(ctx, { fromLocationId, toLocationId, reference: null, lines: [line] });
          return sendTransfer(ctx, draft.id);
        });
        return sent.push({ id, goods: step.goods, to: (step.place + 1) % 2, open: step.quantity });
      }
      case 'receive': {
        if (sent.length === 0) return undefined;
        const transfer = nth(sent, step.nth);
        const line = { variantId: nth(goods, transfer.goods).variantId, received: step.quantity, lost: step.lost };
        return await within(session, (ctx) => receiveTransfer(ctx, transfer.id, { lines: [line] }));
      }
    }
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

/** The plainest stock there is: numbers on shelves, and a list of promises. */
class Model {
  readonly onHand = [
    [0, 0],
    [0, 0],
  ];
  holds: { owner: number; goods: number; place: number; quantity: number; hasLapsed: boolean }[] = [];

  at = (goods: number, place: number) => this.onHand[goods]?.[place] ?? 0;
  put = (goods: number, place: number, units: number) => {
    const row = this.onHand[goods];
    if (row) row[place] = this.at(goods, place) + units;
  };
  held = (goods: number, place: number) =>
    this.holds
      .filter((hold) => hold.goods === goods && hold.place === place && !hold.hasLapsed)
      .reduce((sum, { quantity }) => sum + quantity, 0);
  free = (goods: number, place: number) => Math.max(0, this.at(goods, place) - this.held(goods, place));
  freeOf = (goods: number): number =>
    goods === BUNDLE
      ? Math.min(...PIECES.map((pieces, part) => Math.floor(this.freeOf(part) / pieces)))
      : this.free(goods, 0) + this.free(goods, 1);

  /** Units of each counted thing that lines ask for. */
  demand(lines: readonly { goods: number; quantity: number }[]): number[] {
    return PIECES.map((pieces, part) =>
      lines.reduce(
        (sum, { goods, quantity }) => sum + (goods === BUNDLE ? quantity * pieces : goods === part ? quantity : 0),
        0,
      ),
    );
  }
}

/** What a step must have done, by the model; brings the model to where the shop now is. */
function follow(model: Model, scene: Scene, step: Step, outcome: unknown): void {
  const refused = outcome instanceof DomainError;
  switch (step.do) {
    case 'reserve': {
      const lines = linesOf(scene, step).map(({ variantId, quantity }) => ({
        goods: scene.goods.findIndex((one) => one.variantId === variantId),
        quantity,
      }));
      const demand = model.demand(lines);
      expect(refused, JSON.stringify(step)).toBe(demand.some((units, goods) => units > model.freeOf(goods)));
      if (refused) return;
      const kept = outcome as { variantId: Id<'var'>; locationId: Id<'loc'>; quantity: number }[]; // reserve's own answer
      const taken = [0, 0];
      for (const { variantId, locationId, quantity } of kept) {
        const goods = scene.goods.findIndex((one) => one.variantId === variantId);
        const place = scene.places.indexOf(locationId);
        expect(quantity).toBeLessThanOrEqual(model.free(goods, place));
        model.holds.push({ owner: step.owner, goods, place, quantity, hasLapsed: false });
        taken[goods] = (taken[goods] ?? 0) + quantity;
      }
      expect(taken).toEqual(demand);
      return;
    }
    case 'consume':
      if (refused) return;
      for (const hold of model.holds.filter((one) => one.owner === step.owner))
        model.put(hold.goods, hold.place, -hold.quantity);
      model.holds = model.holds.filter((one) => one.owner !== step.owner);
      return;
    case 'release':
      model.holds = model.holds.filter((one) => one.owner !== step.owner);
      return;
    case 'lapse':
      for (const hold of model.holds) hold.hasLapsed ||= hold.owner === step.owner;
      return;
    case 'sweep':
      model.holds = model.holds.filter((one) => !one.hasLapsed);
      return;
    case 'adjust':
      expect(refused).toBe(model.at(step.goods, step.place) + step.delta < 0);
      if (!refused) model.put(step.goods, step.place, step.delta);
      return;
    case 'send':
      expect(refused).toBe(model.at(step.goods, step.place) - model.held(step.goods, step.place) < step.quantity);
      if (!refused) model.put(step.goods, step.place, -step.quantity);
      return;
    case 'receive': {
      if (scene.sent.length === 0) return;
      const transfer = nth(scene.sent, step.nth);
      expect(refused).toBe(transfer.open === 0 || step.quantity + step.lost > transfer.open);
      if (refused) return;
      transfer.open -= step.quantity + step.lost;
      model.put(transfer.goods, transfer.to, step.quantity);
    }
  }
}

async function compare(model: Model, { session, goods, places }: Scene): Promise<void> {
  const stock = await within(session, (ctx) =>
    readStock(
      ctx,
      goods.map(({ variantId }) => variantId),
    ),
  );
  for (const part of [0, 1])
    for (const place of [0, 1]) {
      const level = stock.get(nth(goods, part).variantId)?.find(({ locationId }) => locationId === places[place]);
      expect({ onHand: level?.onHand ?? 0, reserved: level?.reserved ?? 0, available: level?.available ?? 0 }).toEqual({
        onHand: model.at(part, place),
        reserved: model.held(part, place),
        available: model.free(part, place),
      });
    }
  expect(await checkStock(db.app.run, session)).toEqual([]);
  // A hold that ran out counts at once; that it can be had again is told by the next sweep.
  if (model.holds.some(({ hasLapsed }) => hasLapsed)) return;
  const told = goods.map((_, at) => model.freeOf(at) > 0);
  expect(await flags(goods.map(({ productId }) => productId))).toEqual(told);
}

async function flags(productIds: readonly Id<'prod'>[]): Promise<boolean[]> {
  const rows =
    await db.admin`select product_id, is_available from product_availability where product_id = any(${productIds as string[]})`;
  return productIds.map((id) => rows.find((row) => row['product_id'] === id)?.['is_available'] ?? false);
}

test.each(SEEDS)(
  'whatever is done, one thing after the other, the stock is what a plain model says (seed %i)',
  async (seed) => {
    const steps = fc.sample(stepWith(fc.integer({ min: -6, max: 12 })), { seed, numRuns: STEPS });
    const [real, model] = [await scene(), new Model()];
    for (const step of steps) {
      // Whether a hold that ran out is still there to be consumed depends on who swept: no model can know.
      if (step.do === 'consume' && model.holds.some((hold) => hold.owner === step.owner && hold.hasLapsed)) continue;
      follow(model, real, step, await act(real, step));
      await compare(model, real);
    }
  },
);

test.each(SEEDS)(
  'whatever is done at once, nothing is sold twice and every counter adds up (seed %i)',
  async (seed) => {
    const real = await scene();
    await warmUp(db);
    const actors = Array.from({ length: 8 }, (_, at) =>
      fc.sample(stepWith(fc.integer({ min: 1, max: 8 })), { seed: seed * 100 + at, numRuns: STEPS / 2 }),
    );
    await Promise.all(
      actors.map(async (steps) => {
        for (const step of steps) await act(real, step);
      }),
    );
    const { session, goods } = real;
    expect(await checkStock(db.app.run, session)).toEqual([]);
    const oversold =
      await db.admin`select * from stock_levels where company_id = ${session.companyId} and reserved > on_hand`;
    expect(oversold).toEqual([]);
    while ((await within(session, (ctx) => expireDue(ctx, 100))) > 0);
    const stock = await within(session, (ctx) =>
      readStock(
        ctx,
        goods.map(({ variantId }) => variantId),
      ),
    );
    const free = goods.map(({ variantId }) =>
      (stock.get(variantId) ?? []).reduce((sum, { available }) => sum + available, 0),
    );
    const bundles = Math.min(...PIECES.map((pieces, part) => Math.floor((free[part] ?? 0) / pieces)));
    const told = [...free.slice(0, BUNDLE), bundles].map((units) => units > 0);
    expect(await flags(goods.map(({ productId }) => productId))).toEqual(told);
  },
);
