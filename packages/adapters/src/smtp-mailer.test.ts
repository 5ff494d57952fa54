import type { AddressInfo } from 'node:net';
import { type Email, MailRefused, MailServerAway } from '@souk/domain/reach/notifications/mailer';
import { startMailbox } from '@souk/local/mailbox';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { MailSettingsWrong, smtpMailer } from './smtp-mailer.ts';

const FROM = 'Souk <shops@example.com>';

const email = (more: Partial<Email> = {}): Email => ({
  messageId: 'ntf_1@souk',
  fromName: 'Ọjà & Sons',
  replyTo: null,
  to: 'ada@example.com',
  subject: 'Ẹ káàbọ̀: “welcome”',
  text: 'Hello',
  html: '<p>Hello</p>',
  ...more,
});

function mailerTo(url: string, more: { connections?: number; sendTimeoutMs?: number } = {}) {
  const mailer = smtpMailer({ url, from: FROM, connections: 2, ...more });
  onTestFinished(() => mailer.close());
  return mailer;
}

async function serverThat(options: SMTPServerOptions, port = 0): Promise<{ url: string; stop(): Promise<void> }> {
  const server = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'], ...options });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  onTestFinished(stop);
  // Listening on TCP, so its address is not a pipe's name.
  return { url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, stop };
}

test('an email arrives as it was written, from the company by name and the deployment by address', async () => {
  const mailbox = await startMailbox();
  onTestFinished(() => mailbox.stop());
  await mailerTo(mailbox.smtpUrl).send(email());
  const [message] = mailbox.messages();
  expect(message).toMatchObject({
    from: 'Ọjà & Sons <shops@example.com>',
    to: 'ada@example.com',
    recipients: ['ada@example.com'],
    subject: 'Ẹ káàbọ̀: “welcome”',
  });
  expect(message?.text.trim()).toBe('Hello');
  expect(message?.html.trim()).toBe('<p>Hello</p>');
  expect(message?.headers.find(({ name }) => name === 'message-id')?.value).toBe('<ntf_1@souk>');
});

test('answers go where the company wants them, else to the sender', async () => {
  const mailbox = await startMailbox();
  onTestFinished(() => mailbox.stop());
  const mailer = mailerTo(mailbox.smtpUrl);
  await mailer.send(email({ replyTo: 'hello@adire.example' }));
  await mailer.send(email());
  const replyTo = mailbox.messages().map(({ headers }) => headers.find(({ name }) => name === 'reply-to')?.value);
  expect(replyTo).toEqual(['hello@adire.example', undefined]);
});

test('what stands in a name or a subject starts no new header and adds no reader', async () => {
  const mailbox = await startMailbox();
  onTestFinished(() => mailbox.stop());
  await mailerTo(mailbox.smtpUrl).send(
    email({ subject: 'Hi\r\nBcc: eve@example.com', fromName: 'Shop\r\nBcc: eve@example.com' }),
  );
  const [message] = mailbox.messages();
  expect(message?.recipients).toEqual(['ada@example.com']);
  expect(message?.headers.map(({ name }) => name)).not.toContain('bcc');
});

/** What a send comes to when the server answers the reader's address like this. */
async function answerTo(answer: string): Promise<unknown> {
  const refusal = Object.assign(new Error(answer.slice(4)), { responseCode: Number(answer.slice(0, 3)) });
  const server = await serverThat({ onRcptTo: (_address, _session, done) => done(refusal) });
  return mailerTo(server.url)
    .send(email())
    .then(
      () => 'sent',
      (error: unknown) => error,
    );
}

test.each(['550 5.1.1 <ada@example.com>: user unknown', '550 5.1.10 null MX', '550 5.2.1 The account is disabled'])(
  'a reader who does not exist is refused for good: %s',
  async (answer) => {
    expect(await answerTo(answer)).toBeInstanceOf(MailRefused);
  },
);

