import type { PaystackAccount } from './paystack-simulator-accounts.ts';
import type { PaystackBooks } from './paystack-simulator-books.ts';
import { type ApiOperation, distorted, type Fault, type FaultKind } from './paystack-simulator-faults.ts';
import { refundData } from './paystack-simulator-refunds.ts';
import { PaystackRefusal } from './paystack-simulator-refusal.ts';
import { type PaystackTransaction, transactionData } from './paystack-simulator-transactions.ts';

const SLOW_MS = 1_500;
const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 100;
/** Where a list is distorted, its elements are. */
const BROKEN = { status: false, message: 'An unknown error has occurred' };

export interface ApiCall {
  method: string;
  path: string;
  query: URLSearchParams;
  /** The header, if there is one. */
  authorization: string | undefined;
  /** As text; JSON or a form. */
  body: string;
  contentType: string;
  /** Under which the caller reaches us: pages are below it. */
  origin: string;
}

export interface ApiAnswer {
  status: number;
  body: object;
}

interface Call {
  books: PaystackBooks;
  account: PaystackAccount;
  /** What stands in the path. */
  name: string;
  body: Record<string, unknown>;
  query: URLSearchParams;
  origin: string;
  faults: ReadonlyMap<FaultKind, Fault>;
}

interface Route {
  operation: ApiOperation;
  method: 'GET' | 'POST';
  path: RegExp;
  /** What faults may be limited to. */
  reference(call: Pick<Call, 'name' | 'body'>): string | undefined;
  answer(call: Call): { message: string; data: object; meta?: object };
}

const named = ({ name }: Pick<Call, 'name'>) => name;
const textIn =
  (field: string) =>
  ({ body }: Pick<Call, 'body'>) =>
    body[field] === undefined ? undefined : String(body[field]);

const ROUTES: readonly Route[] = [
  {
    operation: 'initialize',
    method: 'POST',
    path: /^\/transaction\/initialize$/,
    reference: textIn('reference'),
    answer: initialize,
  },
  { operation: 'verify', method: 'GET', path: /^\/transaction\/verify\/([^/]+)$/, reference: named, answer: verify },
  { operation: 'list', method: 'GET', path: /^\/transaction$/, reference: () => undefined, answer: list },
  { operation: 'fetch', method: 'GET', path: /^\/transaction\/([^/]+)$/, reference: named, answer: fetchOne },
  { operation: 'refund', method: 'POST', path: /^\/refund$/, reference: textIn('transaction'), answer: refund },
  { operation: 'list-refunds', method: 'GET', path: /^\/refund$/, reference: () => undefined, answer: listRefunds },
  { operation: 'fetch-refund', method: 'GET', path: /^\/refund\/([^/]+)$/, reference: named, answer: fetchRefund },
];

/** What Paystack's API answers. Undefined: nothing, ever; the caller has to give up. */
export async function answerApi(books: PaystackBooks, call: ApiCall): Promise<ApiAnswer | undefined> {
  const route = ROUTES.find(({ method, path }) => method === call.method && path.test(call.path));
  if (!route)
    return { status: 404, body: { status: false, message: 'The endpoint you are trying to reach does not exist' } };
  const account = accountOf(books, call.authorization);
  if (typeof account === 'string') return { status: 401, body: { status: false, message: account } };
  const body = bodyOf(call);
  if (!body) return { status: 400, body: { status: false, message: 'Invalid JSON payload passed.' } };
  const name = decoded(route.path.exec(call.path)?.[1]);
  const faults = books.faults.take(route.operation, { reference: route.reference({ name, body }) });
  if (faults.has('timeout-before')) return undefined;
  if (faults.has('500-before')) return { status: 500, body: BROKEN };
  const slow = faults.get('slow');
  if (slow) await new Promise((resolve) => setTimeout(resolve, slow.ms ?? SLOW_MS));
  const answer = answered(route, { books, account, name, body, query: call.query, origin: call.origin, faults });
  if (faults.has('timeout-after')) return undefined;
  return faults.has('500-after') ? { status: 500, body: BROKEN } : answer;
}

function answered(route: Route, call: Call): ApiAnswer {
  try {
    const { message, data, meta } = route.answer(call);
    const told = Array.isArray(data)
      ? data.map((one: object) => distorted(one, call.faults))
      : distorted(data, call.faults);
    return { status: 200, body: { status: true, message, data: told, ...(meta && { meta }) } };
  } catch (error) {
    if (error instanceof PaystackRefusal) return { status: error.status, body: error.body() };
    throw error;
  }
}

