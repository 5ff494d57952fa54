import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { prose, text } from '../../kernel/text.ts';

/** Characters of one part of a template; the engine reads no more. */
const SOURCE_LENGTH_MAX = 64 * 1024;
const SUBJECT_LENGTH_MAX = 500;
const NAME_LENGTH_MAX = 60;

/** A name in a path. One that is no mail is not found, rather than wrong: the service says so. */
export const templateName = z.string().max(NAME_LENGTH_MAX).meta({
  description: 'The name of a mail; GET /v1/notification-templates lists them.',
  example: 'order-placed',
});

const source = (what: string) =>
  prose(SOURCE_LENGTH_MAX)
    .refine((value) => value !== '', { error: 'Expected at least 1 character.' })
    .meta({ description: what });

const subject = text(SUBJECT_LENGTH_MAX).meta({
  description: 'In Liquid, on one line.',
  example: 'Thank you for {{ order.number }}',
});
const html = source(
  'What stands inside the body, in Liquid. What variables hold is escaped; scripts and forms are not allowed. Classes `button`, `address` and `small` have the looks of our own mails.',
).meta({ example: '<h1>Thank you</h1><p>Your order {{ order.number }} comes to {{ order.total }}.</p>' });
const plain = source('The mail for readers without HTML, in Liquid. null: it is made from the HTML.');

export const newWording = z.strictObject({ subject, html, text: plain.nullable().default(null) });
export type NewWording = z.infer<typeof newWording>;

export const wordingTrial = z.strictObject({
  subject: subject.optional(),
  html: html.optional(),
  text: plain.nullish(),
  orderId: idOf('ord')
    .optional()
    .meta({ description: 'Show it with the figures of this order, not with made-up ones.' }),
});
export type WordingTrial = z.infer<typeof wordingTrial>;

const variableView = z.object({
  name: z.string().meta({ description: '`order.lines[].title` is the title of each of the lines.' }),
  type: z.enum(['text', 'number', 'boolean', 'list', 'object']),
  isOptional: z.boolean().meta({ description: 'True: it may be missing; ask with {% if %}.' }),
  about: z.string(),
});

const summary = {
  name: z.string(),
  to: z.enum(['customer', 'staff']),
  about: z.string().meta({ description: 'When it is sent.' }),
  events: z.array(z.string()).meta({ description: 'The events that lead to it.' }),
  canResend: z.boolean().meta({ description: 'False: its link is good once.' }),
  isOverridden: z.boolean().meta({ description: 'True: it says what this company wrote. False: what Souk says.' }),
  version: z.int().meta({
    description: 'Send it as If-Match to be sure nobody changed the words meanwhile. 0: they are not overridden.',
  }),
  updatedAt: instant.nullable(),
};

export const templateSummary = z.object(summary);
export type TemplateSummary = z.infer<typeof templateSummary>;
export const templatesList = z.object({ data: z.array(templateSummary) });
export type TemplatesList = z.infer<typeof templatesList>;

export const templateView = z.object({
  ...summary,
  subject: z.string(),
  html: z.string(),
  text: z.string().nullable(),
  default: z.object({ subject: z.string(), html: z.string() }).meta({ description: 'What Souk says.' }),
  variables: z.array(variableView),
});
export type TemplateView = z.infer<typeof templateView>;

export const letterView = z.object({
  subject: z.string(),
  html: z.string().meta({ description: 'The whole mail, with the frame around it.' }),
  text: z.string(),
});
export type LetterView = z.infer<typeof letterView>;
