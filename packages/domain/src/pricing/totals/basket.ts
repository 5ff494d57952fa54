import type { PictureRow } from '../../catalog/files/pictures.contract.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import type { DiscountFacts } from '../discounts/discount-facts.ts';
import type { ShippingOptionFacts } from '../shipping/shipping-facts.ts';
import type { Place, TaxRateFacts } from '../tax/tax-facts.ts';

/** Why a line cannot be bought as it stands. `too_much`: with it the basket would cost more than JSON numbers can carry. */
export type LineObstacle = 'not_for_sale' | 'not_in_currency' | 'gift_only' | 'too_much';

/** What the catalogue says of a variant, in one currency and language, at one moment. */
export interface Goods {
  readonly variantId: Id<'var'>;
  readonly productId: Id<'prod'>;
  /** Minor units for one; null: it is not sold in the basket's currency. */
  readonly unitAmount: bigint | null;
  readonly compareAt: bigint | null;
  readonly priceId: Id<'prc'> | null;
  /** Published, inside its window, variant not archived. */
  readonly isForSale: boolean;
  readonly isGift: boolean;
  readonly taxCategory: string | null;
  readonly isTaxable: boolean;
  readonly requiresShipping: boolean;
  /** Of one unit. */
  readonly weightGrams: number | null;
  /** Null: it was put into none. */
  readonly profileId: Id<'shp'> | null;
  readonly collectionIds: readonly Id<'col'>[];
  /** Its categories and everything above them. */
  readonly categoryIds: readonly Id<'cat'>[];
  /** What is shown, and what an order keeps. */
  readonly title: string;
  readonly variantTitle: string | null;
  readonly sku: string | null;
  readonly handle: string;
  readonly options: Readonly<Record<string, string>>;
  readonly imageFileId: Id<'file'> | null;
  /** The same picture, for `pictureOf`. */
  readonly picture: (PictureRow & { readonly alt: string }) | null;
}

/** One line of a basket. Its profile is the shop's default one where its goods were put into none; null: there is none. */
export interface BasketLine extends Goods {
  readonly id: string;
  readonly quantity: number;
}

/** Whose place taxes are reckoned for. `company`: by the setting, or because no address is known yet. */
export type TaxPlaceSource = 'shipping_address' | 'billing_address' | 'company';

export interface BasketCustomer {
  /** Null: a guest, known by their email address only. */
  readonly id: Id<'cus'> | null;
  readonly groupIds: readonly Id<'cgr'>[];
  readonly isTaxExempt: boolean;
  /** Null: nothing is known of who buys, so neither is this. */
  readonly hasOrdered: boolean | null;
}

/** Everything a total depends on, as of one moment. The same basket gives the same totals, byte for byte. */
export interface Basket {
  readonly at: Instant;
  readonly currency: Currency;
  readonly pricesIncludeTax: boolean;
  readonly taxRounding: 'line' | 'order';
  readonly lines: readonly BasketLine[];
  /** Where it goes. Null: not known yet. */
  readonly shipTo: Place | null;
  /** Countries the company ships to; empty: wherever a shipping zone is. */
  readonly shipsTo: readonly string[];
  /** The place taxes are reckoned for, by the company's setting (`tax-place.ts`). */
  readonly taxAt: Place | null;
  readonly taxAtFrom: TaxPlaceSource;
  readonly customer: BasketCustomer;
  /** Codes the shopper gave, in order, as they wrote them. */
  readonly codes: readonly string[];
  /** Automatic discounts and those of the codes. */
  readonly discounts: readonly DiscountFacts[];
  readonly taxRates: readonly TaxRateFacts[];
  readonly shippingOptions: readonly ShippingOptionFacts[];
  readonly chosenShippingOptionIds: readonly Id<'sho'>[];
}
