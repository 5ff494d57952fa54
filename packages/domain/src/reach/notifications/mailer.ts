/** One email, ready to go. */
export interface Email {
  /** The same on every attempt, so that a mailbox that gets it twice can tell. Without angle brackets. */
  readonly messageId: string;
  /** Shown as the sender; the address behind it is the deployment's. */
  readonly fromName: string;
  /** Where answers go; null: to the sender. */
  readonly replyTo: string | null;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Port: hands an email to a mail server. Resolves when the server has taken it. */
export interface Mailer {
  /**
   * Throws `MailRefused` if the address is wrong, so that asking again is useless, and `MailServerAway` if it never came to
   * this mail; anything else is worth a few more attempts.
   */
  send(email: Email): Promise<void>;
}

/** The mail server said that there is no such address. Whatever else it refuses may be mended in its settings or ours. */
export class MailRefused extends Error {
  constructor(reason: string) {
    super(`There is no such address, says the mail server: ${reason}`);
    this.name = 'MailRefused';
  }
}

/**
 * The mail server could not be reached, or would have nothing to do with us, before it heard whom the mail is for. Worth
 * another attempt for days: it says nothing of the mail, and ends when somebody mends the server or its settings.
 */
export class MailServerAway extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`The mail server is away: ${reason}`, options);
    this.name = 'MailServerAway';
  }
}
