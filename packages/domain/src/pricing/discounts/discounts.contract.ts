import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { currencyCode } from '../../kernel/money.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';
import { codeKeyOf } from './discount-codes.ts';

/** Automatic discounts that are active and not over: every total of every cart looks at all of them. */
export const AUTOMATIC_MAX = 100;
export const TARGETS_MAX = 250;
const GROUPS_MAX = 50;
const CURRENCIES_MAX = 50;
export const CODES_PER_DISCOUNT_MAX = 100_000;
const CODES_PER_REQUEST_MAX = 1_000;
/** A view shows so many of its codes; the others are pages of `GET …/codes`. */
export const CODES_SHOWN_MAX = 10;
const CODE_LENGTH_MAX = 64;
const TITLE_LENGTH_MAX = 120;
const COUNT_MAX = 1_000_000;
const LIMIT_MAX = 1_000_000_000;
const PRIORITY_MAX = 1_000;
const PREFIX_LENGTH_MAX = 20;
const WHOLE_PPM = 1_000_000;

const kind = z.enum(['percentage', 'fixed_amount', 'fixed_price', 'free_shipping', 'buy_x_get_y'], {
  error:
    'Expected one of percentage, fixed_amount, fixed_price, free_shipping, buy_x_get_y. Gifts cannot be given yet: use buy_x_get_y with percentPpm 1000000.',
});
const discountClass = z.enum(['product', 'order', 'shipping']);
const method = z.enum(['automatic', 'code']);
const target = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('product'), id: idOf('prod') }),
  z.strictObject({ type: z.literal('variant'), id: idOf('var') }),
  z.strictObject({ type: z.literal('collection'), id: idOf('col') }),
  z.strictObject({ type: z.literal('category'), id: idOf('cat') }),
]);
const targets = z.array(target).max(TARGETS_MAX);
const minorUnits = z.int().min(0);
const amounts = z
  .array(
    z.strictObject({
      currency: currencyCode,
      amount: minorUnits.nullable().default(null).meta({
        description: 'Of a fixed amount: what comes off. Of a fixed price: what one then costs. Whole minor units.',
      }),
      subtotalMin: z.int().min(1).nullable().default(null).meta({
        description: 'What the goods it is for must cost together, after the discounts of the classes before its own.',
      }),
      amountMax: z.int().min(1).nullable().default(null).meta({ description: 'The most it takes off one order.' }),
    }),
  )
  .max(CURRENCIES_MAX)
  .meta({ description: 'A discount that has any is for carts in these currencies only.' });
const code = text(CODE_LENGTH_MAX)
  .refine((value) => codeKeyOf(value).length > 0 && !value.includes('/'), { error: 'Expected a code without a slash.' })
  .meta({ example: 'LAUNCH10', description: 'Compared without case and spaces.' });
const localDate = z.iso
  .date({ error: 'Expected a date, like 2026-11-27.' })
  .refine((date) => date >= '1970-01-02' && date <= '9998-12-30', {
    error: 'Expected a date between the years 1970 and 9998.',
  });
const atLeastOne = (max: number) => z.int().min(1).max(max).nullable();

