import { z } from 'zod';
import { format, fromView, type MoneyView, moneyView } from '../../kernel/money.ts';

/** What was ordered. */
export interface Goods {
  title: string;
  /** Like `Indigo`. */
  variant: string | null;
  quantity: number;
}

/** What a mail says of an order. Amounts as text, with their currency; lines and sums come to the total. */
export interface OrderWords {
  number: string;
  name: string | null;
  /** `amount`: like `2500.00 NGN`, before discounts and what comes on top. */
  lines: (Goods & { amount: string })[];
  /** How many lines are left out: a mail shows 50. */
  moreLines: number;
  /** Like `Delivery (Standard)` and `50.00 NGN`. */
  sums: { name: string; amount: string }[];
  total: string;
  /** Of the total, where the prices have it in them. */
  taxIncluded: string | null;
  /** On one line; null: nothing is delivered. */
  address: string | null;
}

const LINES_SHOWN = 50;

const titled = z.object({ title: z.string(), variantTitle: z.string().nullable(), quantity: z.int() });
type Titled = z.infer<typeof titled>;

const address = z.object({
  firstName: z.string().optional(),
  lastName: z.string(),
  organisation: z.string().optional(),
  line1: z.string(),
  line2: z.string().optional(),
  postcode: z.string().optional(),
  city: z.string(),
  region: z.string().optional(),
  country: z.string(),
});

/** What of an order's event is read for a mail. */
export const toldOrder = z.object({
  id: z.string(),
  number: z.string(),
  email: z.string(),
  lifecycle: z.string(),
  paymentProvider: z.string().nullable(),
  cancelReason: z.string().nullable(),
  shippingAddress: address.nullable(),
  pricesIncludeTax: z.boolean(),
  lines: z.array(titled.extend({ id: z.string(), subtotal: moneyView })),
  shippingLines: z.array(z.object({ name: z.string() })),
  totals: z.object({
    subtotal: moneyView,
    discount: moneyView,
    shipping: moneyView,
    tax: moneyView,
    total: moneyView,
  }),
  cancelledTotal: moneyView,
  paidTotal: moneyView,
});
export type ToldOrder = z.infer<typeof toldOrder>;

/** What of a fulfilment's event is read for a mail. */
export const toldParcel = z.object({
  order: z.object({ id: z.string(), number: z.string(), email: z.string() }),
  lines: z.array(titled),
  carrier: z.string().nullable(),
  trackingNumbers: z.array(z.string()),
  trackingUrl: z.string().nullable(),
});

/** An amount as a mail says it. */
export const inWords = (money: MoneyView): string => format(fromView(money));

/** An order as mails tell it. */
export function wordsOf(order: ToldOrder): OrderWords {
  const { number, shippingAddress, lines, totals, cancelledTotal, pricesIncludeTax } = order;
  const { total, tax } = totals;
  return {
    number,
    name: shippingAddress?.firstName ?? null,
    lines: lines.slice(0, LINES_SHOWN).map((line) => ({ ...goodOf(line), amount: inWords(line.subtotal) })),
    moreLines: Math.max(0, lines.length - LINES_SHOWN),
    sums: sumsOf(order),
    total: inWords({ ...total, amount: total.amount - cancelledTotal.amount }),
    // Of what is left of an order the event does not say how much of it is tax.
    taxIncluded: pricesIncludeTax && tax.amount > 0 && cancelledTotal.amount === 0 ? inWords(tax) : null,
    address: shippingAddress && addressOf(shippingAddress),
  };
}

function sumsOf({ totals, shippingLines, cancelledTotal, pricesIncludeTax }: ToldOrder): OrderWords['sums'] {
  const { subtotal, discount, shipping, tax } = totals;
  const ways = [...new Set(shippingLines.map(({ name }) => name))].join(', ');
  const sum = (name: string, money: MoneyView, sign = '') => ({ name, amount: `${sign}${inWords(money)}` });
  return [
    sum('Goods', subtotal),
    ...(discount.amount > 0 ? [sum('Discount', discount, '-')] : []),
    ...(ways === '' ? [] : [sum(`Delivery (${ways})`, shipping)]),
    ...(!pricesIncludeTax && tax.amount > 0 ? [sum('Tax', tax)] : []),
    ...(cancelledTotal.amount > 0 ? [sum('Cancelled', cancelledTotal, '-')] : []),
  ];
}

const goodOf = ({ title, variantTitle, quantity }: Titled): Goods => ({ title, variant: variantTitle, quantity });

/** What is in a parcel, or was called off: at most fifty lines, and how many more there are. */
export const goodsOf = (lines: readonly Titled[]): { goods: Goods[]; moreGoods: number } => ({
  goods: lines.slice(0, LINES_SHOWN).map(goodOf),
  moreGoods: Math.max(0, lines.length - LINES_SHOWN),
});

function addressOf(place: z.infer<typeof address>): string {
  const { firstName, lastName, organisation, line1, line2, postcode, city, region, country } = place;
  const whole = (...parts: (string | undefined)[]) => parts.filter(Boolean).join(' ');
  return [whole(firstName, lastName), organisation, line1, line2, whole(postcode, city), region, country]
    .filter(Boolean)
    .join(', ');
}
