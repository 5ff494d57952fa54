import type { PaystackBooks } from './paystack-simulator-books.ts';
import { type Fault, NoSuchFault } from './paystack-simulator-faults.ts';
import type { PaystackHook } from './paystack-simulator-hooks.ts';
import { type PaystackRefund, REFUND_STATUSES, type RefundStatus } from './paystack-simulator-refunds.ts';
import type { PaystackTransaction, TransactionStatus } from './paystack-simulator-transactions.ts';

export const OUTCOMES = ['pay', 'decline', 'cancel', 'reverse'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What really happened to a reference. Amounts are subunits. */
export interface ChargeTruth {
  id: number;
  reference: string;
  domain: 'live' | 'test';
  status: TransactionStatus;
  amount: number;
  currency: string;
  email: string;
  metadata: unknown;
  /** How often the shopper was charged. */
  charges: number;
  /** What went back, or is on its way. Those that failed count for nothing. */
  refunded: number;
  refunds: Pick<PaystackRefund, 'id' | 'amount' | 'status' | 'merchantNote'>[];
}

/** What only a simulator can do. Each throws an Error that says what is wrong. */
export interface PaystackControl {
  /** Where the notices of a key's account go; undefined: to the company that the metadata names, again. */
  setWebhook(secretKey: string, url: string | undefined): void;
  /** As its owner in the dashboard, who makes a new one: every request with it is a 401 from here on; false: good again. */
  revokeKey(secretKey: string, isRevoked?: boolean): void;
  /** As a shopper on the page would, without one. With several accounts that have the reference, say which. */
  settle(reference: string, outcome: Outcome, secretKey?: string): void;
  /** The truth, oldest first. */
  charges(): ChargeTruth[];
  charge(reference: string, secretKey?: string): ChargeTruth;
  moveRefund(id: number, status: RefundStatus): void;
  /** Returns its number. */
  addFault(fault: Fault): number;
  faults(): object[];
  clearFaults(): void;
  hooks(): PaystackHook[];
  /** Sends what is held back. */
  releaseHooks(): void;
  resendHook(id: number): void;
  /** Resolves when no notice is under way any more; held ones do not count. */
  settled(): Promise<void>;
  /** Forgets everything. */
  reset(): void;
}

/** The control of these books. */
export function controlOf(books: PaystackBooks): PaystackControl {
  const find = (reference: string, secretKey?: string): PaystackTransaction => {
    const found = books.transactions.of(secretKey).filter((one) => one.reference === reference);
    const [only, other] = found;
    if (!only) throw new ControlError(404, `Nothing was begun with the reference ${reference}.`);
    if (other) throw new ControlError(409, `Several accounts have the reference ${reference}; name the secretKey.`);
    return only;
  };
  const accountOf = (secretKey: string) => {
    const account = books.accounts.of(secretKey);
    if (!account) throw new ControlError(400, 'That is no secret key: sk_test_… or sk_live_…');
    return account;
  };
  return {
    setWebhook(secretKey, url) {
      accountOf(secretKey).webhookUrl = url;
    },
    revokeKey(secretKey, isRevoked = true) {
      accountOf(secretKey).isRevoked = isRevoked;
    },
    settle: (reference, outcome, secretKey) => books[outcome](find(reference, secretKey)),
    charges: () => books.transactions.of().map((one) => truthOf(books, one)),
    charge: (reference, secretKey) => truthOf(books, find(reference, secretKey)),
    moveRefund(id, status) {
      if (!books.moveRefund(id, status)) throw new ControlError(404, `There is no refund ${id}.`);
    },
    addFault: (fault) => books.faults.add(fault),
    faults: () => books.faults.all(),
    clearFaults: () => books.faults.clear(),
    hooks: () => books.hooks.all(),
    releaseHooks: () => books.hooks.release(),
    resendHook(id) {
      if (!books.hooks.resend(id)) throw new ControlError(404, `There is no hook ${id}.`);
    },
    settled: () => books.hooks.settled(),
    reset: () => books.clear(),
  };
}

function truthOf(books: PaystackBooks, transaction: PaystackTransaction): ChargeTruth {
  const { id, reference, domain, status, amount, currency, email, metadata, charges } = transaction;
  const refunds = books.refunds.ofTransaction(transaction).map((one) => ({
    ...{ id: one.id, amount: one.amount, status: one.status, merchantNote: one.merchantNote },
  }));
  const gone = refunds.filter((one) => one.status !== 'failed').reduce((sum, one) => sum + one.amount, 0);
  return { id, reference, domain, status, amount, currency, email, metadata, charges, refunded: gone, refunds };
}

/** Something in a request to the control API is wrong. */
class ControlError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface ControlAnswer {
  status: number;
  body: unknown;
}

const HELP = {
  'GET /control/transactions': 'what was charged and refunded',
  'GET /control/transactions/<reference>': 'the same of one',
  'POST /control/transactions/<reference>': { outcome: OUTCOMES.join(' | '), secretKey: 'only if several have it' },
  'POST /control/webhook': { secretKey: 'sk_test_…', url: 'http://… (left out: by metadata.companyId)' },
  'POST /control/keys': { secretKey: 'sk_test_…', revoked: 'true (left out as well) | false' },
  'POST /control/refunds/<id>': { status: REFUND_STATUSES.join(' | ') },
  'GET, POST, DELETE /control/faults': { on: 'verify', kind: 'timeout-after', times: 2, reference: 'optional' },
  'GET /control/hooks': 'every notice, with what it was answered',
  'POST /control/hooks': 'send what is held back',
  'POST /control/hooks/<id>': 'send that one again',
  'DELETE /control': 'forget everything',
};

/** The same over HTTP. */
export function answerControl(
  control: PaystackControl,
  { method, path, body }: { method: string; path: string; body: Record<string, unknown> },
): ControlAnswer {
  try {
    const [, , thing = '', name] = path.split('/').map(decodeURIComponent);
    const answer = (CONTROLS[`${method} ${thing}`] ?? nowhere)(control, name, body);
    return { status: 200, body: answer ?? { done: true } };
  } catch (error) {
    const status = error instanceof ControlError ? error.status : error instanceof NoSuchFault ? 400 : undefined;
    if (status === undefined && !(error instanceof URIError)) throw error;
    return { status: status ?? 400, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

type Controller = (control: PaystackControl, name: string | undefined, body: Record<string, unknown>) => unknown;

const CONTROLS: Readonly<Record<string, Controller>> = {
  'GET ': () => HELP,
  'DELETE ': (control) => control.reset(),
  'GET transactions': (control, name) => (name === undefined ? control.charges() : control.charge(name)),
  'POST transactions': (control, name, { outcome, secretKey }) =>
    control.settle(name ?? '', oneOf('outcome', OUTCOMES, outcome), optionalText(secretKey)),
  'POST webhook': (control, _name, { secretKey, url }) => control.setWebhook(String(secretKey), optionalText(url)),
  'POST keys': (control, _name, { secretKey, revoked }) => control.revokeKey(String(secretKey), revoked !== false),
  'GET refunds': (control) =>
    control.charges().flatMap(({ reference, refunds }) => refunds.map((one) => ({ reference, ...one }))),
  'POST refunds': (control, name, { status }) =>
    control.moveRefund(Number(name), oneOf('status', REFUND_STATUSES, status)),
  'GET faults': (control) => control.faults(),
  // Its form is looked at where it is added: what there is depends on where it happens.
  'POST faults': (control, _name, body) => ({ id: control.addFault(faultOf(body)) }),
  'DELETE faults': (control) => control.clearFaults(),
  'GET hooks': (control) => control.hooks(),
  'POST hooks': (control, name) => (name === undefined ? control.releaseHooks() : control.resendHook(Number(name))),
};

const nowhere: Controller = () => {
  throw new ControlError(404, 'There is no such thing to control. GET /control says what there is.');
};

function faultOf(body: Record<string, unknown>): Fault {
  const { on, kind, ...others } = body;
  if (typeof on !== 'string' || typeof kind !== 'string') throw new ControlError(400, 'A fault needs "on" and "kind".');
  for (const field of ['times', 'ms', 'count', 'countMax']) {
    const value = others[field];
    const isFine =
      value === undefined || (typeof value === 'number' && value >= 0) || (field === 'times' && value === 'always');
    if (!isFine) throw new ControlError(400, `"${field}" should be a number that is not negative.`);
  }
  // `add` knows which words there are and refuses others, so that these are what they claim to be.
  return { ...others, on, kind } as Fault;
}

function oneOf<Word extends string>(field: string, words: readonly Word[], given: unknown): Word {
  const word = words.find((one) => one === given);
  if (word === undefined) throw new ControlError(400, `"${field}" should be one of ${words.join(', ')}.`);
  return word;
}

const optionalText = (given: unknown) => (typeof given === 'string' ? given : undefined);
