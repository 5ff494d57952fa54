import { randomUUID } from 'node:crypto';
import { escapeHtml } from './liquid-engine.ts';
import { TemplateFault } from './template-fault.ts';

/**
 * What a template gets in place of a link that holds a token. The link itself is put in when the mail stands, and only where
 * it is an address by itself: whoever writes templates must not be able to send the tokens of others, which open
 * accounts, to a server of their own, in the address of a picture or behind the name of another host. Another one for each
 * mail: what a shopper writes into a field must be neither taken for it nor refused as one that stands wrong.
 */
export const newLinkSlot = (): string => `https://link.invalid/${randomUUID()}`;

const PART = /<[^>]*>|[^<]+/g;

/** The slot where it stands alone. A UUID and the rest of the address hold nothing that means more in a pattern but dots. */
const alone = (slot: string) => new RegExp(`(?<![^\\s(<])${slot.replaceAll('.', '\\.')}(?![^\\s)>.,;])`, 'g');

/** The link in the clean HTML of a mail. Throws `TemplateFault` where it stands inside something else. */
export function linkInHtml(html: string, slot: string, link: string): string {
  const [escaped, href, pattern] = [escapeHtml(link), `href="${slot}"`, alone(slot)];
  const filled = html.replace(PART, (part) =>
    part.startsWith('<') ? part.replace(href, () => `href="${escaped}"`) : part.replace(pattern, () => escaped),
  );
  return checked(filled, slot);
}

/** The link in a mail as text. Throws as `linkInHtml`. */
export const linkInText = (text: string, slot: string, link: string): string =>
  checked(
    text.replace(alone(slot), () => link),
    slot,
  );

function checked(text: string, slot: string): string {
  if (!text.includes(slot)) return text;
  throw new LinkNotAlone(
    'link stands inside another address or a word. It may stand alone: href="{{ link }}", or with spaces around it.',
  );
}

/** The link stands where it would be taken elsewhere. */
export class LinkNotAlone extends TemplateFault {}
