import type { Id } from '../../kernel/ids.ts';
import type { Parcel, ParcelQuotes, ShippingQuote } from '../shipping/shipping-facts.ts';
import { quoteOptions } from '../shipping/shipping-quotes.ts';
import type { Basket } from './basket.ts';
import type { PricedLine } from './line-prices.ts';
import type { Requirement, ShippingGap } from './totals.ts';

/** A line that can be bought, with what discounts left of it in minor units. */
export interface LineLeft extends PricedLine {
  readonly left: bigint;
}

type OptionRequirement = Extract<Requirement, { code: 'shipping_option' }>;
export type AvailableQuote = Extract<ShippingQuote, { isAvailable: true }>;

/** How the goods of a basket are sent. */
export interface Shipping {
  /** Per parcel, what could be chosen and why not. */
  readonly quotes: readonly ParcelQuotes[];
  readonly chosen: readonly { readonly parcel: Parcel; readonly quote: AvailableQuote }[];
  readonly requirements: readonly Requirement[];
}

/**
 * Puts what has to be shipped into parcels, one for each profile, and takes the chosen option of each. What was chosen and
 * cannot be had is dropped, and asked for again. Goods without weight weigh nothing; what needs no shipping is in no parcel.
 */
export function shippingOf(basket: Basket, lines: readonly LineLeft[]): Shipping {
  const shipped = lines.filter(({ line, obstacle }) => obstacle === null && line.requiresShipping);
  const quotes = quoteOptions(basket.shippingOptions, parcelsOf(shipped), basket.shipTo, { shipsTo: basket.shipsTo });
  const chosen: Shipping['chosen'][number][] = [];
  const requirements: Requirement[] = [];
  if (shipped.length > 0 && basket.shipTo === null) requirements.push({ code: 'shipping_address' });
  if (shipped.some(({ line }) => line.profileId === null))
    requirements.push({ code: 'shipping_option', profileId: null, why: 'none_offered', droppedId: null });
  for (const one of quotes) {
    const choice = choiceOf(basket, one);
    if ('code' in choice) requirements.push(choice);
    else chosen.push({ parcel: one.parcel, quote: choice });
  }
  return { quotes, chosen, requirements };
}

/** By the profile's id, so that the order of the lines changes nothing. */
function parcelsOf(lines: readonly LineLeft[]): Parcel[] {
  const byProfile = new Map<Id<'shp'>, LineLeft[]>();
  for (const line of lines) {
    const { profileId } = line.line;
    if (profileId === null) continue;
    const known = byProfile.get(profileId);
    if (known) known.push(line);
    else byProfile.set(profileId, [line]);
  }
  return [...byProfile]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([profileId, own]) => ({
      profileId,
      weightGrams: own.reduce((sum, { line }) => sum + (line.weightGrams ?? 0) * line.quantity, 0),
      subtotal: own.reduce((sum, { left }) => sum + left, 0n),
      lineIds: own.map(({ line }) => line.id),
    }));
}

function choiceOf(basket: Basket, { parcel, quotes }: ParcelQuotes): AvailableQuote | OptionRequirement {
  const chosen = quotes.find(({ option }) => basket.chosenShippingOptionIds.includes(option.id));
  if (chosen?.isAvailable) return chosen;
  const known = new Set(basket.shippingOptions.map(({ id }) => id));
  const goneId = basket.chosenShippingOptionIds.find((id) => !known.has(id)) ?? null;
  const why = gapOf(basket, quotes, chosen?.obstacle ?? (goneId ? 'gone' : 'not_chosen'));
  return { code: 'shipping_option', profileId: parcel.profileId, why, droppedId: chosen?.option.id ?? goneId };
}

/** What is said of a choice where one can be made. */
const OF_CHOICES: ReadonlySet<ShippingGap> = new Set(['not_chosen', 'gone', 'not_delivered_to_place']);

/** Nobody is told to choose where there is nothing to choose from. */
const gapOf = ({ shipTo }: Basket, quotes: readonly ShippingQuote[], why: ShippingGap): ShippingGap =>
  OF_CHOICES.has(why) && shipTo !== null && !quotes.some(({ isAvailable }) => isAvailable) ? 'none_offered' : why;
