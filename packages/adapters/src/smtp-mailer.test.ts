import type { AddressInfo } from 'node:net';
import { type Email, MailRefused } from '@souk/domain/reach/notifications/mailer';
import { startMailbox } from '@souk/local/mailbox';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { MailSettingsWrong, smtpMailer } from './smtp-mailer.ts';

const FROM = 'Souk <shops@example.com>';

const email = (more: Partial<Email> = {}): Email => ({
  messageId: 'ntf_1@souk',
  fromName: 'Ọjà & Sons',
  to: 'ada@example.com',
  subject: 'Ẹ káàbọ̀: “welcome”',
  text: 'Hello',
  html: '<p>Hello</p>',
  ...more,
});

function mailerTo(url: string) {
  const mailer = smtpMailer({ url, from: FROM });
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

test('a reader the server refuses is refused for good; a full mailbox is not', async () => {
  const answering = (responseCode: number) =>
    serverThat({ onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no'), { responseCode })) });
  await expect(mailerTo((await answering(550)).url).send(email())).rejects.toBeInstanceOf(MailRefused);
  const later = mailerTo((await answering(452)).url).send(email());
  await expect(later).rejects.toThrow();
  await expect(later).rejects.not.toBeInstanceOf(MailRefused);
});

test('a wrong password or a server that is away is worth another attempt', async () => {
  const server = await serverThat({
    authOptional: false,
    onAuth: (_auth, _session, done) => done(new Error('wrong password')),
  });
  const locked = new URL(server.url);
  locked.username = 'souk';
  locked.password = 'wrong';
  await expect(mailerTo(locked.href).send(email())).rejects.not.toBeInstanceOf(MailRefused);
  await expect(mailerTo('smtp://127.0.0.1:1').send(email())).rejects.toThrow('ECONNREFUSED');
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
  expect(() => smtpMailer({ url: 'mail.example.com', from: FROM })).toThrow(MailSettingsWrong);
  expect(() => smtpMailer({ url: 'https://mail.example.com', from: FROM })).toThrow('smtp://');
  expect(() => smtpMailer({ url: 'smtp://localhost', from: 'nobody' })).toThrow('MAIL_FROM');
});
