import { createHash } from 'node:crypto';
import type { PaystackAccount } from './paystack-simulator-accounts.ts';
import { PaystackRefusal } from './paystack-simulator-refusal.ts';

const CURRENCIES = ['GHS', 'KES', 'NGN', 'USD', 'ZAR'];
const REFERENCE = /^[A-Za-z0-9.=-]{1,200}$/;
const EMAIL = /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$/;
const ACCESS_CODE_LENGTH = 15;
const REFERENCE_LENGTH = 10;
const NOT_COMPLETED = 'The transaction was not completed';

export type TransactionStatus = 'abandoned' | 'ongoing' | 'failed' | 'success' | 'reversed';

export interface PaystackTransaction {
  id: number;
  secretKey: string;
  domain: 'live' | 'test';
  integration: number;
  reference: string;
  accessCode: string;
  /** Subunits. */
  amount: number;
  currency: string;
  email: string;
  metadata: unknown;
  callbackUrl: string | undefined;
  status: TransactionStatus;
  gatewayResponse: string;
  channel: string | null;
  createdAt: string;
  paidAt: string | null;
  /** Subunits. */
  fees: number | null;
  /** How often the shopper was charged: 0 or 1, and a test that sees 2 has found a fault of ours. */
  charges: number;
}

/** What was begun and what came of it. */
export class PaystackTransactions {
  readonly #all: PaystackTransaction[] = [];
  readonly #byReference = new Map<string, PaystackTransaction>();
  readonly #byAccessCode = new Map<string, PaystackTransaction>();
  readonly #nextId: () => number;
  readonly #now: () => Date;
  /** Hexadecimal digits, left to chance or to the seed. */
  readonly #word: (length: number) => string;

  constructor({ nextId, now, word }: { nextId: () => number; now: () => Date; word: (length: number) => string }) {
    this.#nextId = nextId;
    this.#word = word;
    this.#now = now;
  }

  /** Throws `PaystackRefusal` with Paystack's words and codes. */
  begin(account: PaystackAccount, body: Record<string, unknown>): PaystackTransaction {
    const wanted = wantedOf(body, () => this.#unused(REFERENCE_LENGTH, (word) => !this.find(account.secretKey, word)));
    if (this.find(account.secretKey, wanted.reference)) {
      throw new PaystackRefusal(400, 'Duplicate Transaction Reference', {
        code: 'duplicate_reference',
        nextStep: 'Try and create the Transaction or Charge with a new reference',
      });
    }
    const { secretKey, domain, integration } = account;
    const transaction: PaystackTransaction = {
      id: this.#nextId(),
      ...{ secretKey, domain, integration },
      ...wanted,
      accessCode: this.#unused(ACCESS_CODE_LENGTH, (word) => !this.byAccessCode(word)),
      // As the real one: what nobody has tried to pay yet is abandoned already.
      status: 'abandoned',
      gatewayResponse: NOT_COMPLETED,
      channel: null,
      createdAt: this.#now().toISOString(),
      paidAt: null,
      fees: null,
      charges: 0,
    };
    this.#keep(transaction);
    return transaction;
  }

  find(secretKey: string, reference: string): PaystackTransaction | undefined {
    return this.#byReference.get(`${secretKey} ${reference}`);
  }

  /** By its reference or its number, as the refund takes either. */
  findEither(secretKey: string, name: string): PaystackTransaction | undefined {
    return this.find(secretKey, name) ?? this.of(secretKey).find(({ id }) => String(id) === name);
  }

  byAccessCode(accessCode: string): PaystackTransaction | undefined {
    return this.#byAccessCode.get(accessCode);
  }

  /** Of one account, or of all; oldest first. */
  of(secretKey?: string): PaystackTransaction[] {
    return this.#all.filter((one) => secretKey === undefined || one.secretKey === secretKey);
  }

  open(transaction: PaystackTransaction): void {
    if (transaction.status === 'abandoned') change(transaction, 'ongoing', NOT_COMPLETED);
  }

  /** Charges the shopper. False if that was done before. */
  pay(transaction: PaystackTransaction): boolean {
    if (isPaid(transaction)) return false;
    change(transaction, 'success', 'Successful');
    transaction.charges += 1;
    transaction.channel = 'card';
    transaction.paidAt = this.#now().toISOString();
    transaction.fees = feesOf(transaction);
    return true;
  }

  /** False if it is paid already. Another attempt on the same page may still succeed. */
  decline(transaction: PaystackTransaction): boolean {
    if (isPaid(transaction)) return false;
    change(transaction, 'failed', 'Declined');
    transaction.channel = 'card';
    return true;
  }

  /** The shopper goes away. False if it is paid already. */
  cancel(transaction: PaystackTransaction): boolean {
    if (isPaid(transaction)) return false;
    change(transaction, 'abandoned', NOT_COMPLETED);
    return true;
  }

  /** All of it went back: refunded, or charged back by the bank. False if it was not paid. */
  reverse(transaction: PaystackTransaction): boolean {
    if (transaction.status !== 'success') return false;
    change(transaction, 'reversed', transaction.gatewayResponse);
    return true;
  }

  load(transactions: readonly PaystackTransaction[]): void {
    for (const transaction of transactions) this.#keep(transaction);
  }

  clear(): void {
    this.#all.length = 0;
    this.#byReference.clear();
    this.#byAccessCode.clear();
  }

  /** The seed gives the same words after a restart, and some of them may be in the books. */
  #unused(length: number, isFree: (word: string) => boolean): string {
    for (;;) {
      const word = this.#word(length);
      if (isFree(word)) return word;
    }
  }

