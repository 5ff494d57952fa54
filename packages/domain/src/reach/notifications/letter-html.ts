import sanitizeHtml from 'sanitize-html';

const TEXT_TAGS = 'a abbr b br code del em i img ins mark q s small span strong sub sup u wbr'.split(' ');
const BLOCK_TAGS = 'blockquote center div dd dl dt footer h1 h2 h3 h4 hr li ol p pre ul'.split(' ');
const TABLE_TAGS = 'caption col colgroup table tbody td tfoot th thead tr'.split(' ');

/** What may stand in a mail. No scripts, forms, frames, style sheets or anything that is fetched but pictures. */
export const LETTER_TAGS: readonly string[] = [...TEXT_TAGS, ...BLOCK_TAGS, ...TABLE_TAGS];
/**
 * `button`: a link that stands out. `address`: where a button leads, in small letters, for readers whose program shows no
 * button; not repeated in the mail as text. `small`: small print.
 */
export const LETTER_CLASSES = ['button', 'address', 'small'] as const;

/** Elements inside each other. The sanitizer's work grows with the square of the depth. */
const DEPTH_MAX = 100;

// Mail programs know no style sheets: what an element looks like is written on it.
const STYLES: Readonly<Record<string, string>> = {
  h1: 'margin:0 0 16px;font-size:22px;line-height:1.3',
  h2: 'margin:24px 0 12px;font-size:18px;line-height:1.3',
  h3: 'margin:24px 0 8px;font-size:16px;line-height:1.3',
  p: 'margin:0 0 16px',
  ul: 'margin:0 0 16px;padding-left:20px',
  ol: 'margin:0 0 16px;padding-left:20px',
  hr: 'margin:24px 0;border:0;border-top:1px solid #e7e5e4',
  img: 'max-width:100%;border:0',
  'a.button':
    'display:inline-block;background:#1c1917;color:#ffffff;text-decoration:none;font-weight:600;padding:12px 24px;border-radius:8px;margin:8px 0',
  'p.address': 'margin:0 0 16px;font-size:13px;color:#78716c;word-break:break-all',
  'p.small': 'margin:0 0 16px;font-size:13px;color:#78716c',
};

/** One declaration: no address to fetch, no expression, nothing that lays itself over the rest. */
const STYLE_VALUE = /^(?!.*(?:url|expression|import))[\w\s#%.,'"()!-]{1,120}$/i;
const STYLE_NAME =
  /^(?:background(?:-color)?|border(?:-[a-z-]+)?|color|display|font(?:-[a-z]+)?|height|letter-spacing|line-height|list-style(?:-type)?|margin(?:-[a-z]+)?|max-width|min-width|padding(?:-[a-z]+)?|text-(?:align|decoration|indent|transform)|vertical-align|white-space|width|word-break)$/;

const RULES: sanitizeHtml.IOptions = {
  allowedTags: [...LETTER_TAGS],
  allowedAttributes: {
    a: ['href', 'title'],
    img: ['src', 'alt', 'width', 'height'],
    ...Object.fromEntries(['td', 'th'].map((tag) => [tag, ['colspan', 'rowspan', 'align', 'valign', 'width']])),
    table: ['width', 'align', 'cellpadding', 'cellspacing', 'border', 'role'],
    ol: ['start', 'type'],
    '*': ['style', 'class', 'lang', 'dir'],
  },
  allowedClasses: { '*': [...LETTER_CLASSES] },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['https'] },
  allowProtocolRelative: false,
  disallowedTagsMode: 'discard',
  parseStyleAttributes: false,
  transformTags: {
    '*': (tagName, attribs) => {
      const style = [STYLES[styleKey(tagName, attribs['class'])], ownStyle(attribs['style'])].filter(Boolean).join(';');
      const { style: _given, ...others } = attribs;
      return { tagName, attribs: style === '' ? others : { ...others, style } };
    },
  },
  exclusiveFilter: ({ tag, attribs }) => tag === 'img' && !attribs['src'],
  enforceHtmlBoundary: false,
};

function styleKey(tag: string, classes: string | undefined): string {
  const named = LETTER_CLASSES.find((name) => classes?.split(/\s+/).includes(name));
  return named !== undefined && `${tag}.${named}` in STYLES ? `${tag}.${named}` : tag;
}

function ownStyle(style: string | undefined): string {
  const declarations = (style ?? '').split(';').flatMap((declaration) => {
    const at = declaration.indexOf(':');
    const [name, value] = [declaration.slice(0, at).trim().toLowerCase(), declaration.slice(at + 1).trim()];
    return at > 0 && STYLE_NAME.test(name) && STYLE_VALUE.test(value) ? [`${name}:${value}`] : [];
  });
  return declarations.join(';');
}

/** A mail's HTML that cannot be read: elements inside each other without end. */
export class TooDeep extends Error {
  constructor() {
    super(`More than ${DEPTH_MAX} HTML elements lie inside each other. Close those that are open.`);
    this.name = 'TooDeep';
  }
}

/**
 * A mail's contents without what has no place in a mail, and with the looks of the house. `check` is asked again and
 * again whether there is time left. Throws `TooDeep`, and what `check` throws.
 */
export function letterHtml(html: string, check: () => void = () => undefined): string {
  let depth = 0;
  const onOpenTag = () => {
    check();
    depth += 1;
    if (depth > DEPTH_MAX) throw new TooDeep();
  };
  const onCloseTag = () => {
    check();
    depth -= 1;
  };
  const textFilter = (text: string) => {
    check();
    return text;
  };
  const clean = sanitizeHtml(html, { ...RULES, onOpenTag, onCloseTag, textFilter }).trim();
  check();
  return clean;
}

/** Tags of a text that `letterHtml` would take out, each once, as they were written. */
export function tagsTakenOut(html: string): string[] {
  const names = [...html.matchAll(/<([a-z][\w:-]*|!doctype)/gi)].map(([, name = '']) => name.toLowerCase());
  return [...new Set(names)].filter((name) => !LETTER_TAGS.includes(name));
}
