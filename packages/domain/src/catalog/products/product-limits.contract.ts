/** How large a product may be. Lengths are in characters. */
export const TITLE_MAX = 255;
/** Of the HTML, cleaned. */
export const DESCRIPTION_MAX = 100_000;
/** Of a product's descriptions in all languages together. */
export const DESCRIPTIONS_MAX = 300_000;
export const VENDOR_MAX = 120;
export const PRODUCT_TYPE_MAX = 120;
export const SEO_TITLE_MAX = 255;
export const SEO_DESCRIPTION_MAX = 1_000;
export const TAG_MAX = 120;
export const TAGS_MAX = 250;
export const CATEGORIES_MAX = 50;
export const MEDIA_MAX = 250;
export const ALT_MAX = 512;
export const OPTIONS_MAX = 3;
export const OPTION_NAME_MAX = 80;
export const OPTION_VALUES_MAX = 100;
export const OPTION_VALUE_MAX = 255;
/** Past this nobody can look at them all on one page. */
export const VARIANTS_MAX = 2_000;
export const SKU_MAX = 100;
export const BARCODE_MAX = 64;
export const TAX_CATEGORY_MAX = 80;
/** 100 tonnes. */
export const WEIGHT_GRAMS_MAX = 100_000_000;
/** 100 metres. */
export const LENGTH_MM_MAX = 100_000;
export const COMPONENTS_MAX = 50;
export const COMPONENT_QUANTITY_MAX = 10_000;
export const LOCALES_MAX = 50;
export const ATTRIBUTES_MAX = 100;
export const ATTRIBUTE_KEY_MAX = 60;
export const ATTRIBUTE_VALUE_MAX = 2_000;

/** Characters of the descriptions in all languages together. */
export const descriptionsLength = ({
  description = '',
  translations = {},
}: {
  description?: string | undefined;
  translations?: Readonly<Record<string, { description?: string | null | undefined }>> | undefined;
}): number =>
  Object.values(translations).reduce((sum, words) => sum + (words.description?.length ?? 0), description.length);

export const TOO_LONG_TOGETHER = `Expected at most ${DESCRIPTIONS_MAX} characters in the descriptions of all languages together.`;
