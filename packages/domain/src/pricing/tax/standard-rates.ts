// Standard rates in parts per million, as published in lists of 2025 and compared with those only: before a rate is changed
// here, read the authority that sets it (European Union: the Commission's "Taxes in Europe Database"; elsewhere the tax
// authority of the country). GH is value added tax alone, without the levies that are charged beside it. Rates change: this
// is where a new company begins, it can edit what it got, and nothing else reads this list.
const VAT: Readonly<Record<string, number>> = {
  AE: 50_000,
  AT: 200_000,
  BE: 210_000,
  BG: 200_000,
  CH: 81_000,
  CY: 190_000,
  CZ: 210_000,
  DE: 190_000,
  DK: 250_000,
  EE: 240_000,
  ES: 210_000,
  FI: 255_000,
  FR: 200_000,
  GB: 200_000,
  GH: 150_000,
  GR: 240_000,
  HR: 250_000,
  HU: 270_000,
  IE: 230_000,
  IT: 220_000,
  KE: 160_000,
  LT: 210_000,
  LU: 170_000,
  LV: 210_000,
  MT: 180_000,
  NG: 75_000,
  NL: 210_000,
  NO: 250_000,
  NP: 130_000,
  PL: 230_000,
  PT: 230_000,
  RO: 210_000,
  RW: 180_000,
  SA: 150_000,
  SE: 250_000,
  SI: 220_000,
  SK: 230_000,
  TZ: 180_000,
  UG: 180_000,
  ZA: 150_000,
  ZM: 160_000,
};
const GST: Readonly<Record<string, number>> = { AU: 100_000, NZ: 150_000, SG: 90_000 };
const named = (name: string, rates: Readonly<Record<string, number>>) =>
  Object.entries(rates).map(([country, ratePpm]) => [country, { name, ratePpm }] as const);

const standardRates: ReadonlyMap<string, { name: string; ratePpm: number }> = new Map([
  ...named('VAT', VAT),
  ...named('GST', GST),
  ...named('Consumption tax', { JP: 100_000 }),
]);

/** The one rate most goods bear in a country, where there is such a thing and it is well known. */
export const standardRateOf = (country: string): { name: string; ratePpm: number } | undefined =>
  standardRates.get(country);
