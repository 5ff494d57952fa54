import { sql } from 'drizzle-orm';
import { boolean, check, foreignKey, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import { createdAt, relayMayLook, tenantId, walls } from '../../kernel/tables.ts';

/** One message to one person because of one event. The row decides whether it is still to be sent; the queue only rings. */
export const notifications = pgTable(
  'notifications',
  {
    ...tenantId('ntf'),
    eventId: idColumn('evt', 'event_id').notNull(),
    channel: text('channel').$type<'email'>().notNull().default('email'),
    template: text('template').notNull(),
    recipient: text('recipient').notNull(),
    /** The address folded, to be found by. */
    recipientKey: text('recipient_key').notNull().default(''),
    /**
     * What the template needs, sealed: it may hold a link that opens an account. What does is emptied once sent or given
     * up; the others stay, without the link of their order, to be sent again.
     */
    parameters: text('parameters'),
    status: text('status').$type<NotificationStatus>().notNull().default('pending'),
    attempts: integer('attempts').notNull().default(0),
    /** Of the attempts those that count towards giving up: all but those that found no mail server. */
    countedAttempts: integer('counted_attempts').notNull().default(0),
    /** False: whom it tells of was erased. What it says goes once it is sent or given up. */
    isKept: boolean('is_kept').notNull().default(true),
    /** When it is next due; pushed ahead while a worker holds it, so that a crash delays it and loses nothing. */
    dueAt: instantColumn('due_at').notNull().default(sql`now()`),
    lastError: text('last_error'),
    sentAt: instantColumn('sent_at'),
    /** The one that this repeats, because somebody asked for it. */
    originalId: idColumn('ntf', 'original_id'),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    // One that was asked for again stands beside the first.
    uniqueIndex('notifications_once')
      .on(t.companyId, t.eventId, t.template, t.recipient)
      .where(sql`original_id is null`),
    check('notifications_status', sql`status in ('pending', 'sent', 'failed')`),
    foreignKey({ columns: [t.companyId, t.eventId], foreignColumns: [events.companyId, events.id] }),
    index('notifications_by_event').on(t.companyId, t.eventId),
    index('notifications_due').on(t.companyId, t.dueAt).where(sql`status = 'pending'`),
    index('notifications_failed').on(t.companyId, t.id).where(sql`status = 'failed'`),
    index('notifications_by_recipient').on(t.companyId, t.recipientKey, t.id),
  ],
);

export type NotificationStatus = 'pending' | 'sent' | 'failed';

/** One try to hand a notification to a mail server, append-only. */
export const notificationAttempts = pgTable(
  'notification_attempts',
  {
    ...tenantId('nta'),
    notificationId: idColumn('ntf', 'notification_id').notNull(),
    /** From 1. */
    number: integer('number').notNull(),
    at: instantColumn('at').notNull().default(sql`now()`),
    /** Null: the mail server took it. */
    error: text('error'),
    /** What somebody should know though it went out: that the company's own words could not be used. */
    note: text('note'),
  },
  (t) => [
    ...walls(t),
    foreignKey({
      columns: [t.companyId, t.notificationId],
      foreignColumns: [notifications.companyId, notifications.id],
    }),
    index('notification_attempts_by_notification').on(t.companyId, t.notificationId, t.number),
  ],
);
