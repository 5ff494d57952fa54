import { PaystackRefusal } from './paystack-simulator-refusal.ts';
import { customerOf, type PaystackTransaction } from './paystack-simulator-transactions.ts';

const DAY_MS = 86_400_000;
const EXPECTED_DAYS = 10;

export const REFUND_STATUSES = ['pending', 'processing', 'processed', 'failed', 'needs-attention'] as const;
export type RefundStatus = (typeof REFUND_STATUSES)[number];

export interface PaystackRefund {
  id: number;
  secretKey: string;
  /** Of its transaction. */
  transactionId: number;
  reference: string;
  /** Subunits. */
  amount: number;
  currency: string;
  status: RefundStatus;
  customerNote: string;
  merchantNote: string;
  /** How its life ends if nobody intervenes. */
  end: 'processed' | 'failed' | 'needs-attention';
  createdAt: string;
  updatedAt: string;
}

/** What went back, and what is on its way. */
export class PaystackRefunds {
  readonly #all: PaystackRefund[] = [];
  readonly #nextId: () => number;
  readonly #now: () => Date;

  constructor({ nextId, now }: { nextId: () => number; now: () => Date }) {
    this.#nextId = nextId;
    this.#now = now;
  }

  /** Throws `PaystackRefusal`. */
  begin(
    transaction: PaystackTransaction,
    body: Record<string, unknown>,
    end: PaystackRefund['end'] = 'processed',
  ): PaystackRefund {
    const { secretKey, reference, currency, email } = transaction;
    const amount = this.#amountOf(transaction, body);
    const at = this.#now().toISOString();
    const { merchant_note: merchantNote, customer_note: customerNote } = body;
    const refund: PaystackRefund = {
      id: this.#nextId(),
      ...{ secretKey, reference, currency, amount },
      transactionId: transaction.id,
      status: 'pending',
      customerNote: textOr(customerNote, `Refund for transaction ${reference}`),
      merchantNote: textOr(merchantNote, `Refund for transaction ${reference} by ${email}`),
      end,
      createdAt: at,
      updatedAt: at,
    };
    this.#all.push(refund);
    return refund;
  }

  /** Of one account, or of all; oldest first. */
  of(secretKey?: string): PaystackRefund[] {
    return this.#all.filter((one) => secretKey === undefined || one.secretKey === secretKey);
  }

  ofTransaction(transaction: PaystackTransaction): PaystackRefund[] {
    return this.#all.filter(({ transactionId }) => transactionId === transaction.id);
  }

  byId(id: number): PaystackRefund | undefined {
    return this.#all.find((one) => one.id === id);
  }

  move(refund: PaystackRefund, status: RefundStatus): void {
    refund.status = status;
    refund.updatedAt = this.#now().toISOString();
  }

  load(refunds: readonly PaystackRefund[]): void {
    this.#all.push(...refunds);
  }

  clear(): void {
    this.#all.length = 0;
  }

  #amountOf(transaction: PaystackTransaction, body: Record<string, unknown>): number {
    const taken = this.ofTransaction(transaction).filter(({ status }) => status !== 'failed');
    const left = transaction.amount - taken.reduce((sum, { amount }) => sum + amount, 0);
    if (transaction.status === 'reversed' || (transaction.status === 'success' && left === 0)) {
      throw refusal('Transaction has been fully reversed', 'transaction_reversed', 'Nothing is left to refund');
    }
    if (transaction.status !== 'success') {
      throw refusal('Transaction has not been paid', 'transaction_not_paid', 'Refund transactions that succeeded');
    }
    const { amount = left, currency = transaction.currency } = body;
    if (currency !== transaction.currency) {
      throw refusal('Currency does not match', 'invalid_params', `The transaction is in ${transaction.currency}`);
    }
    if (!/^\d{1,15}$/.test(String(amount)) || Number(amount) === 0) {
      throw refusal('Invalid amount passed.', 'invalid_params', 'Pass a whole number of subunits');
    }
    if (Number(amount) > left) {
      throw refusal('Refund amount cannot be more than transaction amount', 'invalid_params', `${left} are left`);
    }
    return Number(amount);
  }
}

const refusal = (message: string, code: string, nextStep: string) =>
  new PaystackRefusal(400, message, { code, nextStep });

const textOr = (given: unknown, otherwise: string) => (typeof given === 'string' && given !== '' ? given : otherwise);

/** As look-ups and lists answer with it; the answer to a new one names its transaction in full. */
export function refundData(
  { id, transactionId, reference, status, amount, currency, ...refund }: PaystackRefund,
  { integration, domain }: Pick<PaystackTransaction, 'integration' | 'domain'>,
) {
  return {
    ...{ id, integration, domain },
    transaction: transactionId,
    transaction_reference: reference,
    dispute: null,
    settlement: null,
    ...{ currency, amount, status },
    refunded_at: status === 'processed' ? refund.updatedAt : null,
    refunded_by: 'simulator@example.com',
    customer_note: refund.customerNote,
    merchant_note: refund.merchantNote,
    deducted_amount: status === 'processed' ? amount : 0,
    fully_deducted: status === 'processed',
    channel: null,
    expected_at: new Date(Date.parse(refund.createdAt) + EXPECTED_DAYS * DAY_MS).toISOString(),
    createdAt: refund.createdAt,
    updatedAt: refund.updatedAt,
  };
}

/**
 * As notices carry it. Paystack's samples have no id of the refund, except in `refund.needs-attention`, and write the
 * amount as text or as a number.
 */
export function refundNotice(refund: PaystackRefund, transaction: PaystackTransaction): object {
  const { id, status, amount, reference, currency, customerNote, merchantNote } = refund;
  const { first_name, last_name, email } = customerOf(transaction);
  const isOpen = status === 'pending' || status === 'processing';
  return {
    status,
    transaction_reference: reference,
    refund_reference: isOpen ? null : status === 'processed' ? `13${id}` : `TRF_${id.toString(36)}`,
    amount: status === 'failed' || status === 'needs-attention' ? amount : String(amount),
    currency,
    processor: isOpen ? 'instant-transfer' : 'mpgs_zen',
    customer: { first_name, last_name, email },
    integration: transaction.integration,
    domain: transaction.domain,
    ...(status === 'needs-attention' && {
      id: String(id),
      customer_note: customerNote,
      merchant_note: merchantNote,
    }),
  };
}
