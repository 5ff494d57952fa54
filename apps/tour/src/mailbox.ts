import { until } from './http.ts';
import type { Scene } from './scene.ts';

export interface Mail {
  id: number;
  recipients: string[];
  subject: string;
  text: string;
}

/** Every mail to an address, oldest first. */
export async function mailsTo({ mailbox }: Scene, address: string): Promise<Mail[]> {
  const mails = await mailbox.get<Mail[]>('/messages');
  return mails.filter(({ recipients }) => recipients.includes(address));
}

/** Waits for a mail to an address whose text fits. @throws Surprise when none comes within 20 s */
export async function mailTo(scene: Scene, address: string, pattern: RegExp): Promise<Mail> {
  const mails = await until(`mails to ${address}`, {
    expected: `one with ${pattern}`,
    ask: () => mailsTo(scene, address),
    ok: (came) => came.some(({ text }) => pattern.test(text)),
    withinMs: 20_000,
  });
  // `until` has seen one.
  return mails.findLast(({ text }) => pattern.test(text)) as Mail;
}
