import { z } from 'zod';
import { pictureView } from '../../catalog/files/pictures.contract.ts';
import { type PostalAddress, postalAddress } from '../../company/companies/postal-address.contract.ts';
import { faultCode, faultWords } from '../../kernel/fault-words.ts';
import { idOf } from '../../kernel/ids.ts';
import { currencyCode, moneyView } from '../../kernel/money.ts';
import { email, prose, text } from '../../kernel/text.ts';
import { lineTotalsView, parcelView, totalsViewShape } from '../../pricing/totals/totals-view.contract.ts';

const START_LINES_MAX = 100;
const QUANTITY_MAX = 100_000;
const PROPERTIES_MAX = 10;
const PROPERTY_NAME_MAX = 60;
const PROPERTY_MAX = 500;
const CODE_MAX = 60;
const NOTE_MAX = 1_000;

const locale = z
  .string()
  .max(35)
  .refine((tag) => canonical(tag) !== undefined, { error: 'Expected a language tag of BCP 47, like en-NG.' })
  .overwrite((tag) => canonical(tag) ?? tag)
  .meta({ example: 'en-NG' });

const properties = z
  .record(text(PROPERTY_NAME_MAX), text(PROPERTY_MAX))
  .refine((words) => Object.keys(words).length <= PROPERTIES_MAX, {
    error: `Expected at most ${PROPERTIES_MAX} properties.`,
  })
  .meta({ description: 'What the shopper says about it, like an engraving. Other properties make another line.' });

export const newCartLine = z.strictObject({
  variantId: idOf('var'),
  quantity: z.int().min(1).max(QUANTITY_MAX),
  properties: properties.optional(),
});

export const newCart = z.strictObject({
  currency: currencyCode.optional().meta({ description: "One the shop sells in; the company's own by default." }),
  locale: locale.optional(),
  email: email.optional(),
  lines: z.array(newCartLine).max(START_LINES_MAX).optional(),
});

export const cartLineChange = z
  .strictObject({
    quantity: z.int().min(0).max(QUANTITY_MAX).optional().meta({ description: '0 takes the line out.' }),
    properties: properties.optional(),
  })
  .refine((change) => change.quantity !== undefined || change.properties !== undefined, {
    error: 'Expected quantity or properties.',
  });

export const cartPatch = z.strictObject({
  note: prose(NOTE_MAX).nullable().optional(),
  phone: text(40).nullable().optional(),
  locale: locale.nullable().optional(),
});

export const cartEmail = z.strictObject({ email });

/** An address, or that it is the same as the other one. One object and no union: a missing field is named. */
export const billingAddress = z
  .strictObject({
    ...postalAddress.partial().shape,
    sameAsShipping: z.literal(true).optional().meta({ description: 'Instead of an address.' }),
  })
  .superRefine(({ sameAsShipping, ...address }, found) => {
    if (sameAsShipping && Object.values(address).every((field) => field === undefined)) return;
    const message = 'Leave it out where an address is given.';
    if (sameAsShipping) return found.addIssue({ code: 'custom', path: ['sameAsShipping'], message });
    const { error } = postalAddress.safeParse(address, { error: faultWords });
    for (const issue of error?.issues ?? [])
      found.addIssue({ code: 'custom', path: issue.path, message: issue.message, params: { code: faultCode(issue) } });
  });

/** The address in the body of `billingAddress`; null: the shipping address. */
export const billingAddressOf = ({
  sameAsShipping,
  ...address
}: z.infer<typeof billingAddress>): PostalAddress | null => (sameAsShipping ? null : (address as PostalAddress)); // proved by the refinement above

export const shippingChoice = z.strictObject({ shippingOptionId: idOf('sho') });

export const discountCode = text(CODE_MAX);
export const newDiscountCode = z.strictObject({ code: discountCode });

export const cartQuery = z.strictObject({
  explain: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'Whether to say in sentences how the totals came about.' }),
});

const cartLineView = lineTotalsView.omit({ lineId: true }).extend({
  id: idOf('cli'),
  variantId: idOf('var'),
  productId: idOf('prod'),
  title: z.string(),
  variantTitle: z.string().nullable(),
  sku: z.string().nullable(),
  handle: z.string(),
  options: z.record(z.string(), z.string()),
  properties: z.record(z.string(), z.string()),
  image: pictureView.extend({ alt: z.string() }).nullable(),
  compareAt: moneyView.nullable(),
  requiresShipping: z.boolean(),
});

const cartWarningView = z.object({
  code: z.enum(['price_changed', 'not_for_sale', 'insufficient_stock', 'out_of_stock']),
  lineId: idOf('cli'),
  message: z.string(),
  before: moneyView.nullable().meta({ description: 'What one cost when it was put in.' }),
  now: moneyView.nullable(),
  available: z.int().nullable().meta({ description: 'Units there are now. The truth is told at checkout.' }),
});

const cartRequirementView = z.object({
  code: z.enum(['empty', 'line', 'shipping_address', 'shipping_option', 'email', 'phone', 'customer']),
  why: z.string().nullable().meta({ description: 'Of a line or a parcel: what stands in its way.' }),
  message: z.string(),
  lineId: idOf('cli').nullable(),
  profileId: idOf('shp')
    .nullable()
    .meta({ description: 'The parcel of GET /v1/carts/{id}/shipping-options it is about.' }),
});

/** A cart with its true totals, as every read and every write of it answers. */
export const cartView = totalsViewShape.omit({ lines: true }).extend({
  id: idOf('cart'),
  version: z.int().meta({ description: 'Send it as If-Match to be sure nobody changed the cart meanwhile.' }),
  status: z.enum(['open', 'ordered', 'merged']),
  customerId: idOf('cus').nullable(),
  locale: z.string().nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  note: z.string().nullable(),
  shippingAddress: postalAddress.nullable(),
  billingAddress: postalAddress.nullable().meta({ description: 'Null: the shipping address.' }),
  lines: z.array(cartLineView),
  discountCodes: z
    .array(z.string())
    .meta({ description: 'As the shopper wrote them; `discounts` says what they give.' }),
  requirements: z.array(cartRequirementView).meta({ description: 'What is missing before it can be checked out.' }),
  warnings: z.array(cartWarningView),
  expiresAt: z.string().meta({ description: 'Until when it is kept if nobody writes it again.' }),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type CartView = z.infer<typeof cartView>;

export const madeCartView = z.object({
  cart: cartView,
  token: z.string().meta({ description: 'Opens the cart of a guest, as X-Cart-Token. Shown once.' }),
});

/** A cart that somebody who logged in goes on with. */
export const claimedCartView = cartView.extend({
  merged: z
    .object({
      fromCartId: idOf('cart').meta({ description: 'It is closed, and its lines are in this one.' }),
      dropped: z.array(
        z.object({
          variantId: idOf('var'),
          quantity: z.int(),
          reason: z.enum(['not_in_currency', 'too_many_lines', 'quantity_too_large']),
        }),
      ),
      droppedCodes: z
        .array(z.string())
        .meta({ description: 'Discount codes that are more than a cart takes. They are not in this one.' }),
    })
    .nullable()
    .meta({
      description:
        'Null: the guest cart itself became theirs. So it does beside another one of theirs while an order of either waits for its payment.',
    }),
});

export const shippingOptionsView = z.object({ data: z.array(parcelView) });

function canonical(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
}
