import { createHmac } from 'node:crypto';
import { distorted, type Fault, type FaultKind, type Faults, shuffled } from './paystack-simulator-faults.ts';

const TIMEOUT_MS = 10_000;
const GATHER_MS = 1_000;
const GATHERED = 2;

export interface PaystackHook {
  /** Counts up from 1. */
  id: number;
  event: string;
  reference: string;
  /** Undefined: nobody said where to, and the transaction names no company. */
  url: string | undefined;
  body: string;
  signature: string;
  /** `held` waits to be let go; `gave-up` was tried as often as the schedule says; `lost` never leaves. */
  state: 'held' | 'waiting' | 'delivered' | 'gave-up' | 'lost';
  /** What each attempt was answered: a status, or why there was none. */
  answers: (number | string)[];
}

export interface HookSchedule {
  /** After the fact, milliseconds. */
  delayMs: number;
  /** After each attempt that was not answered 200; then it gives up. Paystack: 3 minutes four times, then hourly. */
  retryMs: readonly number[];
}

interface Notice {
  secretKey: string;
  url: string | undefined;
  event: string;
  reference: string;
  data: object;
}

/** Sends notices as Paystack does: signed, after the fact, again until they are answered 200; or as the faults say. */
export class PaystackHooks {
  readonly #log: PaystackHook[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #parts: HookSchedule & { faults: Faults; random: () => number };
  #gathered: PaystackHook[] = [];
  #underWay = 0;
  #isClosed = false;
  #idle: (() => void)[] = [];

  constructor(parts: HookSchedule & { faults: Faults; random: () => number }) {
    this.#parts = parts;
  }

  announce(notice: Notice): void {
    const { faults, delayMs } = this.#parts;
    const taken = faults.take('hook', notice);
    for (const hook of this.#copies(notice, taken)) {
      this.#log.push(hook);
      const reorder = taken.get('reorder');
      const late = taken.get('late');
      if (hook.state === 'lost' || hook.url === undefined) continue;
      if (reorder) this.#gather(hook, reorder);
      else if (late) this.#delay(hook, late.ms);
      else this.#after(delayMs, hook);
    }
  }

  all(): PaystackHook[] {
    return this.#log.map((hook) => ({ ...hook, answers: [...hook.answers] }));
  }

  /** Lets go what is held: late ones and those gathered. */
  release(): void {
    this.#sendGathered();
    for (const hook of this.#log.filter(({ state }) => state === 'held')) this.#after(0, hook);
  }

  /** Sends a notice once more, whatever became of it. False if there is none of that number. */
  resend(id: number): boolean {
    const hook = this.#log.find((one) => one.id === id);
    if (hook) this.#after(0, hook);
    return hook !== undefined;
  }

  /** Resolves when nothing is under way; what is held does not count. */
  settled(): Promise<void> {
    if (this.#timers.size === 0 && this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  clear(): void {
    this.#log.length = 0;
    this.#gathered = [];
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#tellIdle();
  }

  close(): void {
    this.#isClosed = true;
    this.clear();
  }

  #copies(notice: Notice, taken: ReadonlyMap<FaultKind, Fault>): PaystackHook[] {
    const { secretKey, url, event, reference, data } = notice;
    const body = JSON.stringify({ event, data: distorted(data, taken) });
    const key = taken.has('bad-signature') ? `${secretKey}x` : secretKey;
    const signature = createHmac('sha512', key).update(body).digest('hex');
    const count = 1 + this.#more(taken.get('duplicate'));
    return Array.from({ length: count }, (_, copy) => ({
      id: this.#log.length + copy + 1,
      ...{ event, reference, url, body, signature },
      state: taken.has('lost') ? 'lost' : 'held',
      answers: [],
    }));
  }

  #more(duplicate: Fault | undefined): number {
    if (!duplicate) return 0;
    const { count = 1, countMax } = duplicate;
    return countMax === undefined ? count : 1 + Math.floor(this.#parts.random() * countMax);
  }

  #delay(hook: PaystackHook, ms: number | undefined): void {
    if (ms !== undefined) this.#after(ms, hook);
  }

  #gather(hook: PaystackHook, { count = GATHERED, ms = GATHER_MS }: Fault): void {
    this.#gathered.push(hook);
    if (this.#gathered.length >= count) this.#sendGathered();
    else this.#timer(ms, () => this.#sendGathered());
  }

  #sendGathered(): void {
    const order = shuffled(this.#gathered, this.#parts.random);
    this.#gathered = [];
    for (const hook of order) hook.state = 'waiting';
    void this.#sendInOrder(order);
  }

  async #sendInOrder(hooks: readonly PaystackHook[]): Promise<void> {
    this.#underWay += 1;
    for (const hook of hooks) await this.#send(hook);
    this.#underWay -= 1;
    this.#tellIdle();
  }

  #after(ms: number, hook: PaystackHook): void {
    hook.state = 'waiting';
    this.#timer(ms, () => void this.#send(hook));
  }

  #timer(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
      this.#tellIdle();
    }, ms);
    this.#timers.add(timer);
  }

  async #send(hook: PaystackHook): Promise<void> {
    if (hook.url === undefined || this.#isClosed) return;
    this.#underWay += 1;
    const answer = await post(hook.url, hook);
    this.#underWay -= 1;
    hook.answers.push(answer);
    const next = this.#parts.retryMs[hook.answers.length - 1];
    if (answer === 200) hook.state = 'delivered';
    else if (next === undefined) hook.state = 'gave-up';
    else if (!this.#isClosed) this.#after(next, hook);
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#timers.size > 0 || this.#underWay > 0) return;
    for (const tell of this.#idle.splice(0)) tell();
  }
}

async function post(url: string, { body, signature }: PaystackHook): Promise<number | string> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-paystack-signature': signature, 'user-agent': 'Paystack/2.0' },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message || cause.name : String(cause);
  }
}
