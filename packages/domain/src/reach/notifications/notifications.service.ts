import { and, asc, eq, gt, inArray, lte, type SQL, sql } from 'drizzle-orm';
import { roles } from '../../company/iam/iam.schema.ts';
import { getSettings } from '../../company/settings/settings.service.ts';
import { staff, staffRoles } from '../../identity/staff/staff.schema.ts';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import type { WaitingEvent } from '../../kernel/dispatch.ts';
import { type CompanyId, type Id, newId } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { emailKey } from '../../kernel/text.ts';
import { addOrderLinks } from '../../sales/orders/order-links.service.ts';
import type { CompanyWishes } from './company-wishes.ts';
import { REPEATABLE, type StoredWording } from './email-templates.ts';
import { ASKS_WISHES, type Message, messagesFor, UnreadableEvent } from './notification-rules.ts';
import { wordingsOf } from './notification-templates.service.ts';
import { notifications } from './notifications.schema.ts';
import { openMessage, sealMessage } from './sealed-message.ts';
import { readSender, type Sender } from './sender.service.ts';
import { ATTEMPTS_MAX, AWAY_HOURS_MAX, LEASE_SECONDS, pauseAfter } from './sending-attempts.ts';

const ERROR_LENGTH_MAX = 500;

/** A notification taken by one worker, for as long as its lease. */
export interface Taken extends Sender {
  readonly id: Id<'ntf'>;
  readonly recipient: string;
  /** Which attempt this is, from 1. Recorded with the outcome, so that a worker that lost its lease records nothing. */
  readonly attempt: number;
  /** How many of them count towards giving up, with this one. */
  readonly counted: number;
  /** What the company says in this mail instead of us. */
  readonly wording: StoredWording | null;
  /** Opens the sealed message. Throws if it cannot be read. */
  open(): Message;
}

/**
 * Writes the notifications that events call for, in the transaction that dispatches them; returns how many are to be sent.
 * An event comes here once, but should it come twice its notification is there already. Of made-up events nobody hears.
 * Throws `MasterKeyUnknown`: an event that this process has no key for must wait, whole, for one that has.
 */
export async function announce(ctx: Ctx, all: readonly WaitingEvent[]): Promise<number> {
  const waiting = all.filter(({ isTest }) => !isTest);
  const wishes = await wishesFor(ctx, waiting);
  const rows = waiting.flatMap((event) => {
    const calls = callsOf(event, wishes);
    if (calls instanceof UnreadableEvent) return [failedRow(ctx.companyId, event, calls)];
    return calls.map((message) => rowOf(ctx.companyId, event, message));
  });
  if (rows.length === 0) return 0;
  await ctx.tx.insert(notifications).values(rows).onConflictDoNothing();
  return rows.filter(({ status }) => status === 'pending').length;
}

/** Reads what of the wishes these events ask for. */
async function wishesFor(ctx: Ctx, waiting: readonly WaitingEvent[]): Promise<CompanyWishes> {
  const asks = (wish: keyof CompanyWishes) => waiting.some(({ type }) => ASKS_WISHES[wish].has(type));
  return {
    orderMailsTo: asks('orderMailsTo') ? (await getSettings(ctx, 'notification')).orderMailsTo : [],
    failureMailsTo: asks('failureMailsTo') ? await failureMailsTo(ctx) : [],
  };
}

/** Those the settings name; where they name nobody, the owners. */
async function failureMailsTo(ctx: Ctx): Promise<string[]> {
  const { failureMailsTo } = await getSettings(ctx, 'webhooks');
  if (failureMailsTo.length > 0) return failureMailsTo;
  const owners = await ctx.tx
    .select({ email: staff.email })
    .from(staff)
    .innerJoin(staffRoles, and(mine(ctx, staffRoles), eq(staffRoles.staffId, staff.id)))
    .innerJoin(roles, and(mine(ctx, roles), eq(roles.id, staffRoles.roleId)))
    .where(mine(ctx, staff, eq(roles.systemKey, 'owner'), eq(staff.status, 'active')))
    .orderBy(asc(staff.id));
  return owners.map(({ email }) => email);
}

