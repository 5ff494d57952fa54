/**
 * What carts ask of the table `orders`. Orders come after carts and call them, so this is text and no import: whether
 * somebody ordered before decides what a first order saves, and a cart whose order waits for its payment stays.
 */

/** SQL: whether the customer (or the email address) of `basket` has ordered before; null while nobody is known. */
export const hasOrderedText = (company: string): string =>
  `case when basket.customer_id is not null or basket.email_key is not null then
      exists (select from orders earlier where earlier.company_id = ${company}
        and earlier.customer_id = basket.customer_id and earlier.lifecycle in ('open', 'completed'))
      or exists (select from orders earlier where earlier.company_id = ${company}
        and earlier.email_key = basket.email_key and earlier.lifecycle in ('open', 'completed')) end`;

/** SQL: whether an order of the cart waits for its payment. */
export const waitsForPaymentText = (company: string, cartId: string): string =>
  `exists (select from orders waiting where waiting.company_id = ${company} and waiting.cart_id = ${cartId}
      and waiting.lifecycle = 'pending')`;
