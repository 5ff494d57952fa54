/** Where a developer's own machine listens. Whether it may be asked at all is for the port to say: only in development. */
const LOOPBACK = /^(?:localhost|(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * What is wrong with the form of an endpoint's address, as a sentence; undefined: nothing. Where it leads to is asked of
 * the port (`WebhookSender.refusal`).
 */
export function urlFault(text: string): string | undefined {
  if (/[\s\p{Cc}\\]/u.test(text)) return 'Expected an address without spaces, control characters and backslashes.';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:\/\//i.test(text)) return 'Expected a web address, like https://erp.example.com/souk.';
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    return 'Expected an address that begins with https://: what is sent tells of orders and customers.';
  if (url.username !== '' || url.password !== '')
    return 'Expected an address without a name or password in it. Send an `authorization` header instead (headers).';
  if (text.includes('#')) return 'Expected an address without #: that part never reaches a server.';
  return undefined;
}
