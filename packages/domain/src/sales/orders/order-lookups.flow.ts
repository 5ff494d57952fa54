import { isAskedTooOften } from '../../identity/sessions/account-tries.ts';
import { type Attempts, addressAtKey } from '../../identity/sessions/attempts.ts';
import { steadily } from '../../identity/sessions/steady-answer.ts';
import type { Run, Session } from '../../kernel/ctx.ts';
import { requestOrderLink } from './order-links.service.ts';
import type { NewOrderLookup } from './orders.contract.ts';

/**
 * Mails a link to an order to the address it was placed with, if there is one with this number and this address. Takes as
 * long and says the same whether there is or not; an address that was asked for too often gets no more mails, and nobody
 * is told that either. Throws `TooManyAttempts` for the caller's own network.
 */
export async function lookUpOrder(
  run: Run,
  attempts: Attempts,
  session: Session,
  lookup: NewOrderLookup,
): Promise<void> {
  await attempts.consume('order_lookup', addressAtKey(session.companyId, session.ip));
  await steadily(async () => {
    const account = { shop: session.companyId, email: lookup.email, ip: session.ip };
    if (await isAskedTooOften(attempts, 'order_lookup', account)) return;
    await run(session, (ctx) => requestOrderLink(ctx, lookup));
  });
}
