import { csvCell } from '../../company/audit/audit-csv.ts';
import { exponentOf, type MoneyView } from '../../kernel/money.ts';
import type { OrderSummaryView } from './orders.contract.ts';

const COLUMNS = [
  'number',
  'id',
  'placed',
  'email',
  'lifecycle',
  'payment',
  'fulfilment',
  'return',
  'provider',
  'units',
  'currency',
  'total',
  'paid',
  'refunded',
  'country',
  'tags',
  'needs review',
];

const csvRow = (cells: readonly string[]) => `${cells.map(csvCell).join(',')}\r\n`;

/** The first line of the export. */
export const ordersCsvHeader = (): string => csvRow(COLUMNS);

/** Orders as lines, in the order of the header. Amounts with the decimals of their currency. */
export const ordersCsvRows = (list: readonly OrderSummaryView[]): string =>
  list
    .map((order) =>
      csvRow([
        order.number,
        order.id,
        order.createdAt,
        order.email,
        order.lifecycle,
        order.paymentStatus,
        order.fulfilmentStatus,
        order.returnStatus,
        order.paymentProvider ?? '',
        String(order.units),
        order.currency,
        decimal(order.total),
        decimal(order.paidTotal),
        decimal(order.refundedTotal),
        order.shippingCountry ?? '',
        order.tags.join(' | '),
        order.needsReview ? 'yes' : '',
      ]),
    )
    .join('');

/** `1250.00`: digits alone, so that spreadsheets reckon with it. Amounts of orders are never below zero. */
function decimal({ amount, currency }: MoneyView): string {
  const exponent = exponentOf(currency);
  const digits = String(amount).padStart(exponent + 1, '0');
  return exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}
