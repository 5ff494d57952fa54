import { escapeHtml, TemplateFault } from './liquid-engine.ts';

/**
 * What templates get in place of a link that holds a token. The link itself is put in when the mail stands, and only where
 * it is an address by itself: whoever writes templates must not be able to send the tokens of others, which open
 * accounts, to a server of their own, in the address of a picture or behind the name of another host.
 */
export const LINK_SLOT = 'https://link.invalid/of-this-mail';

const HREF = `href="${LINK_SLOT}"`;
const ALONE = /(?<![^\s(<])https:\/\/link\.invalid\/of-this-mail(?![^\s)>.,;])/g;
const PART = /<[^>]*>|[^<]+/g;

/** The link in the clean HTML of a mail. Throws `TemplateFault` where it stands inside something else. */
export function linkInHtml(html: string, link: string): string {
  const escaped = escapeHtml(link);
  return checked(
    html.replace(PART, (part) =>
      part.startsWith('<') ? part.replace(HREF, () => `href="${escaped}"`) : part.replace(ALONE, () => escaped),
    ),
  );
}

/** The link in a mail as text. Throws as `linkInHtml`. */
export const linkInText = (text: string, link: string): string => checked(text.replace(ALONE, () => link));

function checked(text: string): string {
  if (!text.includes(LINK_SLOT)) return text;
  throw new TemplateFault(
    'link stands inside another address or a word. It may stand alone: href="{{ link }}", or with spaces around it.',
  );
}
