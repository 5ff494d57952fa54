import type { TaxRateFacts } from './tax-facts.ts';

/**
 * SQL of a scalar sub-select: the active rates of a country as a JSON array, for `taxRatesOf`. `company` and `country`
 * are pieces of SQL (`$1`, `basket.country`), never values; a country that is null has no rates.
 */
export const taxRatesJson = ({ company, country }: { company: string; country: string }): string =>
  `(select coalesce(json_agg(json_build_object('id', tax_rate.id, 'name', tax_rate.name, 'ratePpm', tax_rate.rate_ppm,
      'country', tax_rate.country, 'regionKey', tax_rate.region_key, 'taxCategory', tax_rate.tax_category_key,
      'appliesToShipping', tax_rate.applies_to_shipping) order by tax_rate.id), '[]')
    from tax_rates tax_rate
    where tax_rate.company_id = ${company} and tax_rate.country = ${country} and tax_rate.is_active)`;

/** The facts in what `taxRatesJson` gave. */
export const taxRatesOf = (json: unknown): TaxRateFacts[] => json as TaxRateFacts[]; // the text above builds exactly this
