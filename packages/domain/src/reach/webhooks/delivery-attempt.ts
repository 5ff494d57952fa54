import { newId } from '../../kernel/ids.ts';
import { eventBody } from '../event-log/event-body.ts';
import type { Attempt } from './recording.service.ts';
import { signedHeaders } from './signature.ts';
import type { Taken } from './taking.service.ts';
import { NotDelivered, type WebhookAnswer, type WebhookSession } from './webhook-sender.ts';

const GONE = 410;
/** No answer after so long was not refused: it was waited for. */
const TIMEOUT_MS = 5_000;
const ERROR_LENGTH_MAX = 500;

/** What an endpoint's requests are signed with, newest first, and the headers its owner wants on them. */
export interface Credentials {
  readonly secrets: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Makes one attempt: signs the event as it is stored and posts it. Never throws; a fault of ours is handed to `report`,
 * and told to the merchant as one.
 */
export async function attemptDelivery(
  session: Pick<WebhookSession, 'send'>,
  { id, event, url }: Taken,
  credentials: () => Credentials,
  report: (error: unknown, about: object) => void,
): Promise<Attempt> {
  const startedAt = new Date();
  const begun = performance.now();
  const made = (rest: Partial<Attempt>): Attempt => {
    const durationMs = Math.round(performance.now() - begun);
    return { ...NOTHING, id: newId('wha'), startedAt, durationMs, ...rest };
  };
  try {
    const { secrets, headers } = credentials();
    const body = eventBody(event);
    const signed = { id: event.id, timestamp: Math.floor(startedAt.getTime() / 1_000), body };
    const answer = await session.send({ url, headers: { ...headers, ...signedHeaders(signed, secrets) }, body });
    return made(answered(answer));
  } catch (error) {
    if (error instanceof NotDelivered) {
      const isTimeout = performance.now() - begun >= TIMEOUT_MS;
      return made({ error: stored(error.message.slice(0, ERROR_LENGTH_MAX)), isTimeout });
    }
    report(error, { deliveryId: id, eventId: event.id });
    return made({ error: 'Something went wrong on our side; it is tried again.', isOurs: true });
  }
}

const NOTHING = {
  statusCode: null,
  error: null,
  responseBody: null,
  isTimeout: false,
  retryAfterSeconds: undefined,
  isOurs: false,
};

const answered = ({ statusCode, retryAfterSeconds, body }: WebhookAnswer): Partial<Attempt> => ({
  statusCode,
  retryAfterSeconds,
  responseBody: stored(body),
  error: complaintAbout(statusCode),
});

/** Why an answer is no success; null: it is one. */
function complaintAbout(statusCode: number): string | null {
  if (statusCode >= 200 && statusCode < 300) return null;
  if (statusCode >= 300 && statusCode < 400)
    return `The server answered ${statusCode}, a redirect. Webhooks follow none: enter the address it leads to.`;
  if (statusCode === GONE) return 'The server answered 410, gone: the endpoint was switched off.';
  return `The server answered ${statusCode}. Webhooks are taken with any status from 200 to 299.`;
}

/** PostgreSQL stores no NUL, and no half of a character that was cut in two. */
const stored = (text: string) => text.replaceAll('\0', '\ufffd').replaceAll(/\p{Surrogate}/gu, '\ufffd');
