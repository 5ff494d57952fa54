import { z } from 'zod';
import { currencyCode } from '../../kernel/money.ts';
import { email, prose, text } from '../../kernel/text.ts';
import { countryCode } from '../companies/companies.contract.ts';
import { webOrigin } from './origin.contract.ts';

const COLOUR = /^#[0-9a-f]{6}$/i;
const LOCALES_MAX = 50;
const CURRENCIES_MAX = 20;
const ORIGINS_MAX = 50;
const ORDER_NUMBER_START_MAX = 1_000_000_000;

/** A language tag of BCP 47 that this machine's ICU can work with, in its canonical spelling. */
const locale = z
  .string()
  .max(35)
  .refine((tag) => canonicalLocale(tag) !== undefined, { error: 'Expected a language tag of BCP 47, like en-NG.' })
  .overwrite((tag) => canonicalLocale(tag) ?? tag)
  .meta({ example: 'en-NG' });

const webAddress = z
  .url({ protocol: /^https?$/, error: 'Expected a web address, like https://shop.example.com.' })
  .max(500)
  // What URL parsers forgive (control characters, spaces), PostgreSQL and mails do not.
  .regex(/^[\x21-\x7e]+$/, { error: 'Expected a web address in ASCII: percent-encode everything else.' })
  .meta({ example: 'https://shop.example.com' });

const colour = z.string().regex(COLOUR, { error: 'Expected a colour like #1f6feb.' }).meta({ example: '#1f6feb' });

const general = z.strictObject({
  legalName: text(160).nullable().default(null),
  contactEmail: email.nullable().default(null),
  phone: text(40).nullable().default(null),
  address: z
    .strictObject({
      line1: text(120),
      line2: text(120).optional(),
      city: text(80),
      region: text(80).optional(),
      postcode: text(20).optional(),
      country: countryCode,
    })
    .nullable()
    .default(null),
  locale: locale.default('en'),
  locales: z.array(locale).max(LOCALES_MAX).default([]).meta({ description: 'Further languages of the shop.' }),
  currencies: z
    .array(currencyCode)
    .max(CURRENCIES_MAX)
    .default([])
    .meta({ description: "Currencies besides the company's own." }),
  weightUnit: z.enum(['g', 'kg', 'oz', 'lb']).default('kg'),
  lengthUnit: z.enum(['mm', 'cm', 'm', 'in']).default('cm'),
});

const branding = z.strictObject({
  logoUrl: webAddress.nullable().default(null),
  iconUrl: webAddress.nullable().default(null),
  primaryColour: colour.nullable().default(null),
  accentColour: colour.nullable().default(null),
  tagline: text(160).nullable().default(null),
});

const security = z.strictObject({
  requireTwoFactor: z.boolean().default(false).meta({ description: 'Stored now, enforced in a later version.' }),
});

const storefront = z.strictObject({
  url: webAddress
    .nullable()
    .default(null)
    .meta({ description: 'Where shoppers find the shop; links in mails start with it.' }),
  allowedOrigins: z.array(webOrigin).max(ORIGINS_MAX).default([]).meta({
    description:
      'Web origins that publishable keys without a list of their own answer to, and where shoppers may return to after paying. http://localhost stands for any port of it. Empty: any.',
  }),
});

const checkout = z.strictObject({
  allowGuests: z.boolean().default(true),
  requirePhone: z.boolean().default(false),
  lineQuantityMax: z.int().min(1).max(100_000).default(1_000),
  termsUrl: webAddress.nullable().default(null),
  abandonedAfterHours: z.int().min(0).max(168).default(4).meta({
    description:
      'After how many hours without a touch a cart with goods and an e-mail address is announced as `cart.abandoned`. 0: never.',
  }),
});

const payment = z.strictObject({
  manualKind: z.enum(['transfer', 'cash_on_delivery']).default('transfer').meta({
    description:
      'What `manual` is. transfer: the order waits for its money; cash_on_delivery: it is confirmed at once and paid at the door.',
  }),
  holdMinutesManual: z
    .int()
    .min(60)
    .max(43_200)
    .default(4_320)
    .meta({ description: 'How long stock is held for an order paid by transfer.' }),
  manualInstructions: prose(2_000).default('').meta({ description: 'What a shopper who pays by transfer is told.' }),
});

const shipping = z.strictObject({
  countries: z
    .array(countryCode)
    .max(250)
    .default([])
    .meta({ description: 'Where the shop ships to. Empty: wherever a shipping zone is.' }),
  handlingDays: z.int().min(0).max(90).default(1),
});

const tax = z.strictObject({
  pricesIncludeTax: z.boolean().default(true),
  basedOn: z.enum(['shipping_address', 'billing_address', 'company_address']).default('shipping_address'),
  rounding: z.enum(['line', 'order']).default('line'),
});

const catalogue = z.strictObject({
  requireApproval: z.boolean().default(false).meta({
    description: 'What people without products.approve publish waits until somebody who has it approves or rejects it.',
  }),
});

const inventory = z.strictObject({
  holdMinutes: z
    .int()
    .min(5)
    .max(1_440)
    .default(30)
    .meta({ description: 'How long stock is held for an order that waits for its payment.' }),
  backorder: z
    .boolean()
    .default(false)
    .meta({ description: 'Sell what is not in stock, unless the variant says otherwise.' }),
  lowStockThreshold: z.int().min(0).max(1_000_000).default(5),
});

const notification = z.strictObject({
  senderName: text(80)
    .nullable()
    .default(null)
    .meta({ description: "Who mails come from; without it the company's name." }),
  replyTo: email.nullable().default(null),
  orderMailsTo: z.array(email).max(20).default([]).meta({ description: 'Who of the company hears of new orders.' }),
});

const orders = z.strictObject({
  numberPrefix: z
    .string()
    .max(12)
    .regex(/^[A-Za-z0-9-]*$/, { error: 'Expected letters, digits and dashes.' })
    .default(''),
  numberStart: z.int().min(1).max(ORDER_NUMBER_START_MAX).default(1_001),
});

const webhooks = z.strictObject({
  failureMailsTo: z
    .array(email)
    .max(20)
    .default([])
    .meta({ description: 'Who hears that an endpoint was switched off.' }),
});

const privacy = z.strictObject({
  marketingConsentDefault: z.boolean().default(false),
  abandonedCartDays: z
    .int()
    .min(1)
    .max(365)
    .default(30)
    .meta({ description: 'After how many days a cart nobody came back to is deleted.' }),
  policyUrl: webAddress.nullable().default(null),
});

/** Every group of settings. The defaults stand here and nowhere else; rows hold only what a company set differently. */
export const settingGroups = {
  general,
  branding,
  security,
  storefront,
  checkout,
  payment,
  shipping,
  tax,
  catalogue,
  inventory,
  notification,
  orders,
  webhooks,
  privacy,
} as const;

export type SettingGroup = keyof typeof settingGroups;
export type Settings<Group extends SettingGroup> = z.infer<(typeof settingGroups)[Group]>;

export const SETTING_GROUPS = Object.keys(settingGroups) as SettingGroup[]; // the keys of the object above, in its order

/** Is this the name of a group? Names like `constructor` are not. */
export const isSettingGroup = (name: string): name is SettingGroup => Object.hasOwn(settingGroups, name);

function canonicalLocale(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
}
