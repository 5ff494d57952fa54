import { sql } from 'drizzle-orm';

/** How long a shopper may take at a provider's page before their order is no longer taken to be in the middle of it. */
const AT_THE_PAGE_MINUTES = 15;

/** A condition on `orders`: somebody was sent to a provider's page a moment ago and has not come back. */
export const IS_BEING_PAID = sql<boolean>`exists (select from payments p
  join payment_attempts t on t.company_id = p.company_id and t.payment_id = p.id
  where p.company_id = orders.company_id and p.order_id = orders.id and t.status in ('starting', 'pending')
    and t.created_at > now() - make_interval(mins => ${AT_THE_PAGE_MINUTES}))`;
