import type { Run, Session } from '../../kernel/ctx.ts';
import { expireOrder, type IsBeingPaid, ordersDue } from './expiry.service.ts';

const ORDERS_PER_SHARE = 50;

/**
 * Ends the orders of a company that nobody paid in time, one unit of work each: a share of them. Returns whether there
 * is more to do. `isBeingPaid`: a condition on `orders` that says whose shopper is paying at this moment.
 */
export async function expireOrders(run: Run, session: Session, isBeingPaid: IsBeingPaid): Promise<boolean> {
  const due = await run(session, (ctx) => ordersDue(ctx, ORDERS_PER_SHARE));
  for (const id of due) await run(session, (ctx) => expireOrder(ctx, id, isBeingPaid));
  return due.length === ORDERS_PER_SHARE;
}
