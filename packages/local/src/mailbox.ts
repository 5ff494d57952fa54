import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import PostalMime, { type Address, type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { type MailboxMessage, MessageStore } from './mailbox-messages.ts';
import { answerMailboxRequest } from './mailbox-page.ts';

const LOOPBACK = '127.0.0.1';
const LARGEST_MESSAGE_BYTES = 5 * 1024 * 1024;
const TOO_LARGE = 552;

export interface Mailbox {
  /** For SMTP_URL. No password, no TLS. */
  smtpUrl: string;
  /** A page for people; `/messages` below it is the same for programs. */
  pageUrl: string;
  /** Oldest first. */
  messages(): MailboxMessage[];
  /**
   * The newest message that the predicate accepts, waiting for it when it is not there yet.
   *
   * @throws after `timeoutMs`, naming the messages that did come
   */
  waitFor(predicate: (message: MailboxMessage) => boolean, timeoutMs?: number): Promise<MailboxMessage>;
  clear(): void;
  stop(): Promise<void>;
}

/**
 * Starts a mail server that delivers nothing: what it takes can be read on a web page, as JSON, and by tests. It
 * speaks real SMTP, so what was sent is what a real server would have seen. Loopback only, in memory only.
 *
 * @throws when a given port is busy; without ports, free ones are taken
 */
export async function startMailbox(options: { smtpPort?: number; httpPort?: number } = {}): Promise<Mailbox> {
  const store = new MessageStore();
  const smtp = smtpServer(store);
  const http = createServer((request, response) => answerMailboxRequest(store, request, response));
  const smtpPort = await listen(smtp.server, options.smtpPort, 'SMTP');
  let httpPort: number;
  try {
    httpPort = await listen(http, options.httpPort, 'HTTP');
  } catch (error) {
    await closeSmtp(smtp);
    throw error;
  }
  return {
    smtpUrl: `smtp://${LOOPBACK}:${smtpPort}`,
    pageUrl: `http://localhost:${httpPort}`,
    messages: () => store.all(),
    waitFor: (predicate, timeoutMs = 5_000) => store.waitFor(predicate, timeoutMs),
    clear: () => store.clear(),
    async stop() {
      http.closeAllConnections();
      await Promise.all([closeSmtp(smtp), new Promise((done) => http.close(done))]);
    },
  };
}

function smtpServer(store: MessageStore): SMTPServer {
  const server = new SMTPServer({
    banner: 'Souk mailbox: keeps, never delivers',
    size: LARGEST_MESSAGE_BYTES,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    authOptional: true,
    onData(stream, session, done) {
      receive(store, stream, session).then(
        () => done(),
        (error: Error) => done(error),
      );
    },
  });
  // A client that hangs up in the middle is its own trouble; without a listener it would end this process.
  server.on('error', () => {});
  return server;
}

async function receive(store: MessageStore, stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    // Read to the end all the same: the client listens only after it has sent everything.
    if (bytes <= LARGEST_MESSAGE_BYTES) chunks.push(chunk);
  }
  if (bytes > LARGEST_MESSAGE_BYTES) {
    const refusal = new Error(
      `The mailbox takes messages up to ${LARGEST_MESSAGE_BYTES} bytes; this one has ${bytes}.`,
    );
    throw Object.assign(refusal, { responseCode: TOO_LARGE });
  }
  const email = await PostalMime.parse(Buffer.concat(chunks), { attachmentEncoding: 'arraybuffer' });
  store.add({ ...readable(email), recipients: session.envelope.rcptTo.map((one) => one.address) });
}

function readable(email: Email): Omit<MailboxMessage, 'id' | 'receivedAt' | 'recipients'> {
  return {
    from: email.from ? written(email.from) : '',
    to: (email.to ?? []).map(written).join(', '),
    subject: email.subject ?? '',
    text: email.text ?? '',
    html: email.html ?? '',
    headers: email.headers.map((header) => ({ name: header.key, value: header.value })),
    attachments: email.attachments.map((attachment, position) => ({
      filename: attachment.filename ?? `attachment-${position + 1}`,
      mimeType: attachment.mimeType,
      bytes:
        typeof attachment.content === 'string' ? Buffer.from(attachment.content) : new Uint8Array(attachment.content),
    })),
  };
}

function written(address: Address): string {
  if (!address.address) return (address.group ?? []).map(written).join(', ');
  return address.name ? `${address.name} <${address.address}>` : address.address;
}

async function listen(server: Server, port: number | undefined, what: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`The mailbox cannot listen for ${what} on ${LOOPBACK}:${port ?? 0}: ${error.message}`)),
    );
    server.listen(port ?? 0, LOOPBACK, () => resolve());
  });
  // A listening TCP server's address is always an AddressInfo; only pipes answer with a string.
  return (server.address() as AddressInfo).port;
}

function closeSmtp(smtp: SMTPServer): Promise<void> {
  return new Promise((resolve) => smtp.close(() => resolve()));
}
