import type { Run, Session } from '../../kernel/ctx.ts';
import { expireOrders } from '../orders/expiry.flow.ts';
import { IS_BEING_PAID } from './being-paid.service.ts';

/**
 * Ends a share of a company's orders that nobody paid in time. Whose shopper is at a provider's page at this moment waits
 * a little longer. Returns whether there is more to do.
 */
export const expireUnpaid = (run: Run, session: Session): Promise<boolean> => expireOrders(run, session, IS_BEING_PAID);
