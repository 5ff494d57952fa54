import { randomBytes } from 'node:crypto';
import { type PaystackAccount, PaystackAccounts } from './paystack-simulator-accounts.ts';
import { Faults, seededRandom } from './paystack-simulator-faults.ts';
import { type HookSchedule, PaystackHooks } from './paystack-simulator-hooks.ts';
import { type PaystackRefund, PaystackRefunds, type RefundStatus, refundNotice } from './paystack-simulator-refunds.ts';
import { type PaystackTransaction, PaystackTransactions, transactionData } from './paystack-simulator-transactions.ts';

/** Above 2^31, so that a client which keeps ids in 32 bits is found out. */
const FIRST_ID = 4_000_000_000;
const TENTH_MS = 100;
const NO_SEED = 1;
const HEX = 16;

export interface BooksOptions extends HookSchedule {
  /** Where companies have their hooks, without a slash at its end; undefined: nowhere. */
  hookBase: string | undefined;
  /** Decides about whatever is left to chance, ids as well; undefined: chance does, but for the order of notices. */
  seed: number | undefined;
  /** From pending to processing, and from there to the end, milliseconds. Null: only the control API moves refunds. */
  refundStepMs: number | null;
  now: () => Date;
  /** Something happened that should outlive a restart. */
  changed: () => void;
}

/** What outlives a restart. */
export interface KeptBooks {
  nextId: number;
  accounts: PaystackAccount[];
  transactions: PaystackTransaction[];
  refunds: PaystackRefund[];
}

/** Everything Paystack knows, and what happens in it. */
export class PaystackBooks {
  readonly accounts = new PaystackAccounts();
  readonly faults = new Faults();
  readonly hooks: PaystackHooks;
  readonly transactions: PaystackTransactions;
  readonly refunds: PaystackRefunds;
  readonly #options: BooksOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  #nextId: number;

  constructor(options: BooksOptions) {
    this.#options = options;
    const { now, seed, delayMs, retryMs } = options;
    // Without a seed others than those of an earlier life, which somebody may have written down as unique.
    this.#nextId = FIRST_ID + (seed === undefined ? Math.floor(now().getTime() / TENTH_MS) : 0);
    const nextId = () => this.#nextId++;
    const random = seededRandom(seed ?? NO_SEED);
    this.hooks = new PaystackHooks({ faults: this.faults, random, delayMs, retryMs });
    this.transactions = new PaystackTransactions({ nextId, now, word: wordsOf(seed) });
    this.refunds = new PaystackRefunds({ nextId, now });
  }

  /** Throws `PaystackRefusal`. */
  begin(account: PaystackAccount, body: Record<string, unknown>): PaystackTransaction {
    const transaction = this.transactions.begin(account, body);
    this.#options.changed();
    return transaction;
  }

  open(transaction: PaystackTransaction): void {
    this.transactions.open(transaction);
    this.#options.changed();
  }

  pay(transaction: PaystackTransaction): void {
    if (!this.transactions.pay(transaction)) return;
    this.#options.changed();
    this.#announce(transaction, 'charge.success', transactionData(transaction));
  }

  decline(transaction: PaystackTransaction): void {
    if (this.transactions.decline(transaction)) this.#options.changed();
  }

  cancel(transaction: PaystackTransaction): void {
    if (this.transactions.cancel(transaction)) this.#options.changed();
  }

  reverse(transaction: PaystackTransaction): void {
    if (this.transactions.reverse(transaction)) this.#options.changed();
  }

  /** Throws `PaystackRefusal`. */
  beginRefund(
    transaction: PaystackTransaction,
    body: Record<string, unknown>,
    end?: PaystackRefund['end'],
  ): PaystackRefund {
    const refund = this.refunds.begin(transaction, body, end);
    this.#moved(refund, transaction);
    return refund;
  }

  /** Gives a refund another status, and tells the shop. False if there is no such refund. */
  moveRefund(id: number, status: RefundStatus): boolean {
    const refund = this.refunds.byId(id);
    const transaction = refund && this.transactions.findEither(refund.secretKey, String(refund.transactionId));
    if (!refund || !transaction) return false;
    this.refunds.move(refund, status);
    const done = this.refunds.ofTransaction(transaction).filter((one) => one.status === 'processed');
    const gone = done.reduce((sum, { amount }) => sum + amount, 0);
    if (gone === transaction.amount) this.transactions.reverse(transaction);
    this.#moved(refund, transaction);
    return true;
  }

  kept(): KeptBooks {
    return {
      nextId: this.#nextId,
      accounts: this.accounts.all(),
      transactions: this.transactions.of(),
      refunds: this.refunds.of(),
    };
  }

  load({ nextId, accounts, transactions, refunds }: KeptBooks): void {
    this.#nextId = Math.max(this.#nextId, nextId);
    this.accounts.load(accounts);
    this.transactions.load(transactions);
    this.refunds.load(refunds);
    for (const refund of refunds) this.#liveOn(refund);
  }

  /** Forgets all but the ids it gave. */
  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const part of [this.hooks, this.faults, this.refunds, this.transactions, this.accounts]) part.clear();
    this.#options.changed();
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.hooks.close();
  }

  #moved(refund: PaystackRefund, transaction: PaystackTransaction): void {
    this.#options.changed();
    this.#announce(transaction, `refund.${refund.status}`, refundNotice(refund, transaction));
    this.#liveOn(refund);
  }

  #liveOn({ id, status, end }: PaystackRefund): void {
    const { refundStepMs } = this.#options;
    if (refundStepMs === null || (status !== 'pending' && status !== 'processing')) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      // Somebody else may have moved it meanwhile.
      if (this.refunds.byId(id)?.status === status) this.moveRefund(id, status === 'pending' ? 'processing' : end);
    }, refundStepMs);
    this.#timers.add(timer);
  }

  #announce(transaction: PaystackTransaction, event: string, data: object): void {
    const { secretKey, reference } = transaction;
    this.hooks.announce({ secretKey, url: this.#hookOf(transaction), event, reference, data });
  }

  #hookOf({ secretKey, metadata }: PaystackTransaction): string | undefined {
    const set = this.accounts.of(secretKey)?.webhookUrl;
    if (set !== undefined || this.#options.hookBase === undefined) return set;
    const companyId = companyIn(metadata);
    return companyId && `${this.#options.hookBase}/v1/hooks/${encodeURIComponent(companyId)}/paystack`;
  }
}

/** A generator of its own: how many words were drawn says nothing of the order of notices. */
function wordsOf(seed: number | undefined): (length: number) => string {
  if (seed === undefined) return (length) => randomBytes(length).toString('hex').slice(0, length);
  const random = seededRandom(~seed);
  return (length) => Array.from({ length }, () => Math.floor(random() * HEX).toString(HEX)).join('');
}

/** A shop that runs beside us names its company there, so that nobody has to say where its hook is. */
function companyIn(metadata: unknown): string | undefined {
  if (typeof metadata !== 'object' || metadata === null || !('companyId' in metadata)) return undefined;
  return typeof metadata.companyId === 'string' && metadata.companyId !== '' ? metadata.companyId : undefined;
}
