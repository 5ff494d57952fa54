/** Elements that begin a line of their own. */
const BLOCKS = new Set(
  'blockquote caption center dd div dl dt footer h1 h2 h3 h4 hr li ol p pre table tr ul'.split(' '),
);
/** Blocks that follow each other without an empty line. */
const TIGHT = new Set(['li', 'tr', 'dd', 'dt']);
const CELLS = new Set(['td', 'th']);
const TOKEN = /<(\/?)([a-z][a-z0-9]*)([^>]*)>|[^<]+/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': ' ',
};

const decoded = (text: string): string =>
  text.replace(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (entity) => ENTITIES[entity] ?? '').replaceAll('\u00a0', ' ');

const attribute = (attributes: string, name: string): string =>
  decoded(new RegExp(`\\s${name}="([^"]*)"`).exec(attributes)?.[1] ?? '');

/** Builds the text while the tags go by. */
class Writer {
  private written = '';
  private line = '';
  private gap = '';
  /** How many skipped elements are open. */
  private skipped = 0;
  private link: { href: string; isButton: boolean; from: number } | undefined;

  text(raw: string): void {
    if (this.skipped > 0) return;
    const words = decoded(raw).replace(/\s+/g, ' ');
    this.line += this.line === '' || this.line.endsWith('\n') || this.line.endsWith(' ') ? words.trimStart() : words;
  }

  open(tag: string, attributes: string): void {
    const classes = attribute(attributes, 'class').split(' ');
    if (this.skipped > 0 || (tag === 'p' && classes.includes('address'))) {
      if (tag === 'p') this.skipped += 1;
      return;
    }
    if (BLOCKS.has(tag)) this.end(TIGHT.has(tag) ? '\n' : '\n\n');
    if (tag === 'footer') this.line = '--\n';
    if (tag === 'li') this.line = '- ';
    if (tag === 'br') this.line = `${this.line.trimEnd()}\n`;
    if (tag === 'img') this.text(attribute(attributes, 'alt'));
    if (tag === 'a')
      this.link = {
        href: attribute(attributes, 'href'),
        isButton: classes.includes('button'),
        from: this.line.length,
      };
  }

  close(tag: string): void {
    if (this.skipped > 0) {
      if (tag === 'p') this.skipped -= 1;
      return;
    }
    if (tag === 'a') this.endLink();
    if (CELLS.has(tag)) this.line += ' ';
    if (BLOCKS.has(tag)) this.end(TIGHT.has(tag) ? '\n' : '\n\n');
  }

  done(): string {
    this.end('\n');
    return this.written;
  }

  private endLink(): void {
    const { link } = this;
    this.link = undefined;
    if (!link || link.href === '') return;
    const label = this.line.slice(link.from).trim();
    if (link.isButton) this.line = `${this.line.slice(0, link.from)}${label}:\n${link.href}`;
    else if (label === '') this.line += link.href;
    else if (label !== link.href && link.href !== `mailto:${label}`)
      this.line = `${this.line.trimEnd()} (${link.href})`;
  }

  /** Ends the line that was begun, with at least this much room behind what stood before. */
  private end(gap: string): void {
    const line = this.line.trim();
    this.line = '';
    if (line !== '') {
      this.written += this.written === '' ? line : `${this.gap}${line}`;
      this.gap = gap;
    } else if (gap.length > this.gap.length) this.gap = gap;
  }
}

/** A mail for readers without HTML, out of its contents as `letterHtml` gave them back. `check` as there. */
export function letterText(html: string, check: () => void = () => undefined): string {
  const writer = new Writer();
  // What the sanitizer writes is well-formed, with every < and > of a text or an attribute escaped.
  for (const [token, slash, tag, attributes = ''] of html.matchAll(TOKEN)) {
    check();
    if (tag === undefined) writer.text(token);
    else if (slash) writer.close(tag);
    else writer.open(tag, ` ${attributes}`);
  }
  return writer.done();
}