  #keep(transaction: PaystackTransaction): void {
    this.#all.push(transaction);
    this.#byReference.set(`${transaction.secretKey} ${transaction.reference}`, transaction);
    this.#byAccessCode.set(transaction.accessCode, transaction);
  }
}

/** It says whether money was taken, whatever became of it later. */
export const isPaid = ({ status }: PaystackTransaction): boolean => status === 'success' || status === 'reversed';

/** As the API answers with it, and as `charge.success` carries it. */
export function transactionData(transaction: PaystackTransaction): object {
  const { id, domain, status, reference, amount, currency, channel, fees, metadata, paidAt, createdAt } = transaction;
  return {
    ...{ id, domain, status, reference, amount },
    receipt_number: null,
    message: null,
    gateway_response: transaction.gatewayResponse,
    paid_at: paidAt,
    created_at: createdAt,
    ...{ channel, currency },
    ip_address: '127.0.0.1',
    metadata: metadata ?? '',
    log: null,
    fees,
    fees_split: null,
    authorization: isPaid(transaction) ? authorizationOf(transaction) : {},
    customer: customerOf(transaction),
    plan: null,
    split: {},
    order_id: null,
    ...{ paidAt, createdAt },
    requested_amount: amount,
    pos_transaction_data: null,
    source: null,
    fees_breakdown: null,
    connect: null,
    transaction_date: createdAt,
    plan_object: {},
    subaccount: {},
  };
}

/** The shopper, as Paystack knows one: by the e-mail address. */
export function customerOf({ email, secretKey }: PaystackTransaction): { email: string; [field: string]: unknown } {
  const digest = createHash('sha256').update(`${secretKey} ${email.toLowerCase()}`).digest();
  return {
    id: digest.readUInt32BE(0),
    first_name: null,
    last_name: null,
    email,
    customer_code: `CUS_${digest.toString('hex', 4, 12)}`,
    phone: null,
    metadata: null,
    risk_action: 'default',
    international_format_phone: null,
  };
}

/** The test card of Paystack's documentation. */
const authorizationOf = ({ accessCode }: PaystackTransaction) => ({
  authorization_code: `AUTH_${accessCode.slice(0, 10)}`,
  bin: '408408',
  last4: '4081',
  exp_month: '12',
  exp_year: '2030',
  channel: 'card',
  card_type: 'visa ',
  bank: 'TEST BANK',
  country_code: 'NG',
  brand: 'visa',
  reusable: true,
  signature: `SIG_${accessCode}`,
  account_name: null,
});

function change(transaction: PaystackTransaction, status: TransactionStatus, gatewayResponse: string): void {
  transaction.status = status;
  transaction.gatewayResponse = gatewayResponse;
}

function wantedOf(body: Record<string, unknown>, madeUp: () => string) {
  const { email, currency = 'NGN', reference = madeUp(), callback_url: callbackUrl } = body;
  if (typeof email !== 'string' || !EMAIL.test(email)) {
    throw invalid('Invalid Email Address Passed', 'Ensure that the email is of the form username@example.com');
  }
  const amount = Number(body['amount']);
  if (!/^\d{1,15}$/.test(String(body['amount'])) || amount === 0) {
    throw invalid('Invalid Amount Sent', 'Pass the amount as a whole number of subunits, greater than zero');
  }
  if (typeof currency !== 'string' || !CURRENCIES.includes(currency)) {
    throw new PaystackRefusal(400, 'Currency not supported by merchant', {
      code: 'unsupported_currency',
      nextStep: `Use a currency that is enabled on this integration: ${CURRENCIES.join(', ')}`,
    });
  }
  if (typeof reference !== 'string' || !REFERENCE.test(reference)) {
    throw invalid('Invalid character in transaction reference', 'Use letters, digits, "-", "." and "=" only');
  }
  if (callbackUrl !== undefined && !isWebAddress(callbackUrl)) {
    throw invalid('Invalid callback URL', 'Pass a fully qualified URL');
  }
  return { email, amount, currency, reference, callbackUrl, metadata: metadataOf(body['metadata']) };
}

const invalid = (message: string, nextStep: string) =>
  new PaystackRefusal(400, message, { code: 'invalid_params', nextStep });

function isWebAddress(text: unknown): text is string {
  return typeof text === 'string' && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** An object, or one written as text. */
function metadataOf(given: unknown): unknown {
  if (typeof given !== 'string') return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

/** Rates per million, a fixed part and a limit in subunits: paystack.com, "Pricing", local cards, as an example. */
const PRICES: Readonly<Record<string, { perMillion: number; fixed: number; fixedFrom: number; limit: number }>> = {
  NGN: { perMillion: 15_000, fixed: 10_000, fixedFrom: 250_000, limit: 200_000 },
  GHS: { perMillion: 19_500, fixed: 0, fixedFrom: 0, limit: Number.POSITIVE_INFINITY },
  ZAR: { perMillion: 29_000, fixed: 100, fixedFrom: 0, limit: Number.POSITIVE_INFINITY },
};
const OTHER_PRICE = { perMillion: 29_000, fixed: 0, fixedFrom: 0, limit: Number.POSITIVE_INFINITY };

function feesOf({ amount, currency }: PaystackTransaction): number {
  const { perMillion, fixed, fixedFrom, limit } = PRICES[currency] ?? OTHER_PRICE;
  return Math.min(Math.ceil((amount * perMillion) / 1_000_000) + (amount >= fixedFrom ? fixed : 0), limit);
}
