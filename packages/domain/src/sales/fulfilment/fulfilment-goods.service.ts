import { sql } from 'drizzle-orm';
import { heldGoods } from '../../catalog/inventory/held-goods.service.ts';
import { InsufficientStock } from '../../catalog/inventory/inventory.errors.ts';
import { reserve } from '../../catalog/inventory/reservations.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { ownerOf } from '../orders/order-stock.service.ts';
import type { OrderRecord } from '../orders/order-views.ts';
import { type Portion, type Standing, type Supply, unitsBy, withoutStanding } from './fulfilment-plan.ts';

interface Want {
  variantId: Id<'var'>;
  quantity: number;
  /** The place of its line among those that are wanted, and how many units that wants in all. */
  at: number;
  asked: number;
}

interface Secured {
  readonly supply: Supply;
  /** What could not be had of what was sold and is not held any more. */
  readonly refusal: InsufficientStock | undefined;
}

/**
 * Where the goods for these lines are. Units that were sent once and got lost are promised to the order once more, as many
 * as can be had, whether or not they are for sale still; what was never counted for this order needs nothing. The caller
 * holds the order's lock.
 */
export async function secureUnits(ctx: Ctx, order: OrderRecord, wanted: readonly Portion[]): Promise<Secured> {
  const owner = ownerOf(order.id);
  const { units, known } = await heldGoods(ctx, owner);
  const standing = await standingUnits(ctx, order.id);
  const before = { units: withoutStanding(units, standing), known };
  const missing = missingOf(order, before, wanted);
  if (missing.length === 0) return { supply: before, refusal: undefined };
  const refusal = await holdWhatThereIs(ctx, order.id, missing);
  const after = { units: withoutStanding((await heldGoods(ctx, owner)).units, standing), known };
  return { supply: withoutUncounted(order, after, wanted, refusal), refusal };
}

/** What is missing still and was not refused is not counted any more: it lies everywhere. */
function withoutUncounted(
  order: OrderRecord,
  { units, known }: Supply,
  wanted: readonly Portion[],
  refusal: InsufficientStock | undefined,
): Supply {
  const refused = new Set(refusal?.shortages.map(({ variantId }) => variantId));
  const missing = missingOf(order, { units, known }, wanted).map(({ variantId }) => variantId);
  const uncounted = new Set(missing.filter((variantId) => !refused.has(variantId)));
  return { units, known: new Set([...known].filter((variantId) => !uncounted.has(variantId))) };
}

function missingOf(order: OrderRecord, { units, known }: Supply, wanted: readonly Portion[]): Want[] {
  const left = unitsBy(units);
  const variants = new Map(order.lines.map(({ id, variantId }) => [id, variantId]));
  return wanted.flatMap(({ orderLineId, quantity: asked }, at) => {
    const variantId = variants.get(orderLineId);
    if (!variantId || !known.has(variantId)) return [];
    const there = Math.min(asked, left.get(variantId) ?? 0);
    left.set(variantId, (left.get(variantId) ?? 0) - there);
    return there < asked ? [{ variantId, quantity: asked - there, at, asked }] : [];
  });
}

async function holdWhatThereIs(ctx: Ctx, orderId: Id<'ord'>, wants: readonly Want[]) {
  const hold = (lines: readonly Want[]) =>
    reserve(ctx, { owner: ownerOf(orderId), lines, expiresAt: null, isSold: true });
  try {
    await hold(wants);
    return undefined;
  } catch (error) {
    // Refused by reckoning, not by the database: the unit of work goes on.
    if (!(error instanceof InsufficientStock)) throw error;
    const { shortages } = error;
    const possible = wants.map((want, line) => {
      return { ...want, quantity: shortages.find((one) => one.line === line)?.available ?? want.quantity };
    });
    const some = possible.filter(({ quantity }) => quantity > 0);
    if (some.length > 0) await hold(some);
    return inLines(wants, error);
  }
}

/** The refusal in the words of the lines that are wanted: what is held of them already is there. */
function inLines(wants: readonly Want[], { shortages }: InsufficientStock): InsufficientStock {
  return new InsufficientStock(
    shortages.flatMap(({ line, variantId, requested, available }) => {
      const want = wants[line];
      return want
        ? [{ line: want.at, variantId, requested: want.asked, available: want.asked - requested + available }]
        : [];
    }),
  );
}

/** What stands in fulfilments of an order that have not left: it is promised still, and spoken for. */
function standingUnits(ctx: Ctx, orderId: Id<'ord'>): Promise<Standing[]> {
  return ctx.tx.execute<Standing & Record<string, unknown>>(sql`select l.variant_id as "variantId",
      f.location_id as "locationId", sum(p.quantity)::int as quantity
    from fulfilments f
    join fulfilment_lines p on p.company_id = f.company_id and p.fulfilment_id = f.id
    join order_lines l on l.company_id = p.company_id and l.id = p.order_line_id
    where f.company_id = ${ctx.companyId} and f.order_id = ${orderId} and f.status in ('pending', 'packed')
    group by l.variant_id, f.location_id`);
}
