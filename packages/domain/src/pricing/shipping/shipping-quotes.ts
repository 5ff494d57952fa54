import { regionKeyOf } from '../tax/regions.ts';
import type { Place } from '../tax/tax-facts.ts';
import { takesIn } from './postcode-patterns.ts';
import type {
  Parcel,
  ParcelQuotes,
  ShippingArea,
  ShippingObstacle,
  ShippingOptionFacts,
  ShippingQuote,
} from './shipping-facts.ts';

/**
 * What each parcel can be sent by, and why not by the others: the options of the parcel's profile, in the order of the
 * parcels. Quotes stand by position; of one position those that can be chosen first, the cheapest first. `shipsTo` is
 * the company's list of countries (settings, group shipping); empty: wherever there is a zone.
 */
export function quoteOptions(
  options: readonly ShippingOptionFacts[],
  parcels: readonly Parcel[],
  place: Place | null,
  { shipsTo = [] }: { readonly shipsTo?: readonly string[] } = {},
): ParcelQuotes[] {
  const goesThere = place !== null && (shipsTo.length === 0 || shipsTo.includes(place.country));
  const delivering = new Set(goesThere ? options.filter(({ areas }) => areas.some((one) => covers(one, place))) : []);
  return parcels.map((parcel) => {
    const own = options.filter(({ profileId }) => profileId === parcel.profileId);
    const quotes = own.map((option): ShippingQuote => {
      const isDelivered = place === null ? null : delivering.has(option);
      const step = stepOf(option, parcel);
      const obstacle = obstacleOf(option, parcel, isDelivered, step);
      if (obstacle !== null || step === undefined)
        return { option, isAvailable: false, obstacle: obstacle ?? 'below_first_step' };
      const isFree = option.freeOver !== null && parcel.subtotal >= option.freeOver;
      return { option, isAvailable: true, amount: isFree ? 0n : step, regularAmount: step, isFree };
    });
    return { parcel, quotes: quotes.sort(byPlaceAndPrice) };
  });
}

/** Does the area take the place in? One that asks for a region or a postcode does not take in a place without it. */
export function covers({ country, regionKey, postcodePattern }: ShippingArea, place: Place): boolean {
  if (country !== place.country) return false;
  // Made anew: a region may have become known by its code after the area was stored.
  if (regionKey !== null && regionKeyOf(country, regionKey) !== regionKeyOf(country, place.region)) return false;
  return postcodePattern === null || takesIn(country, postcodePattern, place.postcode);
}

/** The first thing in the way, in the order in which a shopper can do something about it. */
function obstacleOf(
  option: ShippingOptionFacts,
  parcel: Parcel,
  isDelivered: boolean | null,
  step: bigint | undefined,
): ShippingObstacle | null {
  if (parcel.lineIds.length === 0) return 'nothing_to_ship';
  if (isDelivered === null) return 'no_address';
  if (!isDelivered) return 'not_delivered_to_place';
  if (option.rates.length === 0) return 'not_in_currency';
  if (option.weightMaxGrams !== null && parcel.weightGrams > option.weightMaxGrams) return 'too_heavy';
  return step === undefined ? 'below_first_step' : null;
}

/** What the last step that is reached costs. */
function stepOf({ basis, rates }: ShippingOptionFacts, parcel: Parcel): bigint | undefined {
  const measures = { flat: 0n, weight: BigInt(parcel.weightGrams), subtotal: parcel.subtotal };
  let reached: ShippingOptionFacts['rates'][number] | undefined;
  for (const rate of rates) if (rate.from <= measures[basis] && (!reached || rate.from > reached.from)) reached = rate;
  return reached?.amount;
}

function byPlaceAndPrice(a: ShippingQuote, b: ShippingQuote): number {
  if (a.option.position !== b.option.position) return a.option.position - b.option.position;
  if (a.isAvailable !== b.isAvailable) return a.isAvailable ? -1 : 1;
  if (a.isAvailable && b.isAvailable && a.amount !== b.amount) return a.amount < b.amount ? -1 : 1;
  return a.option.id < b.option.id ? -1 : 1;
}
