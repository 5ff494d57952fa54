import type { HeldUnits } from '../../catalog/inventory/hold-choice.ts';
import type { Id } from '../../kernel/ids.ts';
import type { OrderRecord } from '../orders/order-views.ts';

type Line = OrderRecord['lines'][number];

/** Units of an order line. */
export interface Portion {
  readonly orderLineId: Id<'oli'>;
  readonly quantity: number;
}

/** Units of what was ordered that stand in a fulfilment at a place, and have not left it. */
export interface Standing {
  readonly variantId: Id<'var'>;
  readonly locationId: Id<'loc'>;
  readonly quantity: number;
}

/** Where an order's goods are, as far as they are not spoken for. */
export interface Supply {
  readonly units: readonly HeldUnits[];
  /** What is counted for this order. */
  readonly known: ReadonlySet<Id<'var'>>;
}

/** Units that stand in no fulfilment and were not called off. */
export const leftOf = ({ quantity, cancelled, fulfilled }: Line): number => quantity - cancelled - fulfilled;

/**
 * What of it is sent when nobody names lines: not what was refunded without having been sent. Units that were refunded
 * because they were called off or came back do not count; all others are taken for those that are left.
 */
const dueOf = (line: Line): number =>
  Math.max(0, leftOf(line) - Math.max(0, line.refunded - line.cancelled - line.returned));

/** All that is sent when nobody names lines. */
export const dueLines = ({ lines }: OrderRecord): Portion[] =>
  lines.flatMap((line) => (dueOf(line) > 0 ? [{ orderLineId: line.id, quantity: dueOf(line) }] : []));

/** What stands in fulfilments is spoken for: first what lies where they are, then what lies at several places, or elsewhere. */
export function withoutStanding(units: readonly HeldUnits[], standing: readonly Standing[]): HeldUnits[] {
  const left = units.map((one) => ({ ...one }));
  for (const { variantId, locationId, quantity } of standing) {
    const rank = (one: HeldUnits) => (one.locationId === locationId ? 0 : one.locationId === null ? 1 : 2);
    let open = quantity;
    const own = left.filter((one) => one.variantId === variantId);
    for (const one of own.sort((a, b) => rank(a) - rank(b))) {
      const taken = Math.min(open, one.quantity);
      one.quantity -= taken;
      open -= taken;
    }
  }
  return left.filter((one) => one.quantity > 0);
}

/** The place with most of what is wanted; where nothing of it lies whole at one place, the one with most of its pieces. */
export function fullestPlace(order: OrderRecord, { units }: Supply, wanted: readonly Portion[]): Id<'loc'> | undefined {
  const lineIds = new Set(wanted.map(({ orderLineId }) => orderLineId));
  const variantIds = new Set(order.lines.filter(({ id }) => lineIds.has(id)).map(({ variantId }) => variantId));
  const own = units.filter(({ variantId }) => variantIds.has(variantId));
  const here = new Map<Id<'loc'>, number>();
  for (const { locationId, quantity } of own)
    if (locationId) here.set(locationId, (here.get(locationId) ?? 0) + quantity);
  return [...here].sort((a, b) => b[1] - a[1])[0]?.[0] ?? own[0]?.partsAt[0];
}

/**
 * Of what is due as much as lies whole at a place; what nobody counts lies everywhere. If that is nothing, units of which
 * only some pieces lie there: the others have to be brought there before they can leave.
 */
export function portionsAt(order: OrderRecord, supply: Supply, due: readonly Portion[], at: Id<'loc'>): Portion[] {
  const whole = portionsOf(order, supply, due, ({ locationId }) => locationId === at);
  if (whole.length > 0) return whole;
  return portionsOf(order, supply, due, ({ locationId, partsAt }) => locationId === null && partsAt.includes(at));
}

function portionsOf(
  order: OrderRecord,
  { units, known }: Supply,
  due: readonly Portion[],
  isHere: (units: HeldUnits) => boolean,
): Portion[] {
  const here = unitsBy(units.filter(isHere));
  const variants = new Map(order.lines.map(({ id, variantId }) => [id, variantId]));
  return due.flatMap(({ orderLineId, quantity: wanted }) => {
    const variantId = variants.get(orderLineId);
    if (!variantId || !known.has(variantId)) return [{ orderLineId, quantity: wanted }];
    const quantity = Math.min(wanted, here.get(variantId) ?? 0);
    here.set(variantId, (here.get(variantId) ?? 0) - quantity);
    return quantity > 0 ? [{ orderLineId, quantity }] : [];
  });
}

/** Whether goods have to be brought to a place before these lines can leave from there. */
export function isPromisedElsewhere(order: OrderRecord, supply: Supply, lines: readonly Portion[], at: Id<'loc'>) {
  const here = portionsOf(order, supply, lines, ({ locationId }) => locationId === at);
  const count = (portions: readonly Portion[]) => portions.reduce((sum, { quantity }) => sum + quantity, 0);
  return count(here) < count(lines);
}

/** Units by what was asked for, over all places. */
export function unitsBy(units: readonly Pick<HeldUnits, 'variantId' | 'quantity'>[]): Map<Id<'var'>, number> {
  const sums = new Map<Id<'var'>, number>();
  for (const { variantId, quantity } of units) sums.set(variantId, (sums.get(variantId) ?? 0) + quantity);
  return sums;
}
