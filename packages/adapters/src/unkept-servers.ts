/** How long, and of how many servers, it is remembered. */
const UNKEPT_MS = 600_000;
const UNKEPT_MAX = 1_000;

/** Servers that broke off a connection that was kept: for a while each of their requests has one of its own. */
export class Unkept {
  private readonly until = new Map<string, number>();

  add(origin: string): void {
    this.until.delete(origin);
    this.until.set(origin, Date.now() + UNKEPT_MS);
    const [oldest] = this.until.keys();
    if (oldest !== undefined && this.until.size > UNKEPT_MAX) this.until.delete(oldest);
  }

  has(origin: string): boolean {
    return (this.until.get(origin) ?? 0) > Date.now();
  }
}
