import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { email, text } from '../../kernel/text.ts';

const TEMPLATE_LENGTH_MAX = 100;

export const notificationsQuery = listQuery.extend({
  status: z.enum(['pending', 'sent', 'failed']).optional(),
  template: text(TEMPLATE_LENGTH_MAX).optional().meta({ example: 'order-placed' }),
  recipient: email.optional().meta({ description: 'An address, in capitals or not.' }),
  eventId: idOf('evt').optional(),
});
export type NotificationsQuery = z.infer<typeof notificationsQuery>;

export const notificationView = z.object({
  id: idOf('ntf'),
  eventId: idOf('evt').meta({ description: 'Because of what it was written.' }),
  originalId: idOf('ntf').nullable().meta({ description: 'The mail this one repeats.' }),
  channel: z.enum(['email']),
  template: z.string().meta({ description: 'Which mail; for an event nobody could read, the type of the event.' }),
  recipient: z.string(),
  status: z.enum(['pending', 'sent', 'failed']).meta({ description: '`failed`: given up.' }),
  attemptCount: z.int(),
  nextAttemptAt: instant.nullable().meta({ description: 'When a pending one is due.' }),
  lastError: z.string().nullable(),
  sentAt: instant.nullable(),
  canResend: z.boolean(),
  createdAt: instant,
});
export type NotificationView = z.infer<typeof notificationView>;

export const notificationsPage = pageOf(notificationView);

export const attemptView = z.object({
  id: idOf('nta'),
  number: z.int().meta({ description: 'From 1. One that is missing was cut short by the end of its worker.' }),
  at: instant,
  error: z.string().nullable().meta({ description: 'Why it failed; null: the mail server took it.' }),
  note: z.string().nullable().meta({ description: 'What you should know though it went out.' }),
});

/** One mail with every try to send it, oldest first. */
export const notificationDetail = notificationView.extend({ attempts: z.array(attemptView) });
export type NotificationDetail = z.infer<typeof notificationDetail>;
