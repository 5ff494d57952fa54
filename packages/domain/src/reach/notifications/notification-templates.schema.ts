import { sql } from 'drizzle-orm';
import { check, integer, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';

/** A company's own words for one kind of mail, in Liquid, in place of ours. */
export const notificationTemplates = pgTable(
  'notification_templates',
  {
    ...tenantId('ntt'),
    /** Which mail it is, like `order-placed`. */
    template: text('template').notNull(),
    subject: text('subject').notNull(),
    /** The mail as HTML. */
    html: text('html').notNull(),
    /** The mail for readers without HTML; null: made from the HTML. */
    text: text('text'),
    version: integer('version').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    unique('notification_templates_once').on(t.companyId, t.template),
    check('notification_templates_subject', sql`subject <> ''`),
  ],
);
