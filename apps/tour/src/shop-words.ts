/** An amount as the APIs write it: whole minor units. */
export interface Money {
  amount: number;
  currency: string;
}

export interface Totals {
  subtotal: Money;
  discount: Money;
  shipping: Money;
  tax: Money;
  total: Money;
}

export interface Page<T> {
  data: T[];
  page: { hasMore: boolean; next: string | null };
  count?: number | string;
}

export interface OrderLine {
  id: string;
  sku: string | null;
  title: string;
  quantity: number;
  total: Money;
}

export interface Order {
  id: string;
  number: string;
  email: string;
  lifecycle: string;
  paymentStatus: string;
  fulfilmentStatus: string;
  totals: Totals;
  refundedTotal: Money;
  lines: OrderLine[];
}

/** For people: ₦1,250.00. */
export function price({ amount, currency }: Money): string {
  const format = new Intl.NumberFormat('en-NG', { style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
