import type { Run, Session } from '../../kernel/ctx.ts';
import { MasterKeyUnknown } from '../../kernel/sealing.ts';
import { render } from './email-templates.ts';
import { type Email, type Mailer, MailRefused, MailServerAway } from './mailer.ts';
import { expiryOf } from './notification-rules.ts';
import { type Failure, recordFailure, recordSent, type Taken, takeDue } from './notifications.service.ts';

/** Sent side by side: a slow mail server holds up this many of one company's messages, not all of them. */
export const SENT_AT_ONCE = 5;

const OWN_WORDS_FAILED = "The company's own words could not be used, so ours were sent.";

export interface SendingPlace {
  /** Where links in mails to staff lead: the address of the admin site, without a slash at its end. */
  readonly adminUrl: string;
  /** Where links in mails to customers lead when their shop has no address of its own: the storefront API, as above. */
  readonly storefrontUrl: string;
}

export interface SendingOutcome {
  sent: number;
  /** Will be tried again. */
  postponed: number;
  /** Given up. */
  failed: number;
}

/**
 * Sends what is due in one company, one small batch; taking, sending and recording are three steps, and only the first
 * and the last hold a transaction. At least once: a worker that dies between sending and recording sends it again, under
 * the same message id. Returns zeros when nothing was due.
 */
export async function sendDue(
  run: Run,
  mailer: Mailer,
  session: Session,
  place: SendingPlace,
): Promise<SendingOutcome> {
  const outcome: SendingOutcome = { sent: 0, postponed: 0, failed: 0 };
  const due = await run(session, (ctx) => takeDue(ctx, SENT_AT_ONCE));
  const results = await Promise.allSettled(due.map((taken) => sendOne(run, mailer, session, place, taken)));
  for (const result of results) if (result.status === 'fulfilled') outcome[result.value] += 1;
  // What could not be recorded comes back when its lease ends. The job should still be seen to fail.
  const lost = results.find((result) => result.status === 'rejected');
  if (lost) throw lost.reason;
  return outcome;
}

async function sendOne(
  run: Run,
  mailer: Mailer,
  session: Session,
  place: SendingPlace,
  taken: Taken,
): Promise<keyof SendingOutcome> {
  const outcome = await attempt(mailer, place, taken);
  if ('note' in outcome) {
    await run(session, (ctx) => recordSent(ctx, taken, outcome.note));
    return 'sent';
  }
  const next = await run(session, (ctx) => recordFailure(ctx, taken, outcome));
  return next === 'failed' ? 'failed' : 'postponed';
}

/** How one attempt ended: it failed for a reason, or the mail went out, perhaps with something to say about it. */
type Outcome = Failure | { note: string | null };

async function attempt(mailer: Mailer, place: SendingPlace, taken: Taken): Promise<Outcome> {
  let email: Email;
  let note: string | null;
  try {
    const message = taken.open();
    const expiresAt = expiryOf(message);
    if (expiresAt && Date.parse(expiresAt) <= Date.now())
      return { reason: `Its link expired at ${expiresAt}, before it could be sent.`, kind: 'final' };
    const { adminUrl, storefrontUrl } = place;
    const { companyName, shopUrl, senderName, replyTo, recipient } = taken;
    const around = { companyName, adminUrl, shopUrl: shopUrl ?? storefrontUrl };
    const { fault, ...letter } = render(message, around, taken.wording);
    note = fault === undefined ? null : `${OWN_WORDS_FAILED} ${fault}`;
    email = { ...letter, messageId: `${taken.id}@souk`, fromName: senderName, replyTo, to: recipient };
  } catch (error) {
    // A missing key is this process's trouble, and comes back.
    const kind = error instanceof MasterKeyUnknown ? 'away' : 'again';
    return { reason: `The message cannot be written: ${messageOf(error)}`, kind };
  }
  try {
    await mailer.send(email);
    return { note };
  } catch (error) {
    const kind = error instanceof MailRefused ? 'final' : error instanceof MailServerAway ? 'away' : 'again';
    return { reason: messageOf(error), kind };
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
