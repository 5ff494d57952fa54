import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { statement } from '../../kernel/statement.ts';
import { customers } from '../customers/customers.schema.ts';
import { customerSessions } from './customer-sessions.schema.ts';

const byCustomerAndSession = statement((tx) =>
  tx
    .select({ customerId: customers.id })
    .from(customerSessions)
    .innerJoin(
      customers,
      and(eq(customers.companyId, customerSessions.companyId), eq(customers.id, customerSessions.customerId)),
    )
    .where(
      and(
        eq(customerSessions.companyId, sql.placeholder('companyId')),
        eq(customerSessions.id, sql.placeholder('sessionId')),
        eq(customerSessions.customerId, sql.placeholder('customerId')),
        isNull(customerSessions.revokedAt),
        gt(customerSessions.expiresAt, sql`now()`),
        eq(customers.status, 'active'),
      ),
    ),
);

/** Whether a customer's session is still good, in one query: not ended, not over, and the customer not disabled. */
export async function customerStanding(
  ctx: Ctx,
  { customerId, sessionId }: { customerId: Id<'cus'>; sessionId: Id<'cses'> },
): Promise<boolean> {
  const rows = await byCustomerAndSession(ctx, { companyId: ctx.companyId, customerId, sessionId });
  return rows.length > 0;
}
