import { z } from 'zod';

/** Whose pages the link of a mail leads to. */
export type Site = 'admin' | 'shop';

/** One kind of mail: what it is called, what it may say, and what it says as long as a company has no words of its own. */
export interface MailKind {
  /** Like `order-placed`; the name of its template. */
  readonly name: string;
  readonly to: 'customer' | 'staff';
  /** When it is sent, as a sentence. */
  readonly about: string;
  /** Types of the events that lead to it. */
  readonly events: readonly string[];
  /** What its template may use besides `shop` and `link`. Every field is described, and has its place in the sample. */
  readonly variables: z.ZodObject;
  readonly sample: Readonly<Record<string, unknown>>;
  /** Where its link leads. Without it the mail has none. */
  readonly page?: { readonly site: Site; readonly path: string };
  /** Its link is good once, so that it cannot be sent again: how somebody gets a new one. */
  readonly instead?: string;
  readonly subject: string;
  readonly html: string;
}

/** Around every mail. */
export interface Place {
  /** What mails call the shop. */
  companyName: string;
  /** Where links to staff lead. Without a slash at its end, like the next. */
  adminUrl: string;
  /** Where the shop's own pages are, or those that the storefront API serves in their place. */
  shopUrl: string;
}

const SHOP = z.strictObject({
  name: z.string().meta({ description: 'What the shop is called.' }),
  url: z.string().meta({ description: "Where the shop's pages are, without a slash at the end." }),
});
const LINK = z.string().nullable().meta({
  description: 'Where the button leads, with the token that opens it. None if what it leads to is gone.',
});

/** The schema of all a template of this kind may use. */
export const variablesOf = ({ variables, page }: MailKind): z.ZodObject =>
  z.strictObject({ shop: SHOP, ...(page && { link: LINK }), ...variables.shape });

/** What a template of this kind is given: the parameters of a message but its secrets, which are in the link. */
export function variablesFor(kind: MailKind, parameters: object, place: Place): Record<string, unknown> {
  const { token, orderId: _orderId, ...told } = parameters as Record<string, unknown>; // of any kind
  return {
    ...told,
    shop: { name: place.companyName, url: place.shopUrl },
    ...(kind.page && { link: typeof token === 'string' ? linkOf(kind.page, token, place) : null }),
  };
}

/** The token of a link stands behind `#`, so that it reaches no server log and no referrer. */
const linkOf = ({ site, path }: NonNullable<MailKind['page']>, token: string, { adminUrl, shopUrl }: Place): string =>
  `${site === 'admin' ? adminUrl : shopUrl}/${path}#token=${encodeURIComponent(token)}`;

/** The parameters of a made-up message, to try a template with. */
export const sampleOf = ({ sample }: MailKind): Record<string, unknown> => ({ ...sample, token: 'sample' });

/** A moment, as templates get it. */
export const moment = (description: string) =>
  z
    .string()
    .meta({ description: `${description} RFC 3339; \`| readable\` makes it \`28 November 2026 at 09:00 UTC\`.` });

export const SAMPLE_TIME = '2026-11-28T09:00:00.000Z';

/** The HTML of a default, line by line. What stands below the sheet is its last one. */
export const html = (heading: string, ...rest: string[]): string => [`<h1>${heading}</h1>`, ...rest].join('\n');
export const p = (text: string): string => `<p>${text}</p>`;
export const footer = (text: string): string => `<footer>${text}</footer>`;
/** A greeting, for whoever gave a name. */
export const HELLO = '{% if name %}<p>Hello {{ name }},</p>{% endif %}';
/** A button, where there is something behind it; its address stands below it, for programs that show no link. */
export const button = (label: string, variable = 'link'): string =>
  `{% if ${variable} %}<p><a class="button" href="{{ ${variable} }}">${label}</a></p>\n` +
  `<p class="address">{{ ${variable} }}</p>{% endif %}`;
