/** Prices of one variant: all currencies and windows together. */
export const PRICES_PER_VARIANT_MAX = 100;
