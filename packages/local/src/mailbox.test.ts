import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Mailbox, startMailbox } from './mailbox.ts';
import { MessageStore } from './mailbox-messages.ts';

let mailbox: Mailbox;

beforeEach(async () => {
  mailbox = await startMailbox();
});
afterEach(() => mailbox.stop());

/** Speaks SMTP by hand: the mailbox must understand what goes over the wire, not what one library sends. */
async function send(lines: string[], recipient = 'shopper@example.com'): Promise<string> {
  const url = new URL(mailbox.smtpUrl);
  const socket = connect({ host: url.hostname, port: Number(url.port) });
  const say = async (text: string): Promise<string> => {
    socket.write(text);
    return await reply(socket);
  };
  await reply(socket);
  await say('EHLO test\r\n');
  await say('MAIL FROM:<shop@example.com>\r\n');
  await say(`RCPT TO:<${recipient}>\r\n`);
  await say('DATA\r\n');
  const last = await say(`${lines.join('\r\n')}\r\n.\r\n`);
  socket.destroy();
  return last;
}

async function reply(socket: Socket): Promise<string> {
  let text = '';
  while (!/^\d{3} .*\r\n$/m.test(text)) {
    const [chunk] = await once(socket, 'data');
    text += String(chunk);
  }
  return text;
}

function messageWith(subject: string): Parameters<MessageStore['add']>[0] {
  return { subject, recipients: [], from: '', to: '', text: '', html: '', headers: [], attachments: [] };
}

const RECEIPT = [
  'From: "Ada’s Shop" <shop@example.com>',
  'To: shopper@example.com',
  'Subject: =?utf-8?B?WW91ciByZWNlaXB0IOKcuA==?=',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary="b"',
  '',
  '--b',
  'Content-Type: multipart/alternative; boundary="a"',
  '',
  '--a',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'Thank you. See <http://localhost:4100/orders/1?a=1&b=2>.',
  '--a',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<p>Thank <b>you</b></p><script>alert(1)</script>',
  '--a--',
  '--b',
  'Content-Type: text/html; name="x.html"',
  'Content-Disposition: attachment; filename="x.html"',
  '',
  '<script>alert(2)</script>',
  '--b--',
];

describe('the mailbox', () => {
  test('keeps what was sent over SMTP, decoded, with the envelope’s recipient', async () => {
    expect(await send(RECEIPT, 'hidden@example.com')).toMatch(/^250 /);
    const message = await mailbox.waitFor((one) => one.recipients.includes('hidden@example.com'));
    expect(message).toMatchObject({
      subject: 'Your receipt ✸',
      to: 'shopper@example.com',
      recipients: ['hidden@example.com'],
      attachments: [{ filename: 'x.html' }],
    });
    expect(message.text).toContain('Thank you.');
    expect(message.html).toContain('<b>you</b>');
  });

  test('waits for a message that is still on its way', async () => {
    const waiting = mailbox.waitFor((one) => one.subject === 'late', 5_000);
    await send(['Subject: early', '', 'x']);
    await send(['Subject: late', '', 'x']);
    expect((await waiting).subject).toBe('late');
  });

  test('says what did come when the awaited message does not', async () => {
    await send(['Subject: other', '', 'x']);
    await expect(mailbox.waitFor((one) => one.subject === 'awaited', 30)).rejects.toThrow(
      'waited 30 ms for a message and got only: "other" to shopper@example.com',
    );
  });

  test('serves the messages as JSON, one and all, and forgets them on DELETE', async () => {
    await send(RECEIPT);
    const all = await (await fetch(`${mailbox.pageUrl}/messages`)).json();
    expect(all).toMatchObject([{ id: 1, subject: 'Your receipt ✸', attachments: [{ filename: 'x.html', size: 26 }] }]);
    expect(await (await fetch(`${mailbox.pageUrl}/messages/1`)).json()).toMatchObject({ id: 1 });
    expect((await fetch(`${mailbox.pageUrl}/messages`, { method: 'DELETE' })).status).toBe(204);
    expect(await (await fetch(`${mailbox.pageUrl}/messages`)).json()).toEqual([]);
    expect((await fetch(`${mailbox.pageUrl}/messages/1`)).status).toBe(404);
  });

  test('shows mail on a page on which nothing of the message can run', async () => {
    await send([...RECEIPT.slice(0, 2), 'Subject: <img src=x onerror=alert(3)>', ...RECEIPT.slice(3)]);
    const list = await (await fetch(mailbox.pageUrl)).text();
    expect(list).toContain('&lt;img src=x onerror=alert(3)&gt;');
    const page = await fetch(`${mailbox.pageUrl}/mail/1`);
    const html = await page.text();
    expect(html).not.toContain('<script');
    expect(html).toMatch(
      /<iframe sandbox="allow-popups allow-popups-to-escape-sandbox"[^>]* src="\/messages\/1\/html"/,
    );
    expect(html).toContain('<a href="http://localhost:4100/orders/1?a=1&amp;b=2"');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const body = await fetch(`${mailbox.pageUrl}/messages/1/html`);
    expect(body.headers.get('content-security-policy')).toMatch(/^sandbox allow-popups[^;]*; default-src 'none'/);
    const attachment = await fetch(`${mailbox.pageUrl}/messages/1/attachments/0`);
    expect(attachment.headers.get('content-type')).toBe('application/octet-stream');
    expect(attachment.headers.get('content-disposition')).toMatch(/^attachment;/);
  });

  test('does not answer to a foreign host name', async () => {
    const { port } = new URL(mailbox.pageUrl);
    const asked = request({ host: '127.0.0.1', port, path: '/messages', headers: { host: `evil.example:${port}` } });
    asked.end();
    const [response] = await once(asked, 'response');
    response.resume();
    expect(response.statusCode).toBe(403);
  });

  test('refuses a message over 5 MiB and goes on', async () => {
    const line = 'x'.repeat(1_000);
    expect(await send(['Subject: big', '', ...Array<string>(5_400).fill(line)])).toMatch(/^552 /);
    await send(['Subject: small', '', 'x']);
    expect(mailbox.messages().map((one) => one.subject)).toEqual(['small']);
  });

  test('keeps the newest 500', () => {
    const store = new MessageStore();
    for (let count = 1; count <= 502; count += 1) store.add(messageWith(String(count)));
    const subjects = store.all().map((one) => one.subject);
    expect(subjects).toHaveLength(500);
    expect([subjects[0], subjects.at(-1)]).toEqual(['3', '502']);
  });

  test('a busy port is an error that names it', async () => {
    const { port } = new URL(mailbox.pageUrl);
    await expect(startMailbox({ httpPort: Number(port) })).rejects.toThrow(`127.0.0.1:${port}`);
  });
});
