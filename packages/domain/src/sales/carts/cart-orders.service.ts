/**
 * What carts ask of the table `orders`. Orders come after carts and call them, so this is text and no import: a cart whose
 * order waits for its payment stays as it is, and what that order holds is the cart's own.
 */

/** SQL: the order of the cart that waits for its payment, or null. There is at most one. */
export const pendingOrderText = (company: string, cartId: string): string =>
  `(select waiting.id from orders waiting where waiting.company_id = ${company} and waiting.cart_id = ${cartId}
      and waiting.lifecycle = 'pending')`;

/** SQL: units of the variant that an order holds, and nobody else can have; those whose time ran out count as free. */
export const heldUnitsText = (
  company: string,
  { orderId, variantId }: { orderId: string; variantId: string },
): string =>
  `case when ${orderId} is null then 0 else (select coalesce(sum(own.quantity), 0) from stock_reservations own
      where own.company_id = ${company} and own.owner_type = 'order' and own.owner_id = ${orderId}
        and own.variant_id = ${variantId} and own.status = 'held' and (own.expires_at is null or own.expires_at > now())) end`;

/** SQL: whether an order of the cart waits for its payment. */
export const waitsForPaymentText = (company: string, cartId: string): string =>
  `exists (select from orders waiting where waiting.company_id = ${company} and waiting.cart_id = ${cartId}
      and waiting.lifecycle = 'pending')`;
