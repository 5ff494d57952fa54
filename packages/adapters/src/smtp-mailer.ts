import { type Email, type Mailer, MailRefused, MailServerAway } from '@souk/domain/reach/notifications/mailer';
import { createTransport } from 'nodemailer';

const CONNECT_TIMEOUT_MS = 10_000;
const SILENCE_TIMEOUT_MS = 15_000;
/** From the first byte to the server's yes. Shorter than the lease of a notification (60 s). */
const SEND_TIMEOUT_MS = 45_000;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface SmtpOptions {
  /**
   * `smtp://user:password@host:587` upgrades to TLS by STARTTLS and refuses to go on without, except to this very
   * machine; `smtps://host:465` speaks TLS from the start; `?tls=optional` accepts a server on another machine that has none.
   */
  url: string;
  /** The sender: an address, or `Name <address>`. Each email brings its own name. */
  from: string;
  /**
   * Connections at most: as many as there are sends at once. With fewer, mails would wait in line inside the mailer and
   * use up the time they have.
   */
  connections: number;
  /** For tests. */
  sendTimeoutMs?: number;
}

/** The mail server cannot be used as `SMTP_URL` or `MAIL_FROM` says. */
export class MailSettingsWrong extends Error {
  constructor(reason: string) {
    super(`Mail cannot be sent: ${reason}`);
    this.name = 'MailSettingsWrong';
  }
}

/**
 * A mailer that speaks SMTP. Connections are made when there is something to send, and kept for a while.
 * @throws MailSettingsWrong when the URL or the sender is not usable
 */
export function smtpMailer({
  url,
  from,
  connections,
  sendTimeoutMs = SEND_TIMEOUT_MS,
}: SmtpOptions): Mailer & { close(): void } {
  const sender = addressOf(from);
  const transport = createTransport({
    ...serverOf(url),
    pool: true,
    maxConnections: connections,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    // The content is ours alone: nothing in it may make the mailer read a file or fetch a page.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  // A pooled connection that breaks while idle says so here; without a listener it would end the process.
  transport.on('error', () => undefined);
  return {
    async send(email) {
      // After the deadline its connection is closed: a mail that counts as not sent must not go out after all.
      const signal = AbortSignal.timeout(sendTimeoutMs);
      try {
        await transport.sendMail({ ...messageOf(email, sender), signal });
      } catch (error) {
        if (signal.aborted) throw new MailServerAway(`it took longer than ${sendTimeoutMs / 1000} s`, { cause: error });
        if (isRefusal(error)) throw new MailRefused(error.message);
        throw isAway(error) ? new MailServerAway(error.message, { cause: error }) : error;
      }
    },
    close: () => transport.close(),
  };
}

function messageOf({ messageId, fromName, replyTo, to, subject, text, html }: Email, address: string) {
  return {
    messageId: `<${messageId}>`,
    from: { name: fromName, address },
    to: { name: '', address: to },
    ...(replyTo !== null && { replyTo: { name: '', address: replyTo } }),
    subject,
    text,
    html,
    // Out-of-office programs do not answer what says this (RFC 3834, 5).
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

function serverOf(text: string) {
  if (!URL.canParse(text))
    throw new MailSettingsWrong('SMTP_URL is not a URL. Example: SMTP_URL=smtp://user:<password>@mail.example.com:587');
  const url = new URL(text);
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')
    throw new MailSettingsWrong('SMTP_URL must begin with smtp:// or smtps://');
  const secure = url.protocol === 'smtps:';
  const isHere = LOOPBACK.has(url.hostname);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    requireTLS: !secure && !isHere && url.searchParams.get('tls') !== 'optional',
    // A mailbox on this machine has no certificate that anybody could check, and needs none.
    ignoreTLS: !secure && isHere,
    auth:
      url.username === ''
        ? undefined
        : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
  };
}

function addressOf(from: string): string {
  const address = /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from.trim();
  if (!/^[^\s<>@,;]+@[^\s<>@,;]+$/.test(address)) {
    throw new MailSettingsWrong('MAIL_FROM has no address. Example: MAIL_FROM="Example Shops <shops@example.com>"');
  }
  return address;
}

// There is no such address, there or anywhere, or its mailbox was closed (RFC 3463, 3.2 and 3.3). Any other no, also one
// with no such code, may be about the sender, the relay or the login: the deployment's trouble, which goes away when a
// setting is mended. Trying such a mail again costs little, and giving it up loses it.
const NO_SUCH_READER = /^5\d\d[ -]5\.(?:1\.(?:1|2|3|6|10)|2\.1)\b/;

function isRefusal(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { response, command } = error as Error & { response?: unknown; command?: unknown };
  return typeof response === 'string' && NO_SUCH_READER.test(response) && (command === 'RCPT TO' || command === 'DATA');
}

// What the library calls failures of the connection, its encryption and the login. A connection that breaks later counts as
// well: nobody has said no to the mail.
const AWAY = new Set([
  'ECONNECTION',
  'ETIMEDOUT',
  'EDNS',
  'ESOCKET',
  'ETLS',
  'EREQUIRETLS',
  'EPROTOCOL',
  'EAUTH',
  'ENOAUTH',
  'EOAUTH2',
]);

/** It failed before the server heard whom the mail is for; or with the sender, who is the same for all mails. */
function isAway(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code, command } = error as Error & { code?: unknown; command?: unknown };
  return (typeof code === 'string' && AWAY.has(code)) || (code === 'EENVELOPE' && command === 'MAIL FROM');
}