type Row = typeof notifications.$inferInsert;

function callsOf(event: WaitingEvent, wishes: CompanyWishes): Message[] | UnreadableEvent {
  try {
    return messagesFor(event, wishes);
  } catch (error) {
    if (error instanceof UnreadableEvent) return error;
    throw error;
  }
}

function rowOf(companyId: CompanyId, { id: eventId }: WaitingEvent, message: Message): Row {
  const id = newId('ntf');
  const { template, recipient } = message;
  const address = { recipient, recipientKey: emailKey(recipient) };
  return {
    companyId,
    eventId,
    id,
    template,
    ...address,
    status: 'pending',
    parameters: sealMessage(companyId, id, message),
  };
}

/** Kept as failed: one event nobody can read must not hold up those behind it, nor vanish. */
function failedRow(companyId: CompanyId, { id: eventId, type }: WaitingEvent, { message }: UnreadableEvent): Row {
  const lastError = message.slice(0, ERROR_LENGTH_MAX);
  return { companyId, eventId, id: newId('ntf'), template: type, recipient: '', status: 'failed', lastError };
}

/**
 * Takes up to `max` due notifications: counts the attempt and pushes the due time ahead before anything is sent, so that
 * a worker that dies delays them and loses nothing. Those out of attempts are given up here.
 */
export async function takeDue(ctx: Ctx, max: number): Promise<Taken[]> {
  const due = await ctx.tx
    .select({ id: notifications.id, template: notifications.template })
    .from(notifications)
    .where(mine(ctx, notifications, eq(notifications.status, 'pending'), lte(notifications.dueAt, sql`now()`)))
    .orderBy(asc(notifications.dueAt))
    .limit(max)
    .for('update', { skipLocked: true });
  if (due.length === 0) return [];
  const [rows, sender, wordings] = await Promise.all([
    ctx.tx
      .update(notifications)
      .set({
        attempts: sql`${notifications.attempts} + 1`,
        countedAttempts: sql`${notifications.countedAttempts} + 1`,
        dueAt: sql`now() + make_interval(secs => ${LEASE_SECONDS})`,
      })
      .where(
        mine(
          ctx,
          notifications,
          inArray(
            notifications.id,
            due.map(({ id }) => id),
          ),
        ),
      )
      .returning(),
    readSender(ctx),
    wordingsOf(
      ctx,
      due.map(({ template }) => template),
    ),
  ]);
  const spent = rows.filter(({ countedAttempts }) => countedAttempts > ATTEMPTS_MAX).map(({ id }) => id);
  if (spent.length > 0) await giveUp(ctx, spent);
  const taken = rows
    .filter(({ countedAttempts }) => countedAttempts <= ATTEMPTS_MAX)
    .map((row) => ({ row, message: opened(row), wording: wordings.get(row.template) ?? null }));
  const tokens = await addOrderLinks(
    ctx,
    [...taken].flatMap(({ message }) => orderOf(message)),
  );
  return taken.map(({ row, message, wording }) => ({
    id: row.id,
    recipient: row.recipient,
    attempt: row.attempts,
    counted: row.countedAttempts,
    wording,
    ...sender,
    open: () => leading(message, tokens),
  }));
}

