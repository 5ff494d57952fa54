import type { z } from 'zod';
import { instantText } from '../../catalog/listing/listing-text.ts';
import { getSettings } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { emitAll } from '../../kernel/outbox.ts';
import { runText } from '../../kernel/text-statement.ts';
import { waitsForPaymentText } from './cart-orders.service.ts';
import { CUSTOMER_CART_DAYS_MIN } from './cart-writes.service.ts';
import { cartAbandoned } from './carts.events.ts';

/** Older ones are let be: when the worker stood still for weeks, or hours were just set, nobody is reminded of last month. */
const TOO_LATE_HOURS = 72;

const COMPANY = '$1::text';
const LIMIT = '$2::int';
const HOURS = '$3::int';
const GUEST_DAYS = '$4::int';
const CUSTOMER_DAYS = '$5::int';

/**
 * The time a cart was left, roughly, said by the column that has an index: it is kept for so many days from the full hour
 * after its last write.
 */
const leftInTime = (days: string) => `c.expires_at
    between now() + make_interval(days => ${days}, hours => -${HOURS} - ${TOO_LATE_HOURS})
    and now() + make_interval(days => ${days}, hours => 1 - ${HOURS})`;

const LINES = `(select json_agg(json_build_object('id', l.id, 'variantId', l.variant_id, 'productId', v.product_id,
      'handle', p.handle, 'title', p.title, 'sku', v.sku, 'quantity', l.quantity,
      'variantTitle', nullif(concat_ws(' / ', v.option1, v.option2, v.option3), ''),
      'unitPriceAdded', case when l.unit_amount_added is not null
        then json_build_object('amount', l.unit_amount_added, 'currency', t.currency) end) order by l.id)
    from cart_lines l
    join product_variants v on v.company_id = ${COMPANY} and v.id = l.variant_id
    join products p on p.company_id = ${COMPANY} and p.id = v.product_id
    where l.company_id = ${COMPANY} and l.cart_id = t.id)`;

const ABANDON = {
  text: `with quiet as (
    select c.id from carts c where c.company_id = ${COMPANY} and c.status = 'open' and c.abandoned_at is null
      and c.email is not null and (${leftInTime(GUEST_DAYS)} or ${leftInTime(CUSTOMER_DAYS)})
      and c.updated_at between now() - make_interval(hours => ${HOURS} + ${TOO_LATE_HOURS})
        and now() - make_interval(hours => ${HOURS})
      and exists (select from cart_lines l where l.company_id = ${COMPANY} and l.cart_id = c.id)
      and not ${waitsForPaymentText(COMPANY, 'c.id')}
    order by c.expires_at, c.updated_at limit ${LIMIT} for update skip locked
  ), told as (
    update carts c set abandoned_at = now() from quiet where c.company_id = ${COMPANY} and c.id = quiet.id
    returning c.*
  )
  select t.id, t.customer_id as "customerId", t.email, t.phone, t.locale, t.currency, t.version,
    ${instantText('t.created_at')} as "createdAt", ${instantText('t.updated_at')} as "updatedAt", ${LINES} as lines
  from told t order by t.updated_at, t.id`,
  names: ['company', 'limit', 'hours', 'guestDays', 'customerDays'],
  isRare: true,
} as const;

type Abandoned = z.input<typeof cartAbandoned.data>['cart'];

/**
 * Announces carts that were left with goods and an address, each once, those left first coming first; says how many. How
 * long they must have been left is the company's setting, and 0 turns it off. A cart whose order waits for its payment is
 * not left, and one that was written while another number of days was set is passed over.
 */
export async function announceAbandoned(ctx: Ctx, limit: number): Promise<number> {
  const { abandonedAfterHours: hours } = await getSettings(ctx, 'checkout');
  if (hours === 0) return 0;
  const { abandonedCartDays: guestDays } = await getSettings(ctx, 'privacy');
  const customerDays = Math.max(guestDays, CUSTOMER_CART_DAYS_MIN);
  const values = { company: ctx.companyId, limit, hours, guestDays, customerDays };
  const carts = await runText<Abandoned, keyof typeof values>(ctx, ABANDON, values);
  const announcements = carts.map((cart) => ({ aggregate: { id: cart.id, sequence: cart.version }, data: { cart } }));
  await emitAll(ctx, cartAbandoned, announcements);
  return carts.length;
}
