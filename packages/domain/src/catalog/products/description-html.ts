import sanitizeHtml from 'sanitize-html';

const FORMATTING = 'b strong i em u s del ins sub sup small mark code kbd abbr q cite span br wbr'.split(' ');
const BLOCKS = 'p div h1 h2 h3 h4 h5 h6 blockquote pre hr ul ol li dl dt dd figure figcaption details summary'.split(
  ' ',
);
const TABLES = 'table caption colgroup col thead tbody tfoot tr th td'.split(' ');

/**
 * What a description may hold: formatting, lists, tables, links and pictures by http or https. No scripts, handlers,
 * styles, classes, forms, frames or addresses of other kinds: it is shown on the shop's own pages.
 */
const RULES: sanitizeHtml.IOptions = {
  allowedTags: [...FORMATTING, ...BLOCKS, ...TABLES, 'a', 'img'],
  allowedAttributes: {
    a: ['href', 'title', 'target', 'rel'],
    img: ['src', 'alt', 'title', 'width', 'height', 'loading'],
    abbr: ['title'],
    th: ['colspan', 'rowspan', 'scope'],
    td: ['colspan', 'rowspan'],
    col: ['span'],
    ol: ['start', 'type'],
    '*': ['lang', 'dir'],
  },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['http', 'https'] },
  allowProtocolRelative: false,
  disallowedTagsMode: 'discard',
  // A page opened from the shop must not be able to steer the shop's window.
  transformTags: { a: sanitizeHtml.simpleTransform('a', { rel: 'noopener noreferrer nofollow' }, true) },
  exclusiveFilter: ({ tag, attribs }) => tag === 'img' && !attribs['src'],
  parser: { lowerCaseTags: true, lowerCaseAttributeNames: true },
  enforceHtmlBoundary: false,
};
/** U+0000 cannot be stored; the other control characters show nothing, and marks that turn the reading direction lie. */
const UNSEEN = /[^\P{Cc}\t\n\r]|[\u202a-\u202e\u2066-\u2069]/gu;
const LINE_SEPARATOR = /[\u2028\u2029]/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** Two are enough for all that people write. */
const PASSES_MAX = 5;
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&nbsp;': ' ',
};

/** The description as it is stored and shown: safe HTML. Cleaning what is clean changes nothing. */
export function cleanHtml(html: string): string {
  const text = html.replace(UNSEEN, '').replace(LONE_SURROGATE, '').replace(LINE_SEPARATOR, '\n').trim();
  // Most descriptions of imports are plain sentences, and taking HTML apart is slow.
  if (!/[<&>]/.test(text)) return text;
  // Taking out a tag can leave others that close each other differently: once more, until nothing changes any more.
  let clean = sanitizeHtml(text, RULES).trim();
  for (let pass = 1; pass < PASSES_MAX; pass++) {
    const again = sanitizeHtml(clean, RULES).trim();
    if (again === clean) break;
    clean = again;
  }
  return clean;
}

/** The words of a clean description without its markup, in one line. */
export function textOf(html: string): string {
  // What `cleanHtml` gave back is well-formed, so this needs no parser, which would cost more than all else of a product.
  const text = /[<&]/.test(html) ? html.replace(/<[^>]*>/g, ' ') : html;
  return text
    .replace(/&(?:amp|lt|gt|quot|nbsp);/g, (entity) => ENTITIES[entity] ?? ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
