/** International avoirdupois pound, exactly (NIST Handbook 44, Appendix C); an ounce is a sixteenth of it. */
const GRAMS_PER_POUND = 453.59237;
const GRAMS: Record<WeightUnit, number> = { g: 1, kg: 1_000, lb: GRAMS_PER_POUND, oz: GRAMS_PER_POUND / 16 };

export const WEIGHT_UNITS = ['g', 'kg', 'lb', 'oz'] as const;
export type WeightUnit = (typeof WEIGHT_UNITS)[number];

/** A weight in whole grams, rounded half up. */
export const gramsOf = (weight: number, unit: WeightUnit): number => Math.round(weight * GRAMS[unit]);
