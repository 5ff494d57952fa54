/**
 * The places at a worker's table. One guest (a company) never has more than its share of them, however much it brings;
 * what it brings beyond that waits, and is told when a place of its own is free again.
 */
export class Seats<Guest, Matter> {
  private readonly taken = new Map<Guest, number>();
  private readonly waiting = new Map<Guest, Set<Matter>>();

  /** `each`: places of one guest. `free`: told what may be brought again. */
  constructor(
    private readonly each: number,
    private readonly free: (guest: Guest, matter: Matter) => void,
  ) {}

  /** Does the work if the guest has a place, and says whether it had. Without one the matter waits. */
  async seated(guest: Guest, matter: Matter, work: () => Promise<void>): Promise<boolean> {
    const held = this.taken.get(guest) ?? 0;
    if (held >= this.each) {
      this.waiting.set(guest, (this.waiting.get(guest) ?? new Set()).add(matter));
      return false;
    }
    this.taken.set(guest, held + 1);
    try {
      await work();
      return true;
    } finally {
      this.leave(guest);
    }
  }

  private leave(guest: Guest): void {
    const left = (this.taken.get(guest) ?? 1) - 1;
    if (left > 0) this.taken.set(guest, left);
    else this.taken.delete(guest);
    const waiting = this.waiting.get(guest);
    const [next] = waiting ?? [];
    if (!waiting || next === undefined) return;
    waiting.delete(next);
    if (waiting.size === 0) this.waiting.delete(guest);
    this.free(guest, next);
  }
}
