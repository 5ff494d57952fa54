import type { Run, Session } from '../../kernel/ctx.ts';
import { expireOrder, type IsBeingPaid, ordersDue, pushOn } from './expiry.service.ts';

const ORDERS_PER_SHARE = 50;

/** What ending orders needs from the process. */
export interface ExpiryPorts {
  /** Is told of an order that could not be ended; it is tried again later. */
  report(error: unknown, about: Readonly<Record<string, unknown>>): void;
}

/**
 * Ends the orders of a company that nobody paid in time, one unit of work each: a share of them. One that cannot be ended
 * is reported and pushed on, and holds up no other. Returns whether there is more to do. `isBeingPaid`: a condition on
 * `orders` that says whose shopper is paying at this moment.
 */
export async function expireOrders(
  run: Run,
  { report }: ExpiryPorts,
  session: Session,
  isBeingPaid: IsBeingPaid,
): Promise<boolean> {
  const due = await run(session, (ctx) => ordersDue(ctx, ORDERS_PER_SHARE));
  for (const id of due) {
    try {
      await run(session, (ctx) => expireOrder(ctx, id, isBeingPaid));
    } catch (error) {
      report(error, { companyId: session.companyId, orderId: id });
      await run(session, (ctx) => pushOn(ctx, id));
    }
  }
  return due.length === ORDERS_PER_SHARE;
}
