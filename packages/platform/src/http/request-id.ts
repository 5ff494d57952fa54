import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const FORM = /^[A-Za-z0-9._-]{8,64}$/;
// W3C Trace Context, 3.2: version, trace id, parent id, flags.
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller's id of this request if it is harmless in a log line, else a new one. */
export function requestIdOf({ headers }: { headers: IncomingHttpHeaders }): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && FORM.test(given) ? given : randomUUID();
}

/** The caller's trace, if the header is one. */
export function traceOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['traceparent'];
  return typeof given === 'string' && TRACEPARENT.test(given) ? given : undefined;
}