/** The account, or why there is none. */
function accountOf(books: PaystackBooks, authorization: string | undefined): PaystackAccount | string {
  if (authorization === undefined) return 'No Authorization Header was found';
  const key = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  if (key === undefined) return 'Format is Authorization: Bearer [secret key]';
  const account = books.accounts.of(key);
  return account && !account.isRevoked ? account : 'Invalid key';
}

function bodyOf({ method, body, contentType }: ApiCall): Record<string, unknown> | undefined {
  if (method === 'GET' || body === '') return {};
  if (contentType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(body));
  try {
    const parsed: unknown = JSON.parse(body);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}

function decoded(part = ''): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function initialize({ books, account, body, origin }: Call) {
  const { accessCode, reference } = books.begin(account, body);
  const data = { authorization_url: `${origin}/pay/${accessCode}`, access_code: accessCode, reference };
  return { message: 'Authorization URL created', data };
}

function verify({ books, account, name }: Call) {
  const transaction = books.transactions.find(account.secretKey, name);
  if (!transaction) throw notFound('Transaction reference not found', 'transaction_not_found');
  return { message: 'Verification successful', data: transactionData(transaction) };
}

function fetchOne({ books, account, name }: Call) {
  if (!/^\d+$/.test(name)) {
    throw new PaystackRefusal(400, 'Transaction ID should be numeric.', {
      code: 'invalid_params',
      nextStep: "Pass the transaction's ID, not its reference",
    });
  }
  const transaction = books.transactions.of(account.secretKey).find(({ id }) => String(id) === name);
  if (!transaction) throw notFound('Transaction not found', 'transaction_not_found');
  return { message: 'Transaction retrieved', data: transactionData(transaction) };
}

function list({ books, account, query }: Call) {
  const status = query.get('status');
  const all = books.transactions.of(account.secretKey).filter((one) => status === null || one.status === status);
  const { items, meta } = paged(all, query);
  return { message: 'Transactions retrieved', data: items.map(transactionData), meta };
}

function refund({ books, account, body, faults }: Call) {
  const transaction = books.transactions.findEither(account.secretKey, String(body['transaction'] ?? ''));
  if (!transaction) throw notFound('Transaction not found', 'transaction_not_found');
  const end = faults.has('ends-failed')
    ? 'failed'
    : faults.has('ends-needs-attention')
      ? 'needs-attention'
      : 'processed';
  const begun = books.beginRefund(transaction, body, end);
  const data = { ...refundData(begun, account), transaction: brief(transaction) };
  return { message: 'Refund has been queued for processing', data };
}

function fetchRefund({ books, account, name }: Call) {
  const found = books.refunds.of(account.secretKey).find(({ id }) => String(id) === name);
  if (!found) throw notFound('Refund not found', 'refund_not_found');
  return { message: 'Refund retrieved', data: refundData(found, account) };
}

function listRefunds({ books, account, query }: Call) {
  const wanted = query.get('transaction') ?? query.get('reference');
  const all = books.refunds
    .of(account.secretKey)
    .filter((one) => wanted === null || String(one.transactionId) === wanted || one.reference === wanted);
  const { items, meta } = paged(all, query);
  return { message: 'Refunds retrieved', data: items.map((one) => refundData(one, account)), meta };
}

/** The transaction inside a new refund. */
const brief = ({ id, domain, reference, amount, paidAt, channel, currency }: PaystackTransaction) => ({
  ...{ id, domain, reference, amount, paid_at: paidAt, channel, currency },
  authorization: { exp_month: null, exp_year: null, account_name: null },
  customer: { international_format_phone: null },
  plan: {},
  subaccount: { currency: null },
  split: {},
  order_id: null,
  paidAt,
  pos_transaction_data: null,
  source: null,
  fees_breakdown: null,
});

/** Newest first, as Paystack lists. */
function paged<Item>(all: readonly Item[], query: URLSearchParams): { items: Item[]; meta: object } {
  const perPage = Math.min(positive(query.get('perPage'), PAGE_SIZE), PAGE_SIZE_MAX);
  const page = positive(query.get('page'), 1);
  const skipped = (page - 1) * perPage;
  const items = [...all].reverse().slice(skipped, skipped + perPage);
  return { items, meta: { total: all.length, skipped, perPage, page, pageCount: Math.ceil(all.length / perPage) } };
}

const positive = (text: string | null, otherwise: number) =>
  text !== null && /^[1-9]\d{0,6}$/.test(text) ? Number(text) : otherwise;

const notFound = (message: string, code: string) =>
  new PaystackRefusal(404, message, { code, nextStep: 'Pass what exists on the integration whose key this is' });
