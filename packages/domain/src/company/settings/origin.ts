const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * The normal form of a web origin: scheme, host in small letters, port unless it is the scheme's own. Loopback hosts
 * lose their port, because a developer's changes daily. Undefined for anything that is more or less than an origin.
 */
export function originOf(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#@\\\s*]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, hostname, host } = new URL(text);
  return `${protocol}//${LOOPBACK.has(hostname) ? hostname : host}`;
}

/**
 * Whether a request from `origin` (the header, as a browser sends it) is on the list. An empty list lets everybody in.
 * The list is advice to browsers; what a key can do at all is in its scopes.
 */
export function allowsOrigin(allowed: readonly string[], origin: string): boolean {
  if (allowed.length === 0) return true;
  const normal = originOf(origin);
  return normal !== undefined && allowed.includes(normal);
}
