import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { runText } from '../../kernel/text-statement.ts';
import { waitsForPaymentText } from './cart-orders.service.ts';

const COMPANY = '$1::text';

/** SQL that deletes carts with all they hold. `gone` is a query of their ids, whose company is `$1`. */
export const cartDeletion = (gone: string) => `with gone as (${gone}), lines as (
    delete from cart_lines l using gone where l.company_id = ${COMPANY} and l.cart_id = gone.id
  ), codes as (
    delete from cart_codes k using gone where k.company_id = ${COMPANY} and k.cart_id = gone.id
  ), shipping as (
    delete from cart_shipping s using gone where s.company_id = ${COMPANY} and s.cart_id = gone.id
  )
  delete from carts c using gone where c.company_id = ${COMPANY} and c.id = gone.id returning c.id`;

const SWEEP = {
  text: cartDeletion(`select c.id from carts c where c.company_id = ${COMPANY} and c.expires_at < now()
    and not ${waitsForPaymentText(COMPANY, 'c.id')} order by c.expires_at limit $2::int for update skip locked`),
  names: ['company', 'limit'],
} as const;

/**
 * Deletes carts nobody came back to, the oldest first; says how many. A cart whose order waits for its payment stays: the
 * shopper may come back from the gateway and try again.
 */
export async function sweepCarts(ctx: Ctx, limit: number): Promise<number> {
  const gone = await runText<{ id: Id<'cart'> }, 'company' | 'limit'>(ctx, SWEEP, { company: ctx.companyId, limit });
  return gone.length;
}
