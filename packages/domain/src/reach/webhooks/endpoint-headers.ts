/** RFC 9110, 5.1 and 5.6.2: a token. Ours begin with a letter, as all headers in use do. */
const NAME_FORM = /^[a-z][a-z0-9!#$%&'*+.^_`|~-]*$/i;
/** Printable ASCII, no space at either end. */
const VALUE_FORM = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** They belong to the connection, or say what we send and from where: whoever sets them breaks the request, or forges it. */
const OURS = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'cookie',
  'cookie2',
  'date',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'origin',
  'referer',
  'set-cookie',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
  'x-request-id',
]);
const OURS_BEGIN = ['webhook-', 'content-', 'proxy-', 'sec-', 'x-forwarded-', ':'];

/** What is wrong with the name of a header that a merchant wants sent, as a sentence; undefined: nothing. */
export function headerNameFault(name: string): string | undefined {
  if (!NAME_FORM.test(name)) return 'Expected the name of a header, like authorization or x-shop.';
  const lower = name.toLowerCase();
  if (OURS.has(lower) || OURS_BEGIN.some((beginning) => lower.startsWith(beginning)))
    return `The header ${lower} is not for you to set. Choose another name, like x-${lower.replace(/^x-/, '')}.`;
  return undefined;
}

/** What is wrong with its value; undefined: nothing. */
export const headerValueFault = (value: string): string | undefined =>
  VALUE_FORM.test(value) ? undefined : 'Expected printable ASCII characters, without a space at the beginning or end.';
