import type { FulfilmentStatus } from './fulfilments.schema.ts';

/** What can be done to a fulfilment; each names the status it leads to. */
export type FulfilmentMove =
  | 'packing'
  | 'shipment'
  | 'out-for-delivery'
  | 'delivery'
  | 'failure'
  | 'return'
  | 'cancellation';

/** How a move changes the counters of each of its order lines: so many times the units of the fulfilment. */
interface Counted {
  readonly fulfilled?: 1 | -1;
  readonly shipped?: 1 | -1;
  readonly delivered?: 1 | -1;
  readonly returned?: 1;
}

interface Rule {
  readonly to: FulfilmentStatus;
  readonly from: readonly FulfilmentStatus[];
  readonly counts: Counted;
}

const ON_THE_WAY: readonly FulfilmentStatus[] = ['shipped', 'out_for_delivery'];

/**
 * The life of a fulfilment. Shipping may skip packing, delivering may skip `out_for_delivery`. What failed on its way has
 * not been fulfilled: its units are to be sent again. What was returned was sent, and came back; see `countsOf`.
 */
export const MOVES: Readonly<Record<FulfilmentMove, Rule>> = {
  packing: { to: 'packed', from: ['pending'], counts: {} },
  shipment: { to: 'shipped', from: ['pending', 'packed'], counts: { shipped: 1 } },
  'out-for-delivery': { to: 'out_for_delivery', from: ['shipped'], counts: {} },
  delivery: { to: 'delivered', from: ON_THE_WAY, counts: { delivered: 1 } },
  failure: { to: 'failed', from: ON_THE_WAY, counts: { fulfilled: -1, shipped: -1 } },
  return: { to: 'returned', from: [...ON_THE_WAY, 'delivered'], counts: { returned: 1 } },
  cancellation: { to: 'cancelled', from: ['pending', 'packed'], counts: { fulfilled: -1 } },
};

/**
 * What a move counts, from where it begins. What comes back before it was delivered has come to the end of its way as
 * what was delivered has: it counts as both, or its order would wait for it for ever.
 */
export const countsOf = (move: FulfilmentMove, from: FulfilmentStatus): Counted =>
  move === 'return' && from !== 'delivered' ? { ...MOVES.return.counts, delivered: 1 } : MOVES[move].counts;

/** What can be done next, for people and buttons. */
export const nextMoves = (status: FulfilmentStatus): FulfilmentMove[] =>
  (Object.keys(MOVES) as FulfilmentMove[]).filter((move) => MOVES[move].from.includes(status)); // the keys of the table
