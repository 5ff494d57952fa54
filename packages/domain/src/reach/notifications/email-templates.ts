import { CUSTOMER_MAILS } from './customer-mails.ts';
import { framed } from './email-layout.ts';
import { letterHtml } from './letter-html.ts';
import { letterText } from './letter-text.ts';
import { linkInHtml, linkInText, newLinkSlot } from './link-slot.ts';
import { fillIn, type Writing } from './liquid-engine.ts';
import { type MailKind, type Place, variablesFor } from './mail-kinds.ts';
import type { Message } from './notification-rules.ts';
import { ORDER_MAILS } from './order-mails.ts';
import { STAFF_MAILS } from './staff-mails.ts';
import { type Allowance, allowanceFor } from './template-allowance.ts';
import { TemplateFault } from './template-fault.ts';
import { passedOver, passOver } from './wording-rest.ts';

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

/** A company's own words as they are stored: which row, and which version of it. */
export interface StoredWording extends Wording {
  readonly id: string;
  readonly version: number;
}

/**
 * The email a message becomes, in the company's words if it has any. Words that cannot be used lose no mail: ours take
 * their place, and `fault` says why. They are left alone for a while then.
 */
export function render(
  message: Message,
  place: Place,
  wording?: Wording | StoredWording | null,
): Letter & { fault?: string } {
  const kind = kinds.get(message.template);
  if (!kind) throw new Error(`There is no mail called ${message.template}`);
  const variables = variablesFor(kind, message.parameters, place);
  const ours = () => written(ownWording(kind), variables, place, allowanceFor('ours'));
  if (!wording) return ours();
  const stored = 'id' in wording ? wording : undefined;
  const known = stored && passedOver(stored);
  if (known !== undefined) return { ...ours(), fault: known };
  try {
    return written(wording, variables, place, allowanceFor('sending'));
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    if (stored) passOver(stored, fault);
    return { ...ours(), fault };
  }
}

/** The parts of a mail with their variables put in, and what stands in them where the link belongs. */
interface Filled {
  readonly subject: string;
  readonly html: string;
  readonly text: string | null;
  readonly slot: string;
  readonly link: string;
}

/** Puts the variables into each part, within one allowance. Throws `PartFault`. */
export function filled(wording: Wording, variables: Record<string, unknown>, allowance: Allowance): Filled {
  const { link, ...others } = variables;
  const slot = newLinkSlot();
  const slotted = { ...others, ...(link !== undefined && { link: link === null ? null : slot }) };
  const part = (name: Part) => inPart(name, () => fillIn(WRITING[name], wording[name] ?? '', slotted, allowance));
  const [subject, html, text] = [part('subject'), part('html'), wording.text === null ? null : part('text')];
  return { subject, html, text, slot, link: typeof link === 'string' ? link : '' };
}

/** The letter, with the link where it may stand. Throws `TemplateFault`, `TooDeep`, and `EmptyPart` for one that says nothing. */
export function composed({ slot, link, ...parts }: Filled, { companyName }: Place, allowance: Allowance): Letter {
  const subject = oneLine(parts.subject.replaceAll(slot, ''));
  if (subject === '') throw new EmptyPart('subject');
  const contents = letterHtml(parts.html, allowance.check);
  if (contents === '') throw new EmptyPart('html');
  // As text also where the company has a text of its own: it shows what stands in front of a link, tags or not.
  const asText = linkInText(letterText(contents, allowance.check), slot, link);
  const text =
    parts.text === null
      ? `${asText}\n${contents.includes('<footer') ? '' : '\n--\n'}${companyName}\n`
      : `${linkInText(parts.text, slot, link).trim()}\n`;
  return { subject, text, html: framed(linkInHtml(contents, slot, link), { subject, companyName }) };
}

/** Words become a letter. Throws as `filled` and `composed`. */
export const written = (
  wording: Wording,
  variables: Record<string, unknown>,
  place: Place,
  allowance: Allowance,
): Letter => composed(filled(wording, variables, allowance), place, allowance);

/** A part of a wording, and how it is written. */
export type Part = keyof Wording;
export const WRITING: Readonly<Record<Part, Writing>> = { subject: 'plain', html: 'html', text: 'plain' };

/** Liquid that cannot be used, with the part it stands in. */
export class PartFault extends TemplateFault {
  constructor(
    readonly part: Part,
    { message }: TemplateFault,
  ) {
    super(message);
    this.name = 'PartFault';
  }
}

/** Says of a `TemplateFault` in which part it was found. */
export function inPart<Result>(part: Part, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof TemplateFault ? new PartFault(part, error) : error;
  }
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
