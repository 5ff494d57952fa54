import type { ShippingOptionFacts } from './shipping-facts.ts';

/** An option as `shippingOptionsJson` tells it: amounts as text, for JSON numbers do not carry all of a bigint. */
interface OptionJson extends Omit<ShippingOptionFacts, 'rates' | 'freeOver'> {
  rates: { from: string; amount: string }[];
  freeOver: string | null;
}

/** Pieces of SQL (`$1`, `basket.currency`), never values. */
interface Asked {
  readonly company: string;
  readonly currency: string;
  /** Null at run time: no address yet. */
  readonly country: string;
}

/**
 * SQL of a scalar sub-select: the active options of zones that name the country, with their areas in it and their rates
 * in the currency, as a JSON array for `shippingOptionsOf`. Without a country all options, without areas.
 */
export const shippingOptionsJson = ({ company, currency, country }: Asked): string =>
  `(select coalesce(json_agg(json_build_object('id', ship_option.id, 'profileId', ship_option.profile_id,
      'name', ship_option.name, 'description', ship_option.description, 'basis', ship_option.basis,
      'areas', ${areasJson(company, country)}, 'rates', ${ratesJson(company, currency)},
      'freeOver', ${freeOver(company, currency)}, 'weightMaxGrams', ship_option.weight_max_grams,
      'daysMin', ship_option.days_min, 'daysMax', ship_option.days_max, 'position', ship_option.position)
      order by ship_option.position, ship_option.id), '[]')
    from shipping_options ship_option
    where ship_option.company_id = ${company} and ship_option.is_active
      and ((${country})::text is null or exists (select from shipping_zone_areas ship_area
        where ship_area.company_id = ${company} and ship_area.country = ${country}
          and ship_area.zone_id = ship_option.zone_id)))`;

/** The facts in what `shippingOptionsJson` gave. */
export const shippingOptionsOf = (json: unknown): ShippingOptionFacts[] =>
  // The text above builds exactly this.
  (json as OptionJson[]).map((option) => ({
    ...option,
    rates: option.rates.map(({ from, amount }) => ({ from: BigInt(from), amount: BigInt(amount) })),
    freeOver: option.freeOver === null ? null : BigInt(option.freeOver),
  }));

/** SQL of the id of the profile a product was put into; null: it is sent by the default one. `company` and `product` are pieces of SQL. */
export const placedProfileText = ({ company, product }: { company: string; product: string }): string =>
  `(select ship_placed.profile_id from shipping_profile_products ship_placed
      where ship_placed.company_id = ${company} and ship_placed.product_id = ${product})`;

/** SQL of the id of the profile that products without one are sent by, or null. */
export const defaultProfileText = (company: string): string =>
  `(select ship_profile.id from shipping_profiles ship_profile
      where ship_profile.company_id = ${company} and ship_profile.is_default)`;

const areasJson = (company: string, country: string) =>
  `(select coalesce(json_agg(json_build_object('country', ship_area.country, 'regionKey', ship_area.region_key,
      'postcodePattern', ship_area.postcode_pattern) order by ship_area.position), '[]')
    from shipping_zone_areas ship_area
    where ship_area.company_id = ${company} and ship_area.country = ${country} and ship_area.zone_id = ship_option.zone_id)`;

const ratesJson = (company: string, currency: string) =>
  `(select coalesce(json_agg(json_build_object('from', ship_rate.from_step::text, 'amount', ship_rate.amount::text)
      order by ship_rate.from_step), '[]')
    from shipping_rates ship_rate
    where ship_rate.company_id = ${company} and ship_rate.option_id = ship_option.id and ship_rate.currency = ${currency})`;

const freeOver = (company: string, currency: string) =>
  `(select ship_free.amount::text from shipping_free_over ship_free
    where ship_free.company_id = ${company} and ship_free.option_id = ship_option.id and ship_free.currency = ${currency})`;
