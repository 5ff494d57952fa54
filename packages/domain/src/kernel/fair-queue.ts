import { DatabaseUnavailable } from './errors.ts';

interface Waiter<Held> {
  resolve(held: Held): void;
  reject(error: Error): void;
}

/** Who holds how many connections, and who waits. */
export interface FairQueue<Held> {
  /** Whether this share may have one more. */
  mayTake(share: string): boolean;
  take(share: string): void;
  giveBack(share: string): void;
  /** Waits for a turn. Rejects with `DatabaseUnavailable` after the pool's time limit. */
  wait(share: string): Promise<Held>;
  /** The next waiter that may have one, already counted as holding it. */
  next(): Waiter<Held> | undefined;
  waiting(): number;
  refuseAll(error: Error): void;
}

/** A quarter of the pool, and at least one connection, is always out of reach for a single company. */
const mostFor = (size: number) => Math.max(1, size - Math.max(1, Math.floor(size / 4)));

/**
 * Shares a pool between companies: none may hold all of it, and the waiting ones are served in turn, so that one
 * company's thousand requests are one place in the queue.
 */
export function createFairQueue<Held>({
  size,
  acquireTimeoutMs,
}: {
  size: number;
  acquireTimeoutMs: number;
}): FairQueue<Held> {
  const held = new Map<string, number>();
  const queues = new Map<string, Waiter<Held>[]>(); // in the order of turns
  const most = mostFor(size);
  const mayTake = (share: string) => (held.get(share) ?? 0) < most;
  const take = (share: string) => void held.set(share, (held.get(share) ?? 0) + 1);

  function giveBack(share: string) {
    const left = (held.get(share) ?? 1) - 1;
    if (left > 0) held.set(share, left);
    else held.delete(share);
  }

  function leave(share: string, waiter: Waiter<Held>) {
    const waiters = queues.get(share)?.filter((one) => one !== waiter) ?? [];
    if (waiters.length > 0) queues.set(share, waiters);
    else queues.delete(share);
  }

  return {
    mayTake,
    take,
    giveBack,
    wait(share) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          leave(share, waiter);
          reject(new DatabaseUnavailable(`no connection came free within ${acquireTimeoutMs} ms`));
        }, acquireTimeoutMs);
        const waiter: Waiter<Held> = {
          resolve(connection) {
            clearTimeout(timer);
            resolve(connection);
          },
          reject(error) {
            clearTimeout(timer);
            reject(error);
          },
        };
        const waiters = queues.get(share);
        if (waiters) waiters.push(waiter);
        else queues.set(share, [waiter]);
      });
    },
    next() {
      for (const [share, waiters] of queues) {
        if (!mayTake(share)) continue;
        const waiter = waiters.shift();
        queues.delete(share);
        if (waiters.length > 0) queues.set(share, waiters); // behind the others
        if (!waiter) continue;
        take(share);
        return {
          resolve: waiter.resolve,
          reject: (error) => {
            giveBack(share);
            waiter.reject(error);
          },
        };
      }
      return undefined;
    },
    waiting: () => [...queues.values()].reduce((sum, waiters) => sum + waiters.length, 0),
    refuseAll(error) {
      for (const waiters of queues.values()) for (const waiter of waiters) waiter.reject(error);
      queues.clear();
    },
  };
}
