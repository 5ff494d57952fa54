import { EventEmitter, once } from 'node:events';

/** The oldest message goes when one more comes. */
const MOST_MESSAGES = 500;

export interface MailboxAttachment {
  filename: string;
  mimeType: string;
  bytes: Uint8Array;
}

export interface MailboxMessage {
  /** Counts up from 1 while the mailbox runs. */
  id: number;
  receivedAt: Date;
  /** Who really gets it (the envelope), whatever the headers say. */
  recipients: string[];
  from: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  headers: { name: string; value: string }[];
  attachments: MailboxAttachment[];
}

/** The messages that came, newest last, at most MOST_MESSAGES. */
export class MessageStore {
  #messages: MailboxMessage[] = [];
  #lastId = 0;
  readonly #arrivals = new EventEmitter().setMaxListeners(0);

  all(): MailboxMessage[] {
    return [...this.#messages];
  }

  byId(id: number): MailboxMessage | undefined {
    return this.#messages.find((message) => message.id === id);
  }

  clear(): void {
    this.#messages = [];
  }

  add(message: Omit<MailboxMessage, 'id' | 'receivedAt'>): MailboxMessage {
    this.#lastId += 1;
    const stored = { ...message, id: this.#lastId, receivedAt: new Date() };
    this.#messages.push(stored);
    if (this.#messages.length > MOST_MESSAGES) this.#messages.shift();
    this.#arrivals.emit('message');
    return stored;
  }

  async waitFor(predicate: (message: MailboxMessage) => boolean, timeoutMs: number): Promise<MailboxMessage> {
    const signal = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const found = this.#messages.findLast(predicate);
      if (found) return found;
      try {
        await once(this.#arrivals, 'message', { signal });
      } catch {
        const seen = this.#messages.map((message) => `"${message.subject}" to ${message.recipients.join(', ')}`);
        const what = seen.length === 0 ? 'no message at all' : `only: ${seen.join('; ')}`;
        throw new Error(`The mailbox waited ${timeoutMs} ms for a message and got ${what}.`);
      }
    }
  }
}
