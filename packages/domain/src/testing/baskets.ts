import type { Id } from '../kernel/ids.ts';
import type { DiscountFacts } from '../pricing/discounts/discount-facts.ts';
import type { ShippingOptionFacts } from '../pricing/shipping/shipping-facts.ts';
import type { TaxRateFacts } from '../pricing/tax/tax-facts.ts';
import type { Basket, BasketLine } from '../pricing/totals/basket.ts';

/** Ids in tests of pure rules: nothing is looked up by them, so any text will do. */
const id = <P extends 'var' | 'prod' | 'prc' | 'shp' | 'sho' | 'dis' | 'txr'>(prefix: P, name: string) =>
  `${prefix}_${name}` as Id<P>;

export const PROFILE = id('shp', 'standard');

/** A line of one piece for 10.00 that can be bought and has to be shipped. */
export const basketLine = (name: string, more: Partial<BasketLine> = {}): BasketLine => ({
  id: name,
  variantId: id('var', name),
  productId: id('prod', name),
  quantity: 1,
  unitAmount: 1_000n,
  compareAt: null,
  priceId: id('prc', name),
  isForSale: true,
  isGift: false,
  taxCategory: null,
  isTaxable: true,
  requiresShipping: true,
  weightGrams: null,
  profileId: PROFILE,
  collectionIds: [],
  categoryIds: [],
  title: name,
  variantTitle: null,
  sku: null,
  handle: name,
  options: {},
  imageFileId: null,
  picture: null,
  ...more,
});

/** A rate of 7.5 % in Nigeria that takes delivery in. */
export const taxRate = (name: string, more: Partial<TaxRateFacts> = {}): TaxRateFacts => ({
  id: id('txr', name),
  name,
  ratePpm: 75_000,
  country: 'NG',
  regionKey: null,
  taxCategory: null,
  appliesToShipping: true,
  ...more,
});

/** A flat option for all of Nigeria. */
export const shippingOption = (
  name: string,
  amount: bigint,
  more: Partial<ShippingOptionFacts> = {},
): ShippingOptionFacts => ({
  id: id('sho', name),
  profileId: PROFILE,
  name,
  description: '',
  basis: 'flat',
  areas: [{ country: 'NG', regionKey: null, postcodePattern: null }],
  rates: [{ from: 0n, amount }],
  freeOver: null,
  weightMaxGrams: null,
  daysMin: null,
  daysMax: null,
  position: 0,
  ...more,
});

/** An automatic 10 % off all goods, that combines with all. */
export const discount = (name: string, more: Partial<DiscountFacts> = {}): DiscountFacts => ({
  id: id('dis', name),
  title: name,
  kind: 'percentage',
  class: 'product',
  isActive: true,
  code: null,
  priority: 0,
  percentPpm: 100_000,
  isInCurrency: true,
  amount: null,
  allocation: 'across',
  amountMax: null,
  targets: [],
  subtotalMin: null,
  quantityMin: null,
  buy: null,
  getQuantity: null,
  repeatMax: null,
  customerGroupIds: [],
  firstOrderOnly: false,
  startsAt: null,
  endsAt: null,
  usageLimit: null,
  used: 0,
  codeUsageLimit: null,
  codeUsed: 0,
  perCustomerLimit: null,
  usedByCustomer: 0,
  combinesWith: ['product', 'order', 'shipping'],
  ...more,
});

/** A basket in naira to Lagos, at prices that include tax. */
export const basketOf = (lines: readonly BasketLine[], more: Partial<Basket> = {}): Basket => ({
  at: '2026-11-21T12:00:00.000Z',
  currency: 'NGN',
  pricesIncludeTax: true,
  taxRounding: 'line',
  lines,
  shipTo: { country: 'NG', region: 'Lagos' },
  shipsTo: [],
  taxAt: { country: 'NG', region: 'Lagos' },
  taxAtFrom: 'shipping_address',
  customer: { id: null, groupIds: [], isTaxExempt: false, hasOrdered: null },
  codes: [],
  discounts: [],
  taxRates: [],
  shippingOptions: [],
  chosenShippingOptionIds: [],
  ...more,
});
