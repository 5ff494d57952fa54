import { and, asc, eq, inArray, or, sql } from 'drizzle-orm';
import type { Eraser } from '../../identity/customer-accounts/personal-data.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { emailKey } from '../../kernel/text.ts';
import { orders } from '../../sales/orders/orders.schema.ts';
import { kindNamed, REPEATABLE } from './email-templates.ts';
import type { NotificationDetail, NotificationsQuery, NotificationView } from './notifications.contract.ts';
import { LinkGoodOnce, NotificationNotKept, NotificationPending, ResendLimitReached } from './notifications.errors.ts';
import { notificationAttempts, notifications } from './notifications.schema.ts';
import { openMessage, sealMessage } from './sealed-message.ts';

/** How often one mail is sent again within a day, whoever asks. */
export const RESENDS_PER_DAY = 5;
const DAY_MS = 86_400_000;

type NotificationId = Id<'ntf'>;
type Row = typeof notifications.$inferSelect;

/** The mails of the last thirty days, newest first. */
export async function listNotifications(
  ctx: Ctx,
  { limit, after, status, template, recipient, eventId }: NotificationsQuery,
): Promise<Page<NotificationView>> {
  const { where, orderBy } = keyset({ columns: [notifications.id], direction: 'desc' }, after);
  const asked = and(
    status && eq(notifications.status, status),
    template === undefined ? undefined : eq(notifications.template, template),
    recipient === undefined ? undefined : eq(notifications.recipientKey, emailKey(recipient)),
    eventId && eq(notifications.eventId, eventId),
  );
  const rows = await ctx.tx
    .select()
    .from(notifications)
    .where(mine(ctx, notifications, asked, where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(rows, limit, ({ id }) => [id], viewOf);
}

/** One mail with every try to send it. Throws `NotFound`. */
export async function showNotification(ctx: Ctx, id: NotificationId): Promise<NotificationDetail> {
  const row = await readRow(ctx, id);
  const attempts = await ctx.tx
    .select({
      id: notificationAttempts.id,
      number: notificationAttempts.number,
      at: notificationAttempts.at,
      error: notificationAttempts.error,
      note: notificationAttempts.note,
    })
    .from(notificationAttempts)
    .where(mine(ctx, notificationAttempts, eq(notificationAttempts.notificationId, id)))
    .orderBy(asc(notificationAttempts.number), asc(notificationAttempts.id));
  return { ...viewOf(row), attempts };
}

/**
 * Sends a mail once more, as a row of its own that points at the first: what it said then, in the words of now and with a
 * new link. One at a time, and a few a day. Throws `NotFound`, `LinkGoodOnce`, `NotificationPending`,
 * `NotificationNotKept` and `ResendLimitReached`.
 */
export async function resendNotification(ctx: Ctx, id: NotificationId): Promise<NotificationView> {
  const asked = await readRow(ctx, id);
  const instead = kindNamed(asked.template)?.instead;
  if (instead !== undefined) throw new LinkGoodOnce(instead);
  const originalId = asked.originalId ?? asked.id;
  const family = await lockFamily(ctx, asked, originalId);
  if (family.some(({ status }) => status === 'pending')) throw new NotificationPending();
  refuseTooOften(ctx, family);
  if (asked.parameters === null) throw new NotificationNotKept();
  const made = newId('ntf');
  const { template, recipient, recipientKey, eventId } = asked;
  const parameters = sealMessage(ctx.companyId, made, openMessage(asked));
  const [row] = await ctx.tx
    .insert(notifications)
    .values({ companyId: ctx.companyId, id: made, eventId, originalId, template, recipient, recipientKey, parameters })
    .returning();
  if (!row) throw new Error('an insert of a notification returned no row');
  const view = viewOf(row);
  ctx.audit({ action: 'notification.resent', entity: { type: 'notification', id: originalId }, after: view });
  ctx.nudge();
  return view;
}

/**
 * What mails to a person who is erased said is not kept any longer, nor what mails about their orders said to anybody, like
 * those to the shop's own people: none of them is sent again. What is on its way still goes out, and is emptied then.
 */
export const emptyMailsOf: Eraser = async (ctx, customerId, provedEmailKey) => {
  const theirOrders = ctx.tx
    .select({ id: orders.id })
    .from(orders)
    .where(mine(ctx, orders, eq(orders.customerId, customerId)));
  const aboutThem = ctx.tx
    .select({ id: events.id })
    .from(events)
    .where(mine(ctx, events, inArray(events.aggregateId, theirOrders)));
  await ctx.tx
    .update(notifications)
    .set({ isKept: false, parameters: sql`case when status = 'pending' then parameters end` })
    .where(
      mine(
        ctx,
        notifications,
        or(
          inArray(notifications.eventId, aboutThem),
          provedEmailKey === null ? undefined : eq(notifications.recipientKey, provedEmailKey),
        ),
      ),
    );
};

/** The mail and those that repeat it. Two who ask at once take turns at the first of them. */
async function lockFamily(ctx: Ctx, { eventId }: Row, originalId: NotificationId): Promise<Row[]> {
  await ctx.tx
    .select({ id: notifications.id })
    .from(notifications)
    .where(mine(ctx, notifications, eq(notifications.id, originalId)))
    .for('update');
  const isOfIt = or(eq(notifications.id, originalId), eq(notifications.originalId, originalId));
  return ctx.tx
    .select()
    .from(notifications)
    .where(mine(ctx, notifications, eq(notifications.eventId, eventId), isOfIt));
}

function refuseTooOften(ctx: Ctx, family: readonly Row[]): void {
  const since = ctx.now.getTime() - DAY_MS;
  const times = family
    .filter(({ originalId, createdAt }) => originalId !== null && Date.parse(createdAt) > since)
    .map(({ createdAt }) => Date.parse(createdAt));
  if (times.length < RESENDS_PER_DAY) return;
  throw new ResendLimitReached(RESENDS_PER_DAY, Math.max(1, Math.ceil((Math.min(...times) - since) / 1_000)));
}

async function readRow(ctx: Ctx, id: NotificationId): Promise<Row> {
  const [row] = await ctx.tx
    .select()
    .from(notifications)
    .where(mine(ctx, notifications, eq(notifications.id, id)));
  if (!row) throw new NotFound('notification');
  return row;
}

const viewOf = (row: Row): NotificationView => ({
  id: row.id,
  eventId: row.eventId,
  originalId: row.originalId,
  channel: row.channel,
  template: row.template,
  recipient: row.recipient,
  status: row.status,
  attemptCount: row.attempts,
  nextAttemptAt: row.status === 'pending' ? row.dueAt : null,
  lastError: row.lastError,
  sentAt: row.sentAt,
  canResend: row.status !== 'pending' && row.parameters !== null && REPEATABLE.includes(row.template),
  createdAt: row.createdAt,
});