const opened = (row: typeof notifications.$inferSelect): Message | Error => {
  try {
    return openMessage(row);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

const orderOf = (message: Message | Error): string[] =>
  !(message instanceof Error) && 'orderId' in message.parameters ? [message.parameters.orderId] : [];

/** A message to a shopper with the token that opens its order. It is made now, so that it is good as long as it can be. */
function leading(message: Message | Error, tokens: ReadonlyMap<string, string>): Message {
  if (message instanceof Error) throw message;
  const [orderId] = orderOf(message);
  if (orderId === undefined) return message;
  const parameters = { ...message.parameters, token: tokens.get(orderId) ?? null };
  // Spreading a union loses which of it it is; nothing of it but the token is another.
  return { ...message, parameters } as Message;
}

/**
 * The message was taken by the mail server. What may be sent again is kept; of the rest nothing but that it was sent.
 * `note`: what somebody should know nonetheless.
 */
export async function recordSent(ctx: Ctx, taken: Taken, note: string | null = null): Promise<void> {
  const sent = sql`status = 'sent', sent_at = now(), last_error = null, parameters = ${KEPT}`;
  await ctx.tx.execute(recorded(ctx, taken, { error: null, note: note && shortened(note) }, sent));
}

/**
 * Why an attempt failed, and what comes of it. `final`: nothing will help. `again`: a few more attempts. `away`: it says
 * nothing of this mail (no mail server, no key), so it does not count, and is made again for days.
 */
export interface Failure {
  readonly reason: string;
  readonly kind: 'final' | 'again' | 'away';
}

/**
 * The attempt failed. It is made again after a pause, unless it is final or was the last one. A worker that lost its
 * lease adds its attempt and changes nothing else: how it ends is said by whoever holds it now.
 */
export async function recordFailure(ctx: Ctx, taken: Taken, { reason, kind }: Failure): Promise<'failed' | 'again'> {
  const error = shortened(reason);
  const isAway = kind === 'away';
  const isOver = isAway
    ? sql`created_at < now() - make_interval(hours => ${AWAY_HOURS_MAX})`
    : sql`${kind === 'final' || taken.counted >= ATTEMPTS_MAX}::boolean`;
  const pause = pauseAfter(isAway ? taken.attempt : taken.counted);
  const [changed] = await ctx.tx.execute<{ status: string }>(
    recorded(
      ctx,
      taken,
      { error, note: null },
      sql`last_error = ${error}, counted_attempts = counted_attempts - ${isAway ? 1 : 0},
        due_at = now() + make_interval(secs => ${pause}), status = case when ${isOver} then 'failed' else status end,
        parameters = case when ${isOver} then ${KEPT} else parameters end`,
    ),
  );
  return changed?.status === 'failed' ? 'failed' : 'again';
}

const KEPT = sql`case when is_kept and ${isAnyOf(sql`template`, REPEATABLE)} then parameters end`;

/** One statement: the attempt, and how it ended, for as long as the worker still holds the notification. */
const recorded = (ctx: Ctx, { id, attempt }: Taken, said: { error: string | null; note: string | null }, set: SQL) =>
  sql`with tried as (
      insert into notification_attempts (company_id, id, notification_id, number, error, note)
      select company_id, ${newId('nta')}, id, ${attempt}, ${said.error}::text, ${said.note}::text from notifications
      where company_id = ${ctx.companyId} and id = ${id})
    update notifications set ${set}
    where company_id = ${ctx.companyId} and id = ${id} and status = 'pending' and attempts = ${attempt}
    returning status`;

async function giveUp(ctx: Ctx, ids: readonly Id<'ntf'>[]): Promise<void> {
  await ctx.tx
    .update(notifications)
    .set({ status: 'failed', lastError: 'The worker stopped during each attempt.', parameters: KEPT })
    .where(mine(ctx, notifications, inArray(notifications.id, [...ids])));
}

/** Deletes what is kept about events that are about to be deleted. */
export async function forgetNotifications(ctx: Ctx, eventIds: readonly Id<'evt'>[]): Promise<void> {
  const about = mine(ctx, notifications, inArray(notifications.eventId, [...eventIds]));
  await ctx.tx.execute(
    sql`delete from notification_attempts where company_id = ${ctx.companyId} and notification_id in
      (select ${notifications.id} from ${notifications} where ${about})`,
  );
  await ctx.tx.delete(notifications).where(about);
}

/** As the relay role, in no company: which companies have notifications due; by id, from the one behind `after` on. */
export async function companiesWithDueNotifications(tx: Tx, limit: number, after?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: notifications.companyId })
    .from(notifications)
    .where(
      and(
        eq(notifications.status, 'pending'),
        lte(notifications.dueAt, sql`now()`),
        after && gt(notifications.companyId, after),
      ),
    )
    .groupBy(notifications.companyId)
    .orderBy(asc(notifications.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}

// PostgreSQL stores no NUL, and a mail server may answer anything.
const shortened = (reason: string) => reason.replaceAll('\0', '').slice(0, ERROR_LENGTH_MAX);
