import type { Email, Mailer } from '../reach/notifications/mailer.ts';

/** A mailer that keeps what it is given, or does what the test says. */
export class FakeMailer implements Mailer {
  readonly sent: Email[] = [];
  answer: (email: Email) => Promise<void> = async () => undefined;
  async send(email: Email) {
    await this.answer(email);
    this.sent.push(email);
  }
}
