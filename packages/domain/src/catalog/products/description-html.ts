import sanitizeHtml from 'sanitize-html';
import { InvalidInput } from '../../kernel/errors.ts';

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
/**
 * Elements inside each other. What people write has ten or so; the sanitizer's work grows with the square of the depth.
 */
const DEPTH_MAX = 200;
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&nbsp;': ' ',
};

/**
 * The description as it is stored and shown: safe HTML. In time that grows with its length and no faster. Throws
 * `InvalidInput` (`too_deep`, at `pointer`) for elements inside each other without end.
 */
export function cleanHtml(html: string, pointer = '/description'): string {
  const text = html.replace(UNSEEN, '').replace(LONE_SURROGATE, '').replace(LINE_SEPARATOR, '\n').trim();
  // Most descriptions of imports are plain sentences, and taking HTML apart is slow.
  if (!/[<&>]/.test(text)) return text;
  const once = sanitized(text, pointer);
  // Taking out a tag can leave others that close each other differently: a second time, so that they come to rest.
  return once === text ? text : sanitized(once, pointer);
}

/** The depth is counted by the sanitizer's own reading: tags in comments and attributes must not deceive about it. */
function sanitized(text: string, pointer: string): string {
  let depth = 0;
  const onOpenTag = () => {
    depth += 1;
    if (depth > DEPTH_MAX) throw tooDeep(pointer);
  };
  const onCloseTag = () => {
    depth -= 1;
  };
  return sanitizeHtml(text, { ...RULES, onOpenTag, onCloseTag }).trim();
}

const tooDeep = (pointer: string) =>
  new InvalidInput({
    pointer,
    code: 'too_deep',
    message: `More than ${DEPTH_MAX} HTML elements lie inside each other here. Close those that are open, or send plain text.`,
  });

/** The words of a clean description without its markup, in one line. */
export function textOf(html: string): string {
  // What `cleanHtml` gave back is well-formed, so this needs no parser, which would cost more than all else of a product.
  const text = /[<&]/.test(html) ? html.replace(/<[^>]*>/g, ' ') : html;
  return text
    .replace(/&(?:amp|lt|gt|quot|nbsp);/g, (entity) => ENTITIES[entity] ?? ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
