import { recordKeyUse } from '@souk/domain/identity/api-keys/api-keys.service';
import type { Run } from '@souk/domain/kernel/ctx';
import type { CompanyId, Id } from '@souk/domain/kernel/ids';
import type { Logger } from 'pino';

/** "Last used" is right to this many milliseconds, plus the time of the write. */
export const KEY_USE_FLUSH_MS = 45_000;
const COMPANIES_AT_ONCE = 4;

/** Remembers when keys were used and writes it down now and then: one statement per company, never one per request. */
export class KeyUse {
  private used = new Map<CompanyId, Map<Id<'key'>, number>>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly run: Run,
    private readonly log: Logger,
    everyMs = KEY_USE_FLUSH_MS,
  ) {
    this.timer = setInterval(() => void this.flush(), everyMs).unref();
  }

  /** Notes that a key was used at `nowMs`. */
  note(companyId: CompanyId, keyId: Id<'key'>, nowMs: number): void {
    const ofCompany = this.used.get(companyId);
    if (ofCompany) ofCompany.set(keyId, nowMs);
    else this.used.set(companyId, new Map([[keyId, nowMs]]));
  }

  /** Writes down what was noted. A company whose write fails loses it: the next use will tell again. */
  async flush(): Promise<void> {
    const waiting = [...this.used];
    this.used = new Map();
    const worker = async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await this.write(...next);
    };
    await Promise.all(Array.from({ length: COMPANIES_AT_ONCE }, worker));
  }

  /** Stops the timer and writes down the rest. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  private async write(companyId: CompanyId, keys: Map<Id<'key'>, number>): Promise<void> {
    const uses = [...keys].map(([keyId, at]) => ({ keyId, usedAt: new Date(at).toISOString() }));
    try {
      // Nobody's doing: a note in the audit log for every use of a key would drown it.
      const session = {
        companyId,
        actor: { type: 'nobody', id: 'nobody' },
        permissions: new Set<string>(),
        requestId: 'key-use',
      } as const;
      await this.run(session, (ctx) => recordKeyUse(ctx, uses));
    } catch (error) {
      this.log.warn({ err: error, companyId }, 'could not store when keys were last used');
    }
  }
}
