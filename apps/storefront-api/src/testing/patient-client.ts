import { setTimeout as pause } from 'node:timers/promises';
import type { ChaosRecord } from './chaos-record.ts';
import { codeOf, type Heard } from './shopper.ts';

const GIVE_UP_MS = 90_000;
const AGAIN_MS = 150;

/** No good answer came for so long that the client stopped asking. */
export class GaveUp extends Error {
  constructor(what: string, last: string) {
    super(`${what}: no answer for ${GIVE_UP_MS / 1_000} s; the last was ${last}`);
    this.name = 'GaveUp';
  }
}

/**
 * Sends a request until it is answered with something else than "not now": what is not reached, overloaded or busy is
 * asked for again. Throws `GaveUp`.
 */
export async function patiently<Body>(
  record: ChaosRecord,
  what: string,
  send: () => Promise<Heard<Body>>,
): Promise<Heard<Body>> {
  const begun = Date.now();
  for (;;) {
    const at = Date.now();
    const heard = await send().catch((error: unknown) =>
      String(error instanceof Error ? (error.cause ?? error) : error),
    );
    const ms = Date.now() - at;
    if (typeof heard === 'string') record.lost(ms);
    else {
      record.heard(what, heard, ms);
      const isNotNow = heard.status >= 500 || heard.status === 429 || codeOf(heard) === 'idempotency_key_busy';
      if (!isNotNow) return heard;
    }
    if (Date.now() - begun > GIVE_UP_MS) throw new GaveUp(what, typeof heard === 'string' ? heard : heard.text);
    await pause(AGAIN_MS);
  }
}
