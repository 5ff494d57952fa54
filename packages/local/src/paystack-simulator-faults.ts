/** What can go wrong, and where. The operations are those of the API, and `hook` for the notices that go out. */
export const API_OPERATIONS = [
  'initialize',
  'verify',
  'fetch',
  'list',
  'refund',
  'fetch-refund',
  'list-refunds',
] as const;
export type ApiOperation = (typeof API_OPERATIONS)[number];

const WRONG = ['wrong-amount', 'wrong-currency', 'wrong-domain'] as const;
/** "before": nothing has happened there. "after": it has, and the caller does not hear of it. */
const API_KINDS = ['timeout-before', 'timeout-after', '500-before', '500-after', 'slow', ...WRONG] as const;
/** How the life of a refund ends that is begun now. */
const REFUND_KINDS = ['ends-failed', 'ends-needs-attention'] as const;
const HOOK_KINDS = ['duplicate', 'reorder', 'late', 'lost', 'bad-signature', ...WRONG] as const;
export type FaultKind = (typeof API_KINDS)[number] | (typeof REFUND_KINDS)[number] | (typeof HOOK_KINDS)[number];

export interface Fault {
  on: ApiOperation | 'hook';
  kind: FaultKind;
  /** How often; 1 when left out, and 0 is never. */
  times?: number | 'always';
  /** Only for this reference: of a transaction, or the id in the path. */
  reference?: string;
  /** Of a hook: only this event, like charge.success. */
  event?: string;
  /** `slow`: how slow. `late`: how late; left out, until the control API sends what is held. `reorder`: how long it gathers. */
  ms?: number;
  /** `duplicate`: how many more; 1 when left out. `reorder`: how many are gathered; 2 when left out. */
  count?: number;
  /** `duplicate`: a number from 1 to this, by the seed. */
  countMax?: number;
}

/** A fault was asked for that there is not. The message names those there are. */
export class NoSuchFault extends Error {}

/** The faults that wait to happen. */
export class Faults {
  #waiting: (Fault & { id: number; left: number })[] = [];
  #lastId = 0;

  /** Throws `NoSuchFault`. */
  add(fault: Fault): number {
    const kinds = kindsOf(fault.on);
    if (!kinds.some((kind) => kind === fault.kind)) {
      throw new NoSuchFault(
        kinds.length > 0
          ? `On ${fault.on} there are the faults ${kinds.join(', ')}.`
          : `Faults happen on ${[...API_OPERATIONS, 'hook'].join(', ')}.`,
      );
    }
    this.#lastId += 1;
    const left = fault.times === 'always' ? Number.POSITIVE_INFINITY : (fault.times ?? 1);
    if (left > 0) this.#waiting.push({ ...fault, id: this.#lastId, left });
    return this.#lastId;
  }

  /** Those that happen now, at most one of a kind. Each counts as used. */
  take(on: Fault['on'], about: { reference?: string | undefined; event?: string | undefined }): Map<FaultKind, Fault> {
    const taken = new Map<FaultKind, Fault>();
    for (const fault of this.#waiting) {
      const fits =
        fault.on === on &&
        (fault.reference === undefined || fault.reference === about.reference) &&
        (fault.event === undefined || fault.event === about.event);
      if (!fits || taken.has(fault.kind)) continue;
      fault.left -= 1;
      taken.set(fault.kind, fault);
    }
    this.#waiting = this.#waiting.filter(({ left }) => left > 0);
    return taken;
  }

  all(): (Fault & { id: number; left: number | 'always' })[] {
    return this.#waiting.map((fault) => ({ ...fault, left: Number.isFinite(fault.left) ? fault.left : 'always' }));
  }

  clear(): void {
    this.#waiting = [];
  }
}

function kindsOf(on: Fault['on']): readonly FaultKind[] {
  if (on === 'hook') return HOOK_KINDS;
  if (!API_OPERATIONS.includes(on)) return [];
  return on === 'refund' ? [...API_KINDS, ...REFUND_KINDS] : API_KINDS;
}

interface Told {
  amount?: unknown;
  currency?: unknown;
  domain?: unknown;
}

/** The same data with another amount, currency or domain, as the faults say. */
export function distorted<Data extends object>(data: Data, faults: ReadonlyMap<FaultKind, Fault>): Data {
  const told: Told = data;
  const amount = typeof told.amount === 'string' ? String(Number(told.amount) + 100) : Number(told.amount) + 100;
  return {
    ...data,
    ...(faults.has('wrong-amount') && { amount }),
    ...(faults.has('wrong-currency') && { currency: told.currency === 'USD' ? 'NGN' : 'USD' }),
    ...(faults.has('wrong-domain') && { domain: told.domain === 'live' ? 'test' : 'live' }),
  };
}

/** From 0 up to 1, and the same ones for the same seed. Mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Another order than the one given, wherever there is one. Fisher and Yates. */
export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const mixed = [...items];
  for (let place = mixed.length - 1; place > 0; place--) {
    const other = Math.floor(random() * (place + 1));
    const here = mixed[place];
    const there = mixed[other];
    if (here !== undefined && there !== undefined) [mixed[place], mixed[other]] = [there, here];
  }
  const isSame = mixed.every((item, place) => item === items[place]);
  return isSame ? mixed.reverse() : mixed;
}
