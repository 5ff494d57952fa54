import type { Run, Session } from '../../kernel/ctx.ts';
import { type ExpiryPorts, expireOrders } from '../orders/expiry.flow.ts';
import { IS_BEING_PAID } from './being-paid.service.ts';

/**
 * Ends a share of a company's orders that nobody paid in time. Whose shopper is at a provider's page at this moment waits
 * a little longer; one that cannot be ended is reported, and holds up no other. Returns whether there is more to do.
 */
export const expireUnpaid = (run: Run, ports: ExpiryPorts, session: Session): Promise<boolean> =>
  expireOrders(run, ports, session, IS_BEING_PAID);
