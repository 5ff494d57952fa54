import Link from 'next/link';
import { orderAccess } from '../../lib/session';
import { format, verifyPayment } from '../../lib/souk';

export default async function Thanks() {
  const access = await orderAccess();
  if (!access) return <p>There is no order here.</p>;
  if (!access.paymentId) return <p>Thank you.</p>; // nothing was to be paid
  const { order, payment } = await verifyPayment(access);
  if (payment.status === 'paid')
    return (
      <p>
        Thank you. Order {order.number}, {format(order.totals.total)}, is paid.
      </p>
    );
  if (payment.status === 'pending')
    return (
      <p>
        Order {order.number} is not paid yet. <Link href="/cart">Back to the cart</Link> to try again.
      </p>
    );
  return (
    <p>
      Order {order.number}: {payment.status}. The shop will get in touch if anything is needed.
    </p>
  );
}
