import { instantText } from '../../catalog/listing/listing-text.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { runText } from '../../kernel/text-statement.ts';
import { cartDeletion } from './cart-expiry.service.ts';

const COMPANY = '$1::text';

const ERASE = {
  text: cartDeletion(`select c.id from carts c where c.company_id = ${COMPANY} and (c.customer_id = $2::text
    or c.email_key = $3::text and c.customer_id is null
    or c.id in (select o.cart_id from orders o where o.company_id = ${COMPANY} and o.customer_id = $2::text)
    or c.merged_into_id in (select own.id from carts own where own.company_id = ${COMPANY} and own.customer_id = $2::text))
    for update`),
  names: ['company', 'customer', 'email'],
} as const;

/**
 * Deletes all carts of a customer, and those of a guest that became theirs, stand behind their orders, or have the address
 * they proved to be theirs. Their orders hold copies of what they need. Before the orders are erased.
 */
export async function eraseCartsOf(
  ctx: Ctx,
  customerId: Id<'cus'>,
  provedEmailKey: string | null = null,
): Promise<void> {
  await runText(ctx, ERASE, { company: ctx.companyId, customer: customerId, email: provedEmailKey });
}

const HELD = {
  text: `select json_build_object('id', c.id, 'status', c.status, 'currency', c.currency, 'email', c.email, 'phone', c.phone,
      'note', c.note, 'shippingAddress', c.shipping_address, 'billingAddress', c.billing_address,
      'createdAt', ${instantText('c.created_at')}, 'updatedAt', ${instantText('c.updated_at')},
      'lines', (select coalesce(json_agg(json_build_object('variantId', l.variant_id, 'title', p.title,
          'quantity', l.quantity, 'properties', l.properties) order by l.id), '[]')
        from cart_lines l join product_variants v on v.company_id = ${COMPANY} and v.id = l.variant_id
        join products p on p.company_id = ${COMPANY} and p.id = v.product_id
        where l.company_id = ${COMPANY} and l.cart_id = c.id),
      'discountCodes', (select coalesce(json_agg(k.code order by k.position), '[]') from cart_codes k
        where k.company_id = ${COMPANY} and k.cart_id = c.id)) as cart
    from carts c where c.company_id = ${COMPANY} and c.customer_id = $2::text order by c.id`,
  names: ['company', 'customer'],
} as const;

/** What is held about a customer in carts, for an export. */
export async function cartsOf(ctx: Ctx, customerId: Id<'cus'>): Promise<[string, unknown]> {
  const rows = await runText<{ cart: unknown }, 'company' | 'customer'>(ctx, HELD, {
    company: ctx.companyId,
    customer: customerId,
  });
  return ['carts', rows.map(({ cart }) => cart)];
}
