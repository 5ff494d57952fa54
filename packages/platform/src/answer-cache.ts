import type { CompanyId } from '@souk/domain/kernel/ids';
import type { ReadyAnswer } from './http/cacheable.ts';

/** What an entry costs besides its bytes and its key. */
const ENTRY_OVERHEAD_BYTES = 300;
/** One answer may take this part of the memory; a larger one is not kept. */
const ANSWER_SHARE = 8;

/** An answer, and for how long it is true while the version stays. */
export interface MadeAnswer {
  readonly answer: ReadyAnswer;
  readonly goodForMs: number;
}

/** Which answer: to whom, made from which version, and to what. */
export interface AnswerName {
  readonly companyId: CompanyId;
  readonly version: number;
  /** Route, canonical query, currency, locale: all that the bytes depend on besides the company. */
  readonly asked: string;
}

interface Entry {
  readonly version: number;
  readonly goodUntil: number;
  readonly answer: ReadyAnswer;
  readonly bytes: number;
}

/** Where processes leave answers for each other (`shared-answers.ts`). */
export interface AnswerShelf {
  get(name: AnswerName): Promise<MadeAnswer | undefined>;
  put(name: AnswerName, made: MadeAnswer): void;
}

export interface AnswerCacheOptions {
  /** 0: nothing is kept and nothing is shared. */
  bytesMax: number;
  /** Between processes, where there is Redis. */
  shared?: AnswerShelf | undefined;
  now?: () => number;
}

/**
 * Answers to visitors as the bytes that are sent. One is used while the company's catalogue has the version it was made
 * under and its own time has not run out. One making at a time for each; the least lately used goes first.
 */
export class AnswerCache {
  private readonly entries = new Map<string, Entry>();
  private readonly making = new Map<string, Promise<ReadyAnswer>>();
  private readonly bytesMax: number;
  private readonly shared: AnswerShelf | undefined;
  private readonly now: () => number;
  private bytes = 0;

  constructor({ bytesMax, shared, now = Date.now }: AnswerCacheOptions) {
    this.bytesMax = bytesMax;
    this.shared = shared;
    this.now = now;
  }

  /** The answer if it is in memory and good, without any work. */
  peek({ companyId, version, asked }: AnswerName): ReadyAnswer | undefined {
    const key = `${companyId}|${asked}`;
    const entry = this.entries.get(key);
    if (!entry || entry.version !== version || entry.goodUntil <= this.now()) return undefined;
    // A Map keeps the order of insertion: what was used stands last.
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.answer;
  }

  /** The answer, made if nobody has a good one. What `make` throws reaches all who wait for it and is not kept. */
  get(name: AnswerName, make: () => Promise<MadeAnswer>): Promise<ReadyAnswer> {
    if (this.bytesMax === 0) return make().then(({ answer }) => answer);
    const known = this.peek(name);
    if (known) return Promise.resolve(known);
    const flight = `${name.companyId}|${name.version}|${name.asked}`;
    const running = this.making.get(flight);
    if (running) return running;
    const mine = this.fetch(name, make).finally(() => this.making.delete(flight));
    this.making.set(flight, mine);
    return mine;
  }

  /** Whether anything is ever kept. */
  get isOn(): boolean {
    return this.bytesMax > 0;
  }

  /** Bytes and entries in memory; for the metrics. */
  get size(): { bytes: number; entries: number } {
    return { bytes: this.bytes, entries: this.entries.size };
  }

  private async fetch(name: AnswerName, make: () => Promise<MadeAnswer>): Promise<ReadyAnswer> {
    const askedAt = this.now();
    const shared = await this.shared?.get(name);
    if (shared) {
      this.keep(name, shared, askedAt);
      return shared.answer;
    }
    // Counted from before it was made: what it read was true then, and for so long.
    const startedAt = this.now();
    const made = await make();
    this.keep(name, made, startedAt);
    this.shared?.put(name, { ...made, goodForMs: startedAt + made.goodForMs - this.now() });
    return made.answer;
  }

  private keep({ companyId, version, asked }: AnswerName, { answer, goodForMs }: MadeAnswer, from: number): void {
    const key = `${companyId}|${asked}`;
    const bytes = answer.body.length + key.length + ENTRY_OVERHEAD_BYTES;
    if (goodForMs <= 0 || bytes > this.bytesMax / ANSWER_SHARE) return;
    const before = this.entries.get(key);
    // A slow making must not push out what a later version gave.
    if (before && before.version > version && before.goodUntil > this.now()) return;
    this.forget(key);
    this.entries.set(key, { version, goodUntil: from + goodForMs, answer, bytes });
    this.bytes += bytes;
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= this.bytesMax) break;
      this.forget(oldest);
    }
  }

  private forget(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.bytes -= entry.bytes;
  }
}
