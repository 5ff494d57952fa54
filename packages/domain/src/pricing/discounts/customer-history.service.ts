/** Pieces of SQL, never values; both people may be null at run time. */
export interface BuyerTexts {
  readonly company: string;
  readonly customerId: string;
  readonly emailKey: string;
  /** An order that does not count: the one that is asked for. */
  readonly exceptOrderId?: string;
}

/**
 * SQL: whether the account (or the email address) has ordered before; null while nobody is known. Orders come later in the
 * order of rooms and call discounts, so this is text and no import.
 */
export const hasOrderedText = ({ company, customerId, emailKey, exceptOrderId }: BuyerTexts): string => {
  const earlier = (whose: string) => `exists (select from orders earlier where earlier.company_id = ${company}
        and ${whose} and earlier.lifecycle in ('open', 'completed')${
          exceptOrderId === undefined ? '' : ` and earlier.id <> ${exceptOrderId}`
        })`;
  return `case when ${customerId} is not null or ${emailKey} is not null then
      ${earlier(`earlier.customer_id = ${customerId}`)} or ${earlier(`earlier.email_key = ${emailKey}`)} end`;
};
