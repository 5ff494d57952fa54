import { type SupplyRow, supplyColumns } from '../../catalog/inventory/demand.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import type { PaymentProvider } from '../payments/payment-providers.contract.ts';

/** What a checkout has to know besides the cart. */
export interface CheckoutFacts {
  readonly mode: 'live' | 'test';
  /** Ways to be paid that the company has set up. */
  readonly providers: readonly PaymentProvider[];
  /** The order of the cart that is neither cancelled nor expired. */
  readonly liveOrderId: Id<'ord'> | null;
  /** Of what is in the cart, for `supplyFrom`. */
  readonly parts: SupplyRow['parts'];
  readonly shelves: SupplyRow['shelves'];
}

const READ: TextStatement<'company' | 'cart'> = {
  text: `select c.mode,
    (select coalesce(json_agg(p.provider order by p.provider), '[]') from payment_providers p
      where p.company_id = $1::text) as providers,
    (select o.id from orders o where o.company_id = $1::text and o.cart_id = $2::text
      and o.lifecycle not in ('cancelled', 'expired')) as "liveOrderId",
    ${supplyColumns('$1::text', 'select l.variant_id from cart_lines l where l.company_id = $1::text and l.cart_id = $2::text')}
  from companies c where c.company_id = $1::text`,
  names: ['company', 'cart'],
};

/** One statement, after the cart was locked: nobody else can place an order of it meanwhile. */
export async function readCheckoutFacts(ctx: Ctx, cartId: Id<'cart'>): Promise<CheckoutFacts> {
  const [facts] = await runText<CheckoutFacts, 'company' | 'cart'>(ctx, READ, { company: ctx.companyId, cart: cartId });
  if (!facts) throw new NotFound('company');
  return facts;
}