const about = {
  title: text(TITLE_LENGTH_MAX).meta({ example: 'Launch week', description: 'Shoppers see it.' }),
  status: z.enum(['active', 'paused']),
  priority: z.int().min(-PRIORITY_MAX).max(PRIORITY_MAX).meta({
    description: 'Of two that take the same amount off, the higher is taken; of several together, it goes first.',
  }),
  percentPpm: atLeastOne(WHOLE_PPM).meta({ description: 'Parts per million: 10 % is 100000.', example: 100_000 }),
  allocation: z.enum(['each', 'across']).meta({
    description: 'Of a fixed amount off products: off each unit, or once across all of them.',
  }),
  amounts,
  targets: targets.meta({ description: 'Goods it is for; none: all. A category stands for all below it.' }),
  buy: z
    .strictObject({ targets, quantity: z.int().min(1).max(COUNT_MAX) })
    .nullable()
    .meta({ description: 'Of buy_x_get_y: what has to be bought at its price. No targets: anything.' }),
  getQuantity: atLeastOne(COUNT_MAX).meta({ description: 'Of buy_x_get_y: how many then come at percentPpm off.' }),
  repeatMax: atLeastOne(COUNT_MAX).meta({ description: 'How often buy_x_get_y counts in one order at most.' }),
  quantityMin: atLeastOne(COUNT_MAX).meta({ description: 'Units of the goods it is for.' }),
  customerGroupIds: z.array(idOf('cgr')).max(GROUPS_MAX).meta({ description: 'None: everybody.' }),
  firstOrderOnly: z.boolean(),
  combinesWith: z.array(discountClass).max(3).meta({
    description:
      'Classes of other discounts it stands beside, if they say so as well. With its own class: on one line, or one order, one after the other.',
  }),
  startsAt: instant.nullable().meta({ description: 'From this moment on; null: from now on.' }),
  endsAt: instant.nullable().meta({ description: 'The first moment at which it is over; null: it does not end.' }),
  startsOn: localDate.meta({
    description: "Instead of startsAt: the beginning of this day in the company's time zone.",
  }),
  endsOn: localDate.meta({ description: "Instead of endsAt: the end of this day in the company's time zone." }),
  usageLimit: atLeastOne(LIMIT_MAX).meta({ description: 'In how many orders in all.' }),
  perCustomerLimit: atLeastOne(LIMIT_MAX).meta({
    description: 'In how many orders of one customer, known by account or email address.',
  }),
};

export const newDiscount = z.strictObject({
  title: about.title,
  method,
  kind,
  class: discountClass.optional().meta({
    description:
      'Percentages and fixed amounts: of the order unless said otherwise. The other kinds have one class each.',
  }),
  status: about.status.default('active'),
  priority: about.priority.default(0),
  percentPpm: about.percentPpm.default(null),
  allocation: about.allocation.default('across'),
  amounts: about.amounts.default([]),
  targets: about.targets.default([]),
  buy: about.buy.default(null),
  getQuantity: about.getQuantity.default(null),
  repeatMax: about.repeatMax.default(null),
  quantityMin: about.quantityMin.default(null),
  customerGroupIds: about.customerGroupIds.default([]),
  firstOrderOnly: about.firstOrderOnly.default(false),
  combinesWith: about.combinesWith.optional().meta({ description: 'Left out: the two classes that are not its own.' }),
  startsAt: about.startsAt.optional(),
  endsAt: about.endsAt.optional(),
  startsOn: about.startsOn.optional(),
  endsOn: about.endsOn.optional(),
  usageLimit: about.usageLimit.default(null),
  perCustomerLimit: about.perCustomerLimit.default(null),
  codes: z.array(code).max(CODES_PER_REQUEST_MAX).default([]).meta({
    description: 'Of the method code. More can be added, or made, later.',
  }),
});
export type NewDiscount = z.infer<typeof newDiscount>;

/** A discount stays of its method, kind and class. */
export const discountPatch = z.strictObject({
  title: about.title.optional(),
  status: about.status.optional(),
  priority: about.priority.optional(),
  percentPpm: about.percentPpm.optional(),
  allocation: about.allocation.optional(),
  amounts: about.amounts.optional(),
  targets: about.targets.optional(),
  buy: about.buy.optional(),
  getQuantity: about.getQuantity.optional(),
  repeatMax: about.repeatMax.optional(),
  quantityMin: about.quantityMin.optional(),
  customerGroupIds: about.customerGroupIds.optional(),
  firstOrderOnly: about.firstOrderOnly.optional(),
  combinesWith: about.combinesWith.optional(),
  startsAt: about.startsAt.optional(),
  endsAt: about.endsAt.optional(),
  startsOn: about.startsOn.optional(),
  endsOn: about.endsOn.optional(),
  usageLimit: about.usageLimit.optional(),
  perCustomerLimit: about.perCustomerLimit.optional(),
});
export type DiscountPatch = z.infer<typeof discountPatch>;

