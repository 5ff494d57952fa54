import { DomainError } from '@souk/domain/kernel/errors';
import type { CompanyId } from '@souk/domain/kernel/ids';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { RateLimiterRedis } from 'rate-limiter-flexible';

const WINDOW_SECONDS = 60;
const WINDOW_MS = WINDOW_SECONDS * 1000;
/** How often counts are told to Redis. Between two of these, each process may let through what it has not heard of. */
const SETTLE_MS = 500;
const SETTLED_AT_ONCE = 500;
const BUCKETS_MAX = 100_000;

export const LIMIT_KINDS = ['key', 'company', 'address'] as const;
export type LimitKind = (typeof LIMIT_KINDS)[number];

/** Too many requests in this minute. RFC 6585, 4. */
export class RateLimited extends DomainError {
  readonly code = 'rate_limited';
  readonly status = 429;
  override readonly retryAfterSeconds: number;
  constructor(readonly remaining: Remaining) {
    super(`Too many requests ${WORDS[remaining.kind]}. Try again in ${remaining.seconds} seconds.`, {
      kind: remaining.kind,
    });
    this.retryAfterSeconds = remaining.seconds;
  }
}

const WORDS: Record<LimitKind, string> = {
  key: 'with this API key',
  company: 'for this company',
  address: 'from this address',
};

/** One count of one minute. */
interface Bucket {
  used: number;
  /** Part of `used` that Redis has not heard of. */
  unsettled: number;
  endsAt: number;
}

/** What is left of a limit, for the `RateLimit` header, and the limits that hold, for `RateLimit-Policy`. */
export interface Remaining {
  kind: LimitKind;
  left: number;
  seconds: number;
  policy: string;
}

export interface LimitsOptions {
  /** Requests a minute. */
  perMinute: Record<LimitKind, number>;
  now?: () => number;
}

/**
 * Counts requests in this process's memory, and settles with the other processes through Redis in batches: asking a
 * store on every request would cost more than most requests do. Without Redis each process counts alone.
 */
export class Limits {
  private readonly policy: Record<LimitKind, string>;
  /** Of what is counted for a company as well. */
  private readonly policyWithCompany: Record<LimitKind, string>;
  private readonly buckets: Record<LimitKind, Map<string, Bucket>> = {
    key: new Map(),
    company: new Map(),
    address: new Map(),
  };
  private readonly perMinute: Record<LimitKind, number>;
  private readonly now: () => number;
  private timer: NodeJS.Timeout | undefined;

  constructor({ perMinute, now = Date.now }: LimitsOptions) {
    this.perMinute = perMinute;
    this.now = now;
    const policyOf = (kind: LimitKind) => `"${kind}";q=${perMinute[kind]};w=${WINDOW_SECONDS}`;
    const company = policyOf('company');
    const [key, address] = [policyOf('key'), policyOf('address')];
    this.policy = { key, company, address };
    this.policyWithCompany = { key: `${key}, ${company}`, company, address: `${address}, ${company}` };
  }

  /** Counts a request. Throws `RateLimited` if there were too many; a refused request is not counted. */
  count(kind: LimitKind, name: string, weight = 1): Remaining {
    const now = this.now();
    const bucket = this.bucketOf(kind, name, now);
    const limit = this.perMinute[kind];
    const seconds = Math.ceil((bucket.endsAt - now) / 1000);
    const policy = this.policy[kind];
    if (bucket.used >= limit) throw new RateLimited({ kind, left: 0, seconds, policy });
    bucket.used += weight;
    bucket.unsettled += weight;
    return { kind, left: Math.max(0, limit - bucket.used), seconds, policy };
  }

  /** Throws `RateLimited` if nothing is left, and counts nothing. */
  refuseIfSpent(kind: LimitKind, name: string): void {
    const bucket = this.buckets[kind].get(name);
    const now = this.now();
    if (!bucket || bucket.endsAt <= now || bucket.used < this.perMinute[kind]) return;
    const seconds = Math.ceil((bucket.endsAt - now) / 1000);
    throw new RateLimited({ kind, left: 0, seconds, policy: this.policy[kind] });
  }

