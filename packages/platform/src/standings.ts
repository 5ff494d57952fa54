import { type KeyStanding, keyStanding } from '@souk/domain/identity/api-keys/standing.service';
import { customerStanding } from '@souk/domain/identity/customer-sessions/customer-standing.service';
import type { CustomerClaims } from '@souk/domain/identity/customer-sessions/customer-tokens';
import type { AccessClaims } from '@souk/domain/identity/sessions/access-tokens';
import { staffStanding } from '@souk/domain/identity/sessions/standing.service';
import { type Run, systemSession } from '@souk/domain/kernel/ctx';
import type { CompanyId, Id } from '@souk/domain/kernel/ids';
import { StandingCache, type StandingCacheOptions } from './standing-cache.ts';

/** A staff member's standing, ready for use: permissions as a set that all their requests share. */
export interface StaffReady {
  readonly permissions: ReadonlySet<string>;
  readonly companyStatus: 'active' | 'suspended';
}

/** A key's standing, ready for use. */
export interface KeyReady extends Omit<KeyStanding, 'scopes' | 'expiresAt'> {
  readonly permissions: ReadonlySet<string>;
  /** Milliseconds since 1970; infinite if it does not expire. */
  readonly expiresAtMs: number;
}

/** What credentials are worth now, from memory where it is fresh. One per process. */
export class Standings {
  private readonly staff: StandingCache<StaffReady>;
  private readonly keys: StandingCache<KeyReady>;
  private readonly customers: StandingCache<true>;

  constructor(
    private readonly run: Run,
    options?: StandingCacheOptions,
  ) {
    this.staff = new StandingCache(options);
    this.keys = new StandingCache(options);
    this.customers = new StandingCache(options);
  }

  /**
   * Undefined: the session is over, the person disabled or the company closed. `anew` is for writes: whoever lost a right
   * must not give it back to themselves on a process that has not heard of it, which without Redis may take seconds.
   */
  ofStaff(
    { companyId, staffId, sessionId }: AccessClaims,
    { anew }: { anew: boolean },
  ): Promise<StaffReady | undefined> {
    const name = `${companyId}|${staffId}|${sessionId}`;
    const load = async () => {
      const found = await this.run(lookUp(companyId), (ctx) => staffStanding(ctx, { staffId, sessionId }));
      return found && { permissions: new Set(found.permissions), companyStatus: found.companyStatus };
    };
    return anew ? this.staff.getAnew(companyId, name, load) : this.staff.get(companyId, name, load);
  }

  /** False: the customer's session is over, or they are disabled. `anew` for writes, as in `ofStaff`. */
  async ofCustomer(
    { companyId, customerId, sessionId }: CustomerClaims,
    { anew }: { anew: boolean },
  ): Promise<boolean> {
    const name = `${companyId}|${customerId}|${sessionId}`;
    const load = async () => {
      const isGood = await this.run(lookUp(companyId), (ctx) => customerStanding(ctx, { customerId, sessionId }));
      return isGood || undefined;
    };
    const { customers } = this;
    return (await (anew ? customers.getAnew(companyId, name, load) : customers.get(companyId, name, load))) === true;
  }

  /** A key's standing if it is known and fresh: no promise, no look-up. */
  knownKey(hash: string): KeyReady | undefined {
    return this.keys.peek(hash);
  }

  /** Undefined: there is no such key any more. */
  ofKey(companyId: CompanyId, hash: string): Promise<KeyReady | undefined> {
    return this.keys.get(companyId, hash, () => this.loadKey(companyId, hash));
  }

  /** As `ofKey`, looked up anew and remembered; for writes, as in `ofStaff`. */
  ofKeyAnew(companyId: CompanyId, hash: string): Promise<KeyReady | undefined> {
    return this.keys.getAnew(companyId, hash, () => this.loadKey(companyId, hash));
  }

  /** A company changed who may do what. */
  drop(companyId: CompanyId): void {
    this.staff.drop(companyId);
    this.keys.drop(companyId);
    this.customers.drop(companyId);
  }

  /** Sessions of a customer ended; what is known of all others stands. */
  dropCustomer(companyId: CompanyId, customerId: Id<'cus'>): void {
    this.customers.dropBeginning(companyId, `${companyId}|${customerId}|`);
  }

  /** News may have been missed: believe nothing. */
  clear(): void {
    this.staff.clear();
    this.keys.clear();
    this.customers.clear();
  }

  /** The next `ofKey` waits for no look-up that began earlier. */
  leaveLoadsOfKey(hash: string): void {
    this.keys.leaveLoads(hash);
  }

  /** Entries remembered; for the metrics. */
  get size(): number {
    return this.staff.size + this.keys.size + this.customers.size;
  }

  private async loadKey(companyId: CompanyId, hash: string): Promise<KeyReady | undefined> {
    const found = await this.run(lookUp(companyId), (ctx) => keyStanding(ctx, hash));
    if (!found) return undefined;
    const { scopes, expiresAt, ...rest } = found;
    return {
      ...rest,
      permissions: new Set(scopes),
      expiresAtMs: expiresAt ? Date.parse(expiresAt) : Number.POSITIVE_INFINITY,
    };
  }
}

const lookUp = (companyId: CompanyId) => systemSession(companyId, 'standing');
