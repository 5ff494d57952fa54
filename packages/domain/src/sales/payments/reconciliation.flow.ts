import type { Run, Session } from '../../kernel/ctx.ts';
import { leaseAttempts } from './attempts.service.ts';
import { eachOf, type Report } from './each-of.ts';
import type { ChargeFacts, Gateways } from './gateway.ts';
import { isOutOfReach } from './gateway-reach.ts';
import { credentialsOf } from './payment-means.service.ts';
import type { AttemptRow } from './payment-views.ts';
import { planCheck } from './reconciliation.service.ts';
import { leaseRefunds } from './refund-sending.service.ts';
import { followRefund } from './refunds.flow.ts';
import { settle } from './settlement.service.ts';

/** Asked about side by side: a provider answers within eight seconds, and a lease of a minute must not run out. */
const ATTEMPTS_AT_ONCE = 5;
const REFUNDS_AT_ONCE = 3;

/**
 * Asks the providers about what is due: attempts nobody has told us the end of, refunds that wait to be sent or to be
 * heard of. With every webhook lost, this settles all. One that fails is put off and told to `report`; without that the
 * failure is thrown, after those beside it are done. Says whether there is more.
 */
export async function reconcileShare(
  run: Run,
  gateways: Gateways,
  session: Session,
  report?: Report,
): Promise<boolean> {
  const attempts = await run(session, (ctx) => leaseAttempts(ctx, ATTEMPTS_AT_ONCE));
  await eachOf(attempts, (attempt) => followAttempt(run, gateways, session, attempt), report);
  const refunds = await run(session, (ctx) => leaseRefunds(ctx, REFUNDS_AT_ONCE));
  await eachOf(refunds, (refund) => followRefund(run, gateways, session, refund), report);
  return attempts.length === ATTEMPTS_AT_ONCE || refunds.length === REFUNDS_AT_ONCE;
}

async function followAttempt(run: Run, gateways: Gateways, session: Session, attempt: AttemptRow): Promise<void> {
  const { provider, reference } = attempt;
  try {
    const facts = await askedAbout(run, gateways, session, attempt);
    await run(session, async (ctx) => {
      if (facts) await settle(ctx, { provider, reference, facts, source: 'reconciler' });
      await planCheck(ctx, attempt, facts);
    });
  } catch (error) {
    await run(session, (ctx) => planCheck(ctx, attempt, undefined));
    throw error;
  }
}

/** What the provider says; undefined when it cannot be asked now. */
async function askedAbout(
  run: Run,
  gateways: Gateways,
  session: Session,
  { provider, reference, mode }: AttemptRow,
): Promise<ChargeFacts | undefined> {
  try {
    const credentials = await run(session, (ctx) => credentialsOf(ctx, provider, mode));
    return await gateways.get(provider)?.verify(credentials, reference);
  } catch (error) {
    if (isOutOfReach(error)) return undefined;
    throw error;
  }
}