  /** Counts like `count` what may yet turn out well, and gives the function that takes it back. */
  hold(kind: LimitKind, name: string, weight: number): () => void {
    this.count(kind, name, weight);
    const bucket = this.bucketOf(kind, name, this.now());
    return () => {
      // In another minute this bucket is nobody's any more.
      bucket.used -= weight;
      bucket.unsettled -= weight;
    };
  }

  /** Counts a request with a secret key, one server's: for the key and its company. */
  countKey(companyId: CompanyId, keyId: string): Remaining {
    return this.withCompany(this.count('key', keyId), companyId);
  }

  /** Counts a request with a publishable key, everybody's: for the visitor's address and the company. */
  countVisitor(companyId: CompanyId, address: string): Remaining {
    return this.withCompany(this.count('address', address), companyId);
  }

  /** Counts for the company as well; gives back whichever has the smaller part left. */
  private withCompany(own: Remaining, companyId: CompanyId): Remaining {
    const ofCompany = this.count('company', companyId);
    const tighter = ofCompany.left * this.perMinute[own.kind] < own.left * this.perMinute.company ? ofCompany : own;
    tighter.policy = this.policyWithCompany[own.kind];
    return tighter;
  }

  /** Begins to settle with the other processes. */
  settleThrough(redis: Redis, log: Logger): void {
    const stores = Object.fromEntries(
      LIMIT_KINDS.map((kind) => [
        kind,
        new RateLimiterRedis({
          storeClient: redis,
          keyPrefix: `souk:rate-${kind}`,
          points: this.perMinute[kind],
          duration: WINDOW_SECONDS,
        }),
      ]),
    );
    let isSettling = false;
    this.timer = setInterval(() => {
      if (isSettling) return; // Redis is slow or away: what is counted meanwhile goes with the next batch
      isSettling = true;
      this.settle(async (kind, name, used) => {
        const { consumedPoints, msBeforeNext } = (await stores[kind]?.penalty(name, used)) ?? {
          consumedPoints: used,
          msBeforeNext: WINDOW_MS,
        };
        return { used: consumedPoints, endsInMs: msBeforeNext };
      })
        .catch((error: unknown) => log.debug({ err: error }, 'rate limits could not be settled with Redis'))
        .finally(() => {
          isSettling = false;
        });
    }, SETTLE_MS).unref();
  }

  /** Tells `add` what is not settled and takes over what all processes together have used. */
  async settle(
    add: (kind: LimitKind, name: string, used: number) => Promise<{ used: number; endsInMs: number }>,
  ): Promise<void> {
    const now = this.now();
    const due = LIMIT_KINDS.flatMap((kind) => this.sweep(kind, now));
    for (let at = 0; at < due.length; at += SETTLED_AT_ONCE) {
      await Promise.all(
        due.slice(at, at + SETTLED_AT_ONCE).map(async ({ kind, name, bucket }) => {
          const told = bucket.unsettled;
          bucket.unsettled = 0;
          try {
            const all = await add(kind, name, told);
            // What came in while we asked is in `unsettled` and not yet in their count.
            bucket.used = Math.max(0, all.used + bucket.unsettled);
            bucket.endsAt = this.now() + all.endsInMs;
          } catch (error) {
            bucket.unsettled += told;
            throw error;
          }
        }),
      );
    }
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private bucketOf(kind: LimitKind, name: string, now: number): Bucket {
    const buckets = this.buckets[kind];
    const bucket = buckets.get(name);
    if (bucket && bucket.endsAt > now) return bucket;
    // A map keeps the order in which names came, so the first one is the oldest minute.
    buckets.delete(name);
    if (buckets.size >= BUCKETS_MAX) buckets.delete(buckets.keys().next().value ?? '');
    const fresh = { used: 0, unsettled: 0, endsAt: now + WINDOW_MS };
    buckets.set(name, fresh);
    return fresh;
  }

  private sweep(kind: LimitKind, now: number) {
    const due: { kind: LimitKind; name: string; bucket: Bucket }[] = [];
    for (const [name, bucket] of this.buckets[kind]) {
      if (bucket.endsAt <= now) this.buckets[kind].delete(name);
      else if (bucket.unsettled !== 0) due.push({ kind, name, bucket });
    }
    return due;
  }
}
