import { foldKey } from '../../kernel/text.ts';
import { textOf } from './description-html.ts';
import type { ProductDraft } from './product-draft.ts';

const TITLE_WORDS_MAX = 4_000;
const KEY_WORDS_MAX = 20_000;
/** What comes later in a description hardly says what the product is. */
const BODY_WORDS_MAX = 5_000;
/** Enough HTML to yield that many characters of words, mostly. */
const BODY_HTML_MAX = 20_000;

/** What full-text search knows of a product: folded words, by weight. */
export interface SearchWords {
  titleWords: string;
  keyWords: string;
  bodyWords: string;
}

/** The words of a product in all its languages. The same product always gives the same words. */
export function searchWordsOf(product: ProductDraft): SearchWords {
  const translations = Object.values(product.translations);
  const options = product.options.flatMap(({ values }) => values);
  const variants = product.variants.flatMap(({ sku, barcode }) => [sku, barcode]);
  return {
    titleWords: folded([product.title, ...translations.map(({ title }) => title)], TITLE_WORDS_MAX),
    keyWords: folded([product.vendor, product.productType, ...product.tags, ...options, ...variants], KEY_WORDS_MAX),
    bodyWords: folded(
      [product.description, ...translations.map(({ description }) => description)].map((html) =>
        html ? textOf(html.slice(0, BODY_HTML_MAX)) : null,
      ),
      BODY_WORDS_MAX,
    ),
  };
}

// Cut before folding as well: folding a hundred thousand characters to keep five thousand is wasted.
const folded = (words: readonly (string | null)[], max: number): string =>
  [
    ...foldKey(
      words
        .filter((word) => word !== null)
        .join(' ')
        .slice(0, 2 * max),
    ),
  ]
    .slice(0, max)
    .join('');