test.each([
  '554 5.7.1 <ada@example.com>: Relay access denied',
  '550 5.7.1 Client host blocked',
  '530 5.7.0 Authentication required',
  '550 5.1.8 Sender address rejected',
  '550 relay not permitted',
  '452 4.2.2 mailbox full',
])('a refusal that a setting may mend is worth another attempt: %s', async (answer) => {
  const outcome = await answerTo(answer);
  expect(outcome).toBeInstanceOf(Error);
  expect(outcome).not.toBeInstanceOf(MailRefused);
  expect(outcome).not.toBeInstanceOf(MailServerAway);
  expect(String(outcome)).toContain(answer); // the row says why
});

test('a message the server will not have, for whatever reason, is worth another attempt', async () => {
  const server = await serverThat({
    onData(stream, _session, done) {
      stream.resume();
      stream.on('end', () => done(Object.assign(new Error('5.7.1 Spam'), { responseCode: 554 })));
    },
  });
  const sending = mailerTo(server.url).send(email());
  await expect(sending).rejects.toThrow('554 5.7.1 Spam');
  await expect(sending).rejects.not.toBeInstanceOf(MailRefused);
});

test('as many mails as it has connections are under way at once: none uses up its time in line', async () => {
  const held: (() => void)[] = [];
  const server = await serverThat({
    onRcptTo(_address, _session, done) {
      held.push(done);
      if (held.length === 20) for (const go of held) go();
    },
  });
  const mailer = mailerTo(server.url, { connections: 20 });
  await Promise.all(Array.from({ length: 20 }, () => mailer.send(email())));
});

test('a mail that was not taken in time does not go out later, and its connection does not stay taken', async () => {
  const stalled: (() => void)[] = [];
  let taken = 0;
  const server = await serverThat({
    closeTimeout: 10,
    onRcptTo(address, _session, done) {
      if (address.address.startsWith('slow')) stalled.push(done);
      else done();
    },
    onData(stream, _session, done) {
      stream.resume();
      stream.on('end', () => {
        taken += 1;
        done();
      });
    },
  });
  const mailer = mailerTo(server.url, { connections: 1, sendTimeoutMs: 300 });
  await expect(mailer.send(email({ to: 'slow@example.com' }))).rejects.toThrow('longer than 0.3 s');
  for (const go of stalled) go();
  await mailer.send(email());
  expect(taken).toBe(1);
});

test('a wrong password, a sender it will not have or a server that is away is worth attempts for days', async () => {
  const server = await serverThat({
    authOptional: false,
    onAuth: (_auth, _session, done) => done(new Error('wrong password')),
  });
  const locked = new URL(server.url);
  locked.username = 'souk';
  locked.password = 'wrong';
  await expect(mailerTo(locked.href).send(email())).rejects.toBeInstanceOf(MailServerAway);
  const nowhere = mailerTo('smtp://127.0.0.1:1').send(email());
  await expect(nowhere).rejects.toBeInstanceOf(MailServerAway);
  await expect(nowhere).rejects.toThrow('ECONNREFUSED');
  const choosy = await serverThat({
    onMailFrom: (_address, _session, done) => done(Object.assign(new Error('5.7.1 Not you'), { responseCode: 550 })),
  });
  await expect(mailerTo(choosy.url).send(email())).rejects.toBeInstanceOf(MailServerAway);
});

test('the same mailer sends again when the server is back', async () => {
  const taken: string[] = [];
  const takes: SMTPServerOptions = {
    closeTimeout: 10,
    onRcptTo(address, _session, done) {
      taken.push(address.address);
      done();
    },
  };
  const first = await serverThat(takes);
  const mailer = mailerTo(first.url);
  await mailer.send(email());
  await first.stop();
  await expect(mailer.send(email())).rejects.toThrow();
  await serverThat(takes, Number(new URL(first.url).port));
  await mailer.send(email());
  expect(taken).toHaveLength(2);
});

test('settings that cannot work are named', () => {
  const made = (url: string, from = FROM) => smtpMailer({ url, from, connections: 1 });
  expect(() => made('mail.example.com')).toThrow(MailSettingsWrong);
  expect(() => made('https://mail.example.com')).toThrow('smtp://');
  expect(() => made('smtp://localhost', 'nobody')).toThrow('MAIL_FROM');
});
