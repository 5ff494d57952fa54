import { toView } from '@souk/domain/kernel/money';
import {
  type ChargeFacts,
  type Gateway,
  type GatewayCredentials,
  GatewayUnreachable,
  type PaymentStart,
  type RefundFacts,
  type RefundStart,
  type RefusedRefund,
  type RefusedStart,
  type StartedPayment,
} from '@souk/domain/sales/payments/gateway';
import {
  chargeOf,
  factsOf,
  type PaystackRefund,
  redirectOf,
  refundOf,
  refundsOf,
  unknownCharge,
} from './paystack-answers.ts';
import { readPaystackHook } from './paystack-hook.ts';
import {
  oddAnswer,
  type PaystackAnswer,
  type PaystackHttp,
  type PaystackHttpOptions,
  PaystackTimedOut,
  paystackHttp,
} from './paystack-http.ts';

const CURRENCIES = ['GHS', 'KES', 'NGN', 'USD', 'ZAR'];
const REFUNDS_A_PAGE = 100;
/** Far more refunds than a charge has; the bound is for a Paystack that lists those of all charges. */
const REFUND_PAGES_MAX = 20;
const NOTE_MAX = 200;
/** A look-up of nothing is 404 by Paystack's description, and has been seen as 400 with these words. */
const NOT_FOUND = /\b(?:transaction|refund)\b.*not found|^(?:transaction|refund)_not_found$/i;

/**
 * Paystack: the shopper pays on its page, and what happened is asked of its API. Tried against our simulator; its
 * described surface is PaystackOSS/openapi. Money goes out and comes in as Paystack says it; nothing is compared here.
 */
export function paystack(options: PaystackHttpOptions): Gateway {
  const http = paystackHttp(options);
  const isSecure = options.baseUrl.startsWith('https:');
  return {
    provider: 'paystack',
    currencies: CURRENCIES,
    start: (credentials, start) => begin(http, isSecure, credentials, start),
    verify: (credentials, reference) => verify(http, credentials, reference),
    refund: (credentials, refund) => beginRefund(http, credentials, refund),
    findRefund: (credentials, refund) => findRefund(http, credentials, refund),
    readHook: ({ secretKey }, body, headers) => readPaystackHook(secretKey, body, headers),
  };
}

async function begin(
  http: PaystackHttp,
  isSecure: boolean,
  { secretKey }: GatewayCredentials,
  { reference, amount, email, returnUrl, metadata }: PaymentStart,
): Promise<StartedPayment | RefusedStart> {
  if (!CURRENCIES.includes(amount.currency)) {
    const message = `Paystack charges ${CURRENCIES.join(', ')}, not ${amount.currency}.`;
    return { kind: 'refused', code: 'unsupported_currency', message };
  }
  // Without an address of its own the shopper goes where the dashboard says.
  const way = returnUrl === '' ? {} : { callback_url: returnUrl };
  const body = { reference, ...toView(amount), email, ...way, metadata };
  const answer = await http({ method: 'POST', path: '/transaction/initialize', secretKey, body });
  if (!answer.isDone) return { kind: 'refused', code: answer.code, message: answer.message };
  const redirectUrl = redirectOf(answer.data, reference);
  const { protocol } = new URL(redirectUrl);
  if (protocol !== 'https:' && (isSecure || protocol !== 'http:')) throw oddAnswer('authorization_url is not https');
  return { kind: 'redirect', redirectUrl };
}

async function verify(http: PaystackHttp, { secretKey }: GatewayCredentials, reference: string): Promise<ChargeFacts> {
  const path = `/transaction/verify/${encodeURIComponent(reference)}`;
  const answer = await ask(http, path, secretKey);
  if (answer.isDone) return chargeOf(answer.data, reference);
  if (isNotFound(answer)) return unknownCharge(reference);
  throw oddAnswer(`${answer.status} ${answer.code} to a question`);
}

async function beginRefund(
  http: PaystackHttp,
  { secretKey }: GatewayCredentials,
  { providerReference, amount, refundId, reason }: RefundStart,
): Promise<RefundFacts | RefusedRefund> {
  const merchantNote = `${refundId} ${reason}`.trim().slice(0, NOTE_MAX);
  const body = { transaction: providerReference, ...toView(amount), merchant_note: merchantNote };
  const answer = await http({ method: 'POST', path: '/refund', secretKey, body });
  if (!answer.isDone) return { state: 'refused', code: answer.code, message: answer.message };
  return factsOf(refundOf(answer.data, providerReference));
}

async function findRefund(
  http: PaystackHttp,
  { secretKey }: GatewayCredentials,
  { refundReference, refundId, providerReference }: RefundStart & { readonly refundReference: string | null },
): Promise<RefundFacts | undefined> {
  if (refundReference !== null) {
    const answer = await ask(http, `/refund/${encodeURIComponent(refundReference)}`, secretKey);
    if (answer.isDone) return factsOf(refundOf(answer.data, providerReference));
    if (!isNotFound(answer)) throw oddAnswer(`${answer.status} ${answer.code} to a question`);
  }
  const isOurs = ({ transaction, merchant_note: note }: PaystackRefund) =>
    transaction === providerReference && note?.split(/\s/, 1)[0] === refundId;
  for (let page = 1; page <= REFUND_PAGES_MAX; page++) {
    const query = new URLSearchParams({
      transaction: providerReference,
      perPage: String(REFUNDS_A_PAGE),
      page: String(page),
    });
    const answer = await ask(http, `/refund?${query}`, secretKey);
    if (!answer.isDone) throw oddAnswer(`${answer.status} ${answer.code} to a question`);
    const refunds = refundsOf(answer.data);
    const ours = refunds.find(isOurs);
    if (ours) return factsOf(ours);
    if (refunds.length < REFUNDS_A_PAGE) return undefined;
  }
  // "There is none" would begin it a second time.
  throw new GatewayUnreachable('paystack', 'it has more refunds than we look through, and ours is not among them');
}

/** A question may be asked twice, if the first time cost little. */
async function ask(http: PaystackHttp, path: string, secretKey: string): Promise<PaystackAnswer> {
  const question = { method: 'GET', path, secretKey } as const;
  try {
    return await http(question);
  } catch (error) {
    if (!(error instanceof GatewayUnreachable) || error instanceof PaystackTimedOut) throw error;
    return http(question);
  }
}

const isNotFound = ({ status, code, message }: PaystackAnswer & { isDone: false }) =>
  status === 404 || (status === 400 && (NOT_FOUND.test(code) || NOT_FOUND.test(message)));
