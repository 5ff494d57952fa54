import { reserve } from '../catalog/inventory/reservations.service.ts';
import type { Session } from '../kernel/ctx.ts';
import { type Id, newId } from '../kernel/ids.ts';
import type { OrderLifecycle } from '../sales/orders/orders.schema.ts';
import type { TestDatabase } from './database.ts';

export interface OrderedLine {
  variantId: Id<'var'>;
  quantity: number;
  /** Minor units for one; 1,000 unless told. */
  unitAmount?: number;
}

export interface ReservedOrder {
  orderId: Id<'ord'>;
  lineIds: Id<'oli'>[];
}

/**
 * An order as rows, with its goods reserved: for tests of what comes after checkout. Open and paid unless told. Written
 * past row security.
 */
export async function givenReservedOrder(
  db: TestDatabase,
  session: Session,
  lines: readonly OrderedLine[],
  { lifecycle = 'open' }: { lifecycle?: OrderLifecycle } = {},
): Promise<ReservedOrder> {
  const orderId = newId('ord');
  const total = lines.reduce((sum, { quantity, unitAmount = 1_000 }) => sum + quantity * unitAmount, 0);
  const paid = lifecycle === 'open' ? total : 0;
  const sql = db.admin;
  await sql`insert into orders (company_id, id, number, token_hash, email, email_key, currency, lifecycle, payment_status,
      prices_include_tax, subtotal, discount, shipping, tax, total, paid_total, explanation)
    values (${session.companyId}, ${orderId}, ${orderId.slice(-8)}, ${orderId}, 'ada@example.com', 'ada@example.com', 'NGN',
      ${lifecycle}, ${paid > 0 ? 'paid' : 'unpaid'}, true, ${total}, 0, 0, 0, ${total}, ${paid}, '[]')`;
  const lineIds: Id<'oli'>[] = [];
  for (const [position, { variantId, quantity, unitAmount = 1_000 }] of lines.entries()) {
    const id = newId('oli');
    lineIds.push(id);
    const amount = quantity * unitAmount;
    await sql`insert into order_lines (company_id, id, order_id, position, variant_id, product_id, title, options,
        properties, requires_shipping, unit_amount, subtotal, discount, taxes, tax, total, quantity)
      select ${session.companyId}, ${id}, ${orderId}, ${position}, v.id, v.product_id, 'Thing', '{}', '{}', true,
        ${unitAmount}, ${amount}, 0, '[]', 0, ${amount}, ${quantity}
      from product_variants v where v.company_id = ${session.companyId} and v.id = ${variantId}`;
  }
  const owner = { type: 'order', id: orderId };
  await db.app.run(session, (ctx) => reserve(ctx, { owner, lines, expiresAt: null }));
  return { orderId, lineIds };
}
