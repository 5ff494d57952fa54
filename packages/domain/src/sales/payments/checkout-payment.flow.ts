import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import type { Money } from '../../kernel/money.ts';
import { planStart, recordStart, type StartPlan, type StartWish } from './attempts.service.ts';
import { type ChargeFacts, CredentialsRefused, type Gateway, type Gateways, GatewayUnreachable } from './gateway.ts';
import { manualInstructions } from './payment-means.service.ts';
import { shopperPaymentOf } from './payment-views.ts';
import type { ShopperPaymentView } from './payments.contract.ts';
import { PaymentRefused, PaymentUnavailable, ProviderNotSetUp } from './payments.errors.ts';
import { settle } from './settlement.service.ts';

type Beginning = Extract<StartPlan, { kind: 'begin' }>;

/**
 * Begins the payment of an order that stands, or goes on with it: the shopper's page, at a provider that answers. The
 * attempt is stored before its provider is asked, and every call has a reference of its own. When the provider does not
 * answer, it is asked what became of the attempt: paid settles, else a new attempt is begun, once. Several units of work;
 * none of them carries the request's idempotency claim. Throws `PaymentUnavailable`, `PaymentRefused`, `PaymentNotOpen`,
 * `ProviderNotSetUp`, `NotFound`.
 */
export async function startPayment(
  run: Run,
  gateways: Gateways,
  session: Session,
  wish: StartWish,
): Promise<ShopperPaymentView> {
  const looking = lookingOnly(session);
  const plan = await run(looking, (ctx) => planStart(ctx, wish));
  if (plan.kind === 'nothing') {
    const instructions = await run(looking, manualInstructions);
    return shopperPaymentOf(plan.payment, { instructions });
  }
  if (plan.kind === 'page') return shopperPaymentOf(plan.payment, { redirectUrl: plan.redirectUrl });
  const gateway = gateways.get(wish.provider);
  if (!gateway) throw new ProviderNotSetUp(wish.provider, [...gateways.keys()]);
  try {
    return await begin(run, gateway, looking, plan);
  } catch (error) {
    if (!(error instanceof GatewayUnreachable)) throw error;
    return goOn(run, gateway, looking, wish, plan);
  }
}

/** Asks the provider for a page and writes down what it said. Throws `GatewayUnreachable` when that is not known. */
async function begin(run: Run, gateway: Gateway, session: Session, plan: Beginning): Promise<ShopperPaymentView> {
  const { payment, attempt, order, credentials } = plan;
  const amount: Money = { amountMinor: attempt.amount, currency: attempt.currency };
  const metadata = { companyId: session.companyId, orderId: order.id, orderNumber: order.number };
  const start = {
    reference: attempt.reference,
    amount,
    email: order.email,
    returnUrl: attempt.returnUrl ?? '',
    metadata,
  };
  const answer = await gateway.start(credentials, start).catch((error: unknown) => refusedCredentials(error));
  if (answer.kind === 'redirect') {
    await run(session, (ctx) => recordStart(ctx, attempt.id, { redirectUrl: answer.redirectUrl }));
    return shopperPaymentOf(payment, { redirectUrl: answer.redirectUrl });
  }
  await run(session, (ctx) => recordStart(ctx, attempt.id, answer));
  throw answer.code === CREDENTIALS
    ? new PaymentUnavailable(gateway.provider, answer.message)
    : new PaymentRefused(gateway.provider, answer.code, answer.message);
}

const CREDENTIALS = 'credentials_refused';

/** With wrong credentials nothing was begun there. */
function refusedCredentials(error: unknown): { kind: 'refused'; code: string; message: string } {
  if (!(error instanceof CredentialsRefused)) throw error;
  return { kind: 'refused', code: CREDENTIALS, message: error.message };
}

/** The provider did not answer: what became of the attempt? */
async function goOn(
  run: Run,
  gateway: Gateway,
  session: Session,
  wish: StartWish,
  lost: Beginning,
): Promise<ShopperPaymentView> {
  const { provider } = gateway;
  const facts = await gateway.verify(lost.credentials, lost.attempt.reference).catch(() => undefined);
  if (!facts) throw new PaymentUnavailable(provider, `${lost.attempt.reference} could not be begun or asked about`);
  const paid = await settledNow(run, session, gateway, lost.attempt.reference, facts);
  if (paid) return paid;
  const plan = await run(session, (ctx) => planStart(ctx, { ...wish, attemptId: null, isAnew: true }));
  if (plan.kind !== 'begin') throw new PaymentUnavailable(provider, 'there was nothing to begin');
  return begin(run, gateway, session, plan).catch((error: unknown) => {
    throw error instanceof GatewayUnreachable ? new PaymentUnavailable(provider, error.message) : error;
  });
}

/** The payment, if the provider says that it was paid all the same. */
async function settledNow(
  run: Run,
  session: Session,
  { provider }: Gateway,
  reference: string,
  facts: ChargeFacts,
): Promise<ShopperPaymentView | undefined> {
  if (facts.state !== 'succeeded') return undefined;
  const settled = await run(session, (ctx) => settle(ctx, { provider, reference, facts, source: 'start' }));
  return settled && shopperPaymentOf(settled.payment, {});
}
