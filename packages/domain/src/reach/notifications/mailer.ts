/** One email, ready to go. */
export interface Email {
  /** The same on every attempt, so that a mailbox that gets it twice can tell. Without angle brackets. */
  readonly messageId: string;
  /** Shown as the sender; the address behind it is the deployment's. */
  readonly fromName: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Port: hands an email to a mail server. Resolves when the server has taken it. */
export interface Mailer {
  /** Throws `MailRefused` if asking again is useless; anything else is worth another attempt. */
  send(email: Email): Promise<void>;
}

/** The mail server said no for good: there is no such address, or it does not want this message. */
export class MailRefused extends Error {
  constructor(reason: string) {
    super(`The mail server refused the message for good: ${reason}`);
    this.name = 'MailRefused';
  }
}
