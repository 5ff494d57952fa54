import { CUSTOMER_MAILS } from './customer-mails.ts';
import { framed } from './email-layout.ts';
import { letterHtml } from './letter-html.ts';
import { letterText } from './letter-text.ts';
import { LINK_SLOT, linkInHtml, linkInText } from './link-slot.ts';
import { fillIn, type Purpose } from './liquid-engine.ts';
import { type MailKind, type Place, variablesFor } from './mail-kinds.ts';
import type { Message } from './notification-rules.ts';
import { ORDER_MAILS } from './order-mails.ts';
import { STAFF_MAILS } from './staff-mails.ts';

/** A subject that is longer is cut: no mail program shows that much. */
const SUBJECT_LENGTH_MAX = 300;

/** Every kind of mail there is. */
export const MAIL_KINDS: readonly MailKind[] = [...ORDER_MAILS, ...CUSTOMER_MAILS, ...STAFF_MAILS];

const kinds = new Map(MAIL_KINDS.map((kind) => [kind.name, kind]));

export const kindNamed = (name: string): MailKind | undefined => kinds.get(name);

/** Kinds that can be sent again: all but those whose link is good once. */
export const REPEATABLE: readonly string[] = MAIL_KINDS.filter(({ instead }) => instead === undefined).map(
  ({ name }) => name,
);

/** What a mail says, in Liquid. */
export interface Wording {
  readonly subject: string;
  readonly html: string;
  /** For readers without HTML; null: made from the HTML. */
  readonly text: string | null;
}

export interface Letter {
  subject: string;
  text: string;
  html: string;
}

/** The words of the house for one kind of mail. */
export const ownWording = ({ subject, html }: MailKind): Wording => ({ subject, html, text: null });

/**
 * The email a message becomes, in the company's words if it has any. Words that cannot be used lose no mail: ours take
 * their place, and `fault` says why.
 */
export function render(message: Message, place: Place, wording?: Wording | null): Letter & { fault?: string } {
  const kind = kinds.get(message.template);
  if (!kind) throw new Error(`There is no mail called ${message.template}`);
  const variables = variablesFor(kind, message.parameters, place);
  if (!wording) return written(ownWording(kind), variables, place, 'ours');
  try {
    return written(wording, variables, place, 'sending');
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    return { ...written(ownWording(kind), variables, place, 'ours'), fault };
  }
}

/**
 * Words with their variables put in, and the link where it may stand. Throws `TemplateFault` and `TooDeep`, and
 * `EmptyPart` for a mail without a subject or without contents.
 */
export function written(
  wording: Wording,
  { link, ...variables }: Record<string, unknown>,
  { companyName }: Place,
  purpose: Purpose,
): Letter {
  const slotted = { ...variables, ...(link !== undefined && { link: link === null ? null : LINK_SLOT }) };
  const address = typeof link === 'string' ? link : '';
  const subject = oneLine(fillIn('plain', wording.subject, slotted, purpose).replaceAll(LINK_SLOT, ''));
  if (subject === '') throw new EmptyPart('subject');
  const contents = letterHtml(fillIn('html', wording.html, slotted, purpose));
  if (contents === '') throw new EmptyPart('html');
  // As text also where the company has a text of its own: it shows what stands in front of a link, tags or not.
  const asText = linkInText(letterText(contents), address);
  const text =
    wording.text === null
      ? `${asText}\n${contents.includes('<footer') ? '' : '\n--\n'}${companyName}\n`
      : `${linkInText(fillIn('plain', wording.text, slotted, purpose), address).trim()}\n`;
  return { subject, text, html: framed(linkInHtml(contents, address), { subject, companyName }) };
}

/** A mail that says nothing. */
export class EmptyPart extends Error {
  constructor(readonly part: 'subject' | 'html') {
    super(part === 'subject' ? 'Its subject comes out empty.' : 'Nothing is left of its HTML.');
    this.name = 'EmptyPart';
  }
}

// A line end in a subject would begin a new header.
const oneLine = (text: string) =>
  text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, SUBJECT_LENGTH_MAX);
