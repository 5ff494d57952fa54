import { type Session, systemSession } from '../kernel/ctx.ts';
import { type Id, newId } from '../kernel/ids.ts';
import { openPayment } from '../sales/payments/attempts.service.ts';
import type { PaymentProvider } from '../sales/payments/payment-providers.contract.ts';
import { setUpPaymentProvider } from '../sales/payments/payment-providers.service.ts';
import type { TestDatabase } from './database.ts';
import { TEST_SECRET } from './fake-gateway.ts';
import { givenCompany, givenGoods } from './goods.ts';

/** A company that is paid by Paystack and by transfer. */
export async function givenPayableShop(db: TestDatabase): Promise<Session> {
  const system = await givenCompany(db);
  await db.app.run(system, (ctx) => setUpPaymentProvider(ctx, 'paystack', { secretKey: TEST_SECRET }));
  await db.app.run(system, (ctx) => setUpPaymentProvider(ctx, 'manual', {}));
  return system;
}

export interface OrderWish {
  /** Of each line: units and the total of them all, minor units. */
  lines?: readonly { quantity: number; total: bigint }[];
  shipping?: bigint;
  currency?: string;
  provider?: PaymentProvider;
  lifecycle?: 'pending' | 'open' | 'expired' | 'cancelled';
}

export interface PayableOrder {
  readonly orderId: Id<'ord'>;
  readonly paymentId: Id<'pay'>;
  readonly attemptId: Id<'patt'> | null;
  readonly lineIds: readonly Id<'oli'>[];
  readonly total: bigint;
  readonly email: string;
  /** Opens it: what is stored is its hash. */
  readonly tokenHash: string;
}

let placed = 0;

/** An order that waits for its money, with its payment: rows alone, for tests of what comes after checkout. */
export async function givenOrder(db: TestDatabase, system: Session, wish: OrderWish = {}): Promise<PayableOrder> {
  const { lines = [{ quantity: 2, total: 10_000n }], shipping = 0n, currency = 'NGN', provider = 'paystack' } = wish;
  const { companyId } = system;
  const orderId = newId('ord');
  const subtotal = lines.reduce((sum, line) => sum + line.total, 0n);
  const total = subtotal + shipping;
  const number = `T-${++placed}`;
  const tokenHash = `hash-of-${orderId}`;
  const { variantId, productId } = await givenGoods(db, companyId, { tracksStock: false });
  const sql = db.admin;
  await sql`insert into orders (company_id, id, number, token_hash, email, email_key, currency, lifecycle, payment_provider,
      prices_include_tax, subtotal, discount, shipping, tax, total, explanation, expires_at)
    values (${companyId}, ${orderId}, ${number}, ${tokenHash}, 'ada@example.com', 'ada@example.com', ${currency},
      ${wish.lifecycle ?? 'pending'}, ${provider}, true, ${subtotal.toString()}, 0, ${shipping.toString()}, 0,
      ${total.toString()}, '[]', now() + interval '30 minutes')`;
  const lineIds = lines.map(() => newId('oli'));
  for (const [at, line] of lines.entries())
    await sql`insert into order_lines (company_id, id, order_id, position, variant_id, product_id, title, options, properties,
        requires_shipping, unit_amount, subtotal, discount, taxes, tax, total, quantity)
      values (${companyId}, ${lineIds[at] ?? ''}, ${orderId}, ${at + 1}, ${variantId}, ${productId}, 'Thing', '{}', '{}',
        false, ${line.total.toString()}, ${line.total.toString()}, 0, '[]', 0, ${line.total.toString()}, ${line.quantity})`;
  if (shipping > 0n)
    await sql`insert into order_shipping_lines (company_id, id, order_id, profile_id, shipping_option_id, name, amount,
        discount, taxes, tax, total)
      values (${companyId}, ${newId('osl')}, ${orderId}, ${newId('shp')}, ${newId('sho')}, 'Standard',
        ${shipping.toString()}, 0, '[]', 0, ${shipping.toString()})`;
  const returnUrl = provider === 'manual' ? null : 'https://shop.example/thanks';
  const opened = await db.app.run({ ...systemSession(companyId, 'test'), isShopper: true }, (ctx) =>
    openPayment(ctx, { orderId, amount: total, currency, provider, mode: 'live', returnUrl }),
  );
  return { orderId, ...opened, lineIds, total, email: 'ada@example.com', tokenHash };
}

/** How an order and its payment stand, and that the books agree with them. */
export async function booksOf(db: TestDatabase, { orderId, paymentId }: Pick<PayableOrder, 'orderId' | 'paymentId'>) {
  const sql = db.admin;
  const [order] = await sql<
    { lifecycle: string; payment_status: string; paid_total: string; refunded_total: string; needs_review: boolean }[]
  >`select lifecycle, payment_status, paid_total, refunded_total, needs_review from orders where id = ${orderId}`;
  const [payment] = await sql<
    { status: string; captured: string; refunds_total: string; refunded: string; amount: string }[]
  >`select status, captured, refunds_total, refunded, amount from payments where id = ${paymentId}`;
  const ledger = await sql<{ type: string; status: string; amount: string }[]>`
    select type, status, amount from payment_transactions where payment_id = ${paymentId} order by id`;
  const attempts = await sql<{ status: string; reference: string; next_check_at: Date | null }[]>`
    select status, reference, next_check_at from payment_attempts where payment_id = ${paymentId} order by id`;
  const refunds = await sql<{ id: string; status: string; amount: string; cause: string }[]>`
    select id, status, amount, cause from refunds where payment_id = ${paymentId} order by id`;
  const events = await sql<{ type: string }[]>`
    select type from events where aggregate_id in (${orderId}, ${paymentId}) order by id`;
  return { order, payment, ledger, attempts, refunds, events: events.map(({ type }) => type) };
}