const anyTarget = z.object({ type: z.enum(['product', 'variant', 'collection', 'category']), id: z.string() });

export const discountView = z.object({
  id: idOf('dis'),
  title: z.string(),
  method,
  kind: z.enum([...kind.options, 'gift']),
  class: discountClass,
  status: z.enum(['active', 'paused', 'archived']),
  priority: z.int(),
  percentPpm: z.int().nullable(),
  allocation: about.allocation,
  amounts: z.array(
    z.object({
      currency: z.string(),
      amount: z.int().nullable(),
      subtotalMin: z.int().nullable(),
      amountMax: z.int().nullable(),
    }),
  ),
  targets: z.array(anyTarget),
  buy: z.object({ targets: z.array(anyTarget), quantity: z.int() }).nullable(),
  getQuantity: z.int().nullable(),
  repeatMax: z.int().nullable(),
  quantityMin: z.int().nullable(),
  customerGroupIds: z.array(z.string()),
  firstOrderOnly: z.boolean(),
  combinesWith: z.array(discountClass),
  startsAt: instant.nullable(),
  endsAt: instant.nullable(),
  usageLimit: z.int().nullable(),
  perCustomerLimit: z.int().nullable(),
  used: z.int().meta({ description: 'Orders that have it now; those cancelled or expired as a whole gave it back.' }),
  codeCount: z.int(),
  codes: z
    .array(z.string())
    .meta({ description: `The first ${CODES_SHOWN_MAX}; GET /v1/discounts/:id/codes lists all.` }),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type DiscountView = z.infer<typeof discountView>;

export const discountsQuery = listQuery.extend({
  status: z.enum(['active', 'paused', 'archived']).optional().meta({ description: 'Left out: all but archived ones.' }),
  method: method.optional(),
  code: code.optional().meta({ description: 'The one discount of this code.' }),
});
export type DiscountsQuery = z.infer<typeof discountsQuery>;
export const discountsPage = pageOf(discountView);

const codeLimit = atLeastOne(LIMIT_MAX).default(null).meta({
  description:
    "In how many orders each code may be used, besides the discount's own limits. 1: codes for one person each.",
});
export const addedCodes = z.strictObject({
  codes: z.array(code).min(1).max(CODES_PER_REQUEST_MAX),
  usageLimit: codeLimit,
});
export type AddedCodes = z.infer<typeof addedCodes>;

export const codeBatch = z.strictObject({
  count: z.int().min(1).max(CODES_PER_REQUEST_MAX),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9-]*$/, { error: 'Expected letters, digits and dashes.' })
    .max(PREFIX_LENGTH_MAX)
    .default('')
    .meta({ example: 'VIP-' }),
  usageLimit: codeLimit,
});
export type CodeBatch = z.infer<typeof codeBatch>;
export const codeBatchView = z.object({ codes: z.array(z.string()) });

export const codeView = z.object({
  code: z.string(),
  usageLimit: z.int().nullable(),
  used: z.int(),
  createdAt: instant,
});
export type CodeView = z.infer<typeof codeView>;
export const codesQuery = listQuery;
export type CodesQuery = z.infer<typeof codesQuery>;
export const codesPage = pageOf(codeView);
export const codeInPath = code;

export const redemptionView = z.object({
  id: idOf('dre'),
  orderId: idOf('ord'),
  code: z.string().nullable(),
  customerId: idOf('cus').nullable(),
  amount: z.object({ amount: z.int(), currency: z.string() }),
  status: z.enum(['active', 'released']).meta({
    description: 'released: its order was cancelled as a whole or expired, so it does not count.',
  }),
  createdAt: instant,
  releasedAt: instant.nullable(),
});
export type RedemptionView = z.infer<typeof redemptionView>;
export const redemptionsQuery = listQuery;
export type RedemptionsQuery = z.infer<typeof redemptionsQuery>;
export const redemptionsPage = pageOf(redemptionView);
