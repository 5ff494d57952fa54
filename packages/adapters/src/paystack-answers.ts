import type { Money } from '@souk/domain/kernel/money';
import type { ChargeFacts, ChargeState, RefundFacts, RefundState } from '@souk/domain/sales/payments/gateway';
import { z } from 'zod';
import { oddAnswer } from './paystack-http.ts';

const NOTE_MAX = 500;

/** Subunits as a JSON integer; some of Paystack's own samples write them as text. */
const subunits = z.union([z.int().nonnegative(), z.string().regex(/^\d{1,15}$/)]).transform((amount) => BigInt(amount));
const currency = z.string().regex(/^[A-Z]{3}$/);
const domain = z.enum(['live', 'test']);
/** Ids are numbers above 2^31; below 2^53 JSON carries them exactly. */
const providerId = z.union([z.int().positive(), z.string().regex(/^\d{1,20}$/)]).transform(String);
/** For the merchant's books only: an odd one must not hide a payment. */
const note = z
  .string()
  .transform((text) => text.slice(0, NOTE_MAX))
  .nullable()
  .catch(null);

const begun = z.object({ authorization_url: z.url(), reference: z.string() });

const charge = z.object({
  id: providerId,
  domain,
  status: z.string(),
  reference: z.string(),
  amount: subunits,
  currency,
  paid_at: note,
  fees: subunits.nullable().catch(null),
  channel: note,
  gateway_response: note,
});

/** In the answer to a new refund the charge is an object, in lists and look-ups its number. */
const charged = z.union([providerId, z.object({ id: providerId }).transform(({ id }) => id)]);
const refund = z.object({
  id: providerId,
  transaction: charged,
  status: z.string(),
  amount: subunits,
  currency,
  merchant_note: note,
});
export type PaystackRefund = z.infer<typeof refund>;

/** paystack.com, "Transaction statuses". Only `success` pays. */
const CHARGE_STATES: ReadonlyMap<string, ChargeState> = new Map([
  ['success', 'succeeded'],
  ['failed', 'failed'],
  ['abandoned', 'abandoned'],
  ['reversed', 'reversed'],
  ['ongoing', 'pending'],
  ['pending', 'pending'],
  ['processing', 'pending'],
  ['queued', 'pending'],
]);

/** paystack.com, "Refund status". `needs-attention` waits for the shopper's bank account, which the merchant gives. */
const REFUND_STATES: ReadonlyMap<string, RefundState> = new Map([
  ['pending', 'pending'],
  ['processing', 'pending'],
  ['processed', 'succeeded'],
  ['failed', 'failed'],
  ['needs-attention', 'needs_attention'],
]);

/** Where the shopper pays. Throws `GatewayUnreachable` when the answer is for another reference. */
export function redirectOf(data: unknown, reference: string): string {
  const { authorization_url: url, reference: told } = parsed(begun, data);
  if (told !== reference) throw oddAnswer('it is about another reference');
  return url;
}

/** Throws `GatewayUnreachable` for a state we do not know or an answer about another reference. */
export function chargeOf(data: unknown, reference: string): ChargeFacts {
  const told = parsed(charge, data);
  if (told.reference !== reference) throw oddAnswer('it is about another reference');
  return {
    state: stateOf(CHARGE_STATES, told.status),
    reference,
    providerReference: told.id,
    amount: money(told),
    mode: told.domain,
    paidAt: instantOf(told.paid_at),
    fee: told.fees,
    channel: told.channel,
    message: told.gateway_response,
  };
}

/** What is known of a reference that Paystack has never heard of. */
export const unknownCharge = (reference: string): ChargeFacts => ({
  state: 'unknown',
  reference,
  providerReference: null,
  amount: null,
  mode: null,
  paidAt: null,
  fee: null,
  channel: null,
  message: null,
});

/** Throws `GatewayUnreachable` when it is no refund, or one of another charge. */
export function refundOf(data: unknown, chargeId: string): PaystackRefund {
  const told = parsed(refund, data);
  if (told.transaction !== chargeId) throw oddAnswer('it is a refund of another charge');
  return told;
}

/** Throws `GatewayUnreachable` when it is no list of refunds. Of whichever charges. */
export const refundsOf = (data: unknown): PaystackRefund[] => parsed(z.array(refund), data);

/** Throws `GatewayUnreachable` for a state we do not know. */
export const factsOf = (told: PaystackRefund): RefundFacts => ({
  state: stateOf(REFUND_STATES, told.status),
  providerReference: told.id,
  amount: money(told),
  message: null,
});

const money = ({ amount, currency: code }: { amount: bigint; currency: string }): Money => ({
  amountMinor: amount,
  currency: code,
});

function instantOf(text: string | null): string | null {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

function stateOf<State>(states: ReadonlyMap<string, State>, status: string): State {
  const state = states.get(status);
  if (state === undefined) throw oddAnswer(`the status ${/^[a-z_-]{1,30}$/.test(status) ? status : 'is strange'}`);
  return state;
}

function parsed<Schema extends z.ZodType>(schema: Schema, data: unknown): z.infer<Schema> {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const fields = result.error.issues.map(({ path }) => path.join('.') || 'data');
  throw oddAnswer(`${[...new Set(fields)].slice(0, 5).join(', ')} is missing or of another form`);
}
