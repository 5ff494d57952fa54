/** For each place a guest has, so many must be left free before it gets one more. */
const LEFT_FREE = 4;

export interface Table<Matter> {
  /** Places there are. */
  readonly all: number;
  /** Of these, what one guest may have, however empty the table is. */
  readonly each: number;
  /** What is likely to sit for long: together they get at most half of the places. None unless told. */
  isSlow?(matter: Matter): boolean;
}

/**
 * The places at a worker's table. One guest (a company) never has more than its share of them, however much it brings, and
 * the share shrinks as the table fills: many guests that all sit for long still leave a place for whoever comes with little.
 * What a guest brings beyond that waits, and is told when there may be a place for it.
 */
export class Seats<Guest, Matter> {
  private readonly taken = new Map<Guest, number>();
  private readonly waiting = new Map<Guest, Set<Matter>>();
  private free: number;
  private slowFree: number;

  /** `tell`: told what may be brought again. */
  constructor(
    private readonly table: Table<Matter>,
    private readonly tell: (guest: Guest, matter: Matter) => void,
  ) {
    this.free = table.all;
    this.slowFree = Math.ceil(table.all / 2);
  }

  /** Does the work if there is a place for it, and says whether there was. Without one the matter waits. */
  async seated(guest: Guest, matter: Matter, work: () => Promise<void>): Promise<boolean> {
    if (!this.hasPlace(guest, matter)) {
      this.waiting.set(guest, (this.waiting.get(guest) ?? new Set()).add(matter));
      return false;
    }
    const isSlow = this.isSlow(matter);
    this.move(guest, -1, isSlow);
    try {
      await work();
      return true;
    } finally {
      this.move(guest, 1, isSlow);
      this.callNext();
    }
  }

  private hasPlace(guest: Guest, matter: Matter): boolean {
    const held = this.taken.get(guest) ?? 0;
    return held < this.table.each && this.free > held * LEFT_FREE && (this.slowFree > 0 || !this.isSlow(matter));
  }

  private isSlow(matter: Matter): boolean {
    return this.table.isSlow?.(matter) === true;
  }

  private move(guest: Guest, freed: 1 | -1, isSlow: boolean): void {
    this.free += freed;
    if (isSlow) this.slowFree += freed;
    const held = (this.taken.get(guest) ?? 0) - freed;
    if (held > 0) this.taken.set(guest, held);
    else this.taken.delete(guest);
  }

  /** Whoever was called goes behind the others. */
  private callNext(): void {
    for (const [guest, matters] of this.waiting) {
      for (const matter of matters) {
        if (!this.hasPlace(guest, matter)) continue;
        matters.delete(matter);
        this.waiting.delete(guest);
        if (matters.size > 0) this.waiting.set(guest, matters);
        this.tell(guest, matter);
        return;
      }
    }
  }
}
