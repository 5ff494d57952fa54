import { and, asc, eq, gt, inArray, lte, type SQL, sql } from 'drizzle-orm';
import { companies } from '../../company/companies/companies.schema.ts';
import { getSettings } from '../../company/settings/settings.service.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import type { WaitingEvent } from '../../kernel/dispatch.ts';
import { type CompanyId, type Id, newId } from '../../kernel/ids.ts';
import { seal, unseal } from '../../kernel/sealing.ts';
import { mine } from '../../kernel/tables.ts';
import { addOrderLinks } from '../../sales/orders/order-links.service.ts';
import { type Message, messagesFor, UnreadableEvent } from './notification-rules.ts';
import { notifications } from './notifications.schema.ts';
import { ASKS_WISHES, type CompanyWishes } from './order-rules.ts';
import { ATTEMPTS_MAX, LEASE_SECONDS, pauseAfter } from './sending-attempts.ts';

const ERROR_LENGTH_MAX = 500;
const NO_WISHES: CompanyWishes = { orderMailsTo: [] };

/** A notification taken by one worker, for as long as its lease. */
export interface Taken {
  readonly id: Id<'ntf'>;
  readonly recipient: string;
  /** Which attempt this is, from 1. Recorded with the outcome, so that a worker that lost its lease records nothing. */
  readonly attempt: number;
  readonly companyName: string;
  /** Where the company's shop is, if the settings say so; without a slash at its end. */
  readonly shopUrl: string | null;
  /** Opens the sealed message. Throws if it cannot be read. */
  open(): Message;
}

/**
 * Writes the notifications that events call for, in the transaction that dispatches them; returns how many are to be sent.
 * An event comes here once, but should it come twice its notification is there already.
 */
export async function announce(ctx: Ctx, waiting: readonly WaitingEvent[]): Promise<number> {
  const asksWishes = waiting.some(({ type }) => ASKS_WISHES.has(type));
  const wishes = asksWishes ? await getSettings(ctx, 'notification') : NO_WISHES;
  const called = waiting.map((event) => ({ event, calls: callsOf(event, wishes) }));
  const messages = called.flatMap(({ calls }) => (calls instanceof UnreadableEvent ? [] : calls));
  const tokens = await addOrderLinks(ctx, messages.flatMap(orderOf));
  const rows = called.flatMap(({ event, calls }) =>
    calls instanceof UnreadableEvent
      ? [failedRow(ctx.companyId, event, calls)]
      : calls.map((message) => rowOf(ctx.companyId, event, leading(message, tokens))),
  );
  if (rows.length === 0) return 0;
  await ctx.tx.insert(notifications).values(rows).onConflictDoNothing();
  return rows.filter(({ status }) => status === 'pending').length;
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

const orderOf = ({ parameters }: Message): string[] => ('orderId' in parameters ? [parameters.orderId] : []);

/** A message to a shopper with the token that opens its order: no event carries one, and whoever reads events needs none. */
function leading(message: Message, tokens: ReadonlyMap<string, string>): Message {
  const [orderId] = orderOf(message);
  if (orderId === undefined) return message;
  const parameters = { ...message.parameters, token: tokens.get(orderId) ?? null };
  // Spreading a union loses which of it it is; nothing of it but the token is another.
  return { ...message, parameters } as Message;
}

function rowOf(companyId: CompanyId, { id: eventId }: WaitingEvent, message: Message): Row {
  const id = newId('ntf');
  const parameters = seal(JSON.stringify(message), boundTo(companyId, id));
  const { template, recipient } = message;
  return { companyId, eventId, id, template, recipient, status: 'pending', parameters };
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
    .select({ id: notifications.id })
    .from(notifications)
    .where(mine(ctx, notifications, eq(notifications.status, 'pending'), lte(notifications.dueAt, sql`now()`)))
    .orderBy(asc(notifications.dueAt))
    .limit(max)
    .for('update', { skipLocked: true });
  if (due.length === 0) return [];
  const ids = due.map(({ id }) => id);
  const [rows, [company], { url }] = await Promise.all([
    ctx.tx
      .update(notifications)
      .set({
        attempts: sql`${notifications.attempts} + 1`,
        dueAt: sql`now() + make_interval(secs => ${LEASE_SECONDS})`,
      })
      .where(mine(ctx, notifications, inArray(notifications.id, ids)))
      .returning(),
    ctx.tx.select({ name: companies.name }).from(companies).where(mine(ctx, companies)),
    getSettings(ctx, 'storefront'),
  ]);
  const around = { companyName: company?.name ?? '', shopUrl: url?.replace(/\/+$/, '') ?? null };
  const spent = rows.filter(({ attempts }) => attempts > ATTEMPTS_MAX).map(({ id }) => id);
  if (spent.length > 0) await giveUp(ctx, inArray(notifications.id, spent), 'The worker stopped during each attempt.');
  return rows.filter(({ attempts }) => attempts <= ATTEMPTS_MAX).map((row) => takenOf(row, around));
}

function takenOf(row: typeof notifications.$inferSelect, around: Pick<Taken, 'companyName' | 'shopUrl'>): Taken {
  return {
    id: row.id,
    recipient: row.recipient,
    attempt: row.attempts,
    ...around,
    // Sealed by `announce` from a Message, and bound to this row.
    open: () => JSON.parse(unseal(row.parameters ?? '', boundTo(row.companyId, row.id))) as Message,
  };
}

/** The message was taken by the mail server: nothing of it is kept but that it was sent. */
export async function recordSent(ctx: Ctx, taken: Taken): Promise<void> {
  await ctx.tx
    .update(notifications)
    .set({ status: 'sent', sentAt: sql`now()`, parameters: null, lastError: null })
    .where(mine(ctx, notifications, stillHeld(taken)));
}

/**
 * The attempt failed. It is made again after a pause, unless it is `final` or was the last one. A worker that lost its
 * lease changes nothing: how it ends is said by whoever holds it now.
 */
export async function recordFailure(
  ctx: Ctx,
  taken: Taken,
  reason: string,
  final: boolean,
): Promise<'failed' | 'again'> {
  const lastError = shortened(reason);
  if (final || taken.attempt >= ATTEMPTS_MAX) {
    const given = await giveUp(ctx, stillHeld(taken), lastError);
    return given > 0 ? 'failed' : 'again';
  }
  await ctx.tx
    .update(notifications)
    .set({ lastError, dueAt: sql`now() + make_interval(secs => ${pauseAfter(taken.attempt)})` })
    .where(mine(ctx, notifications, stillHeld(taken)));
  return 'again';
}

async function giveUp(ctx: Ctx, which: SQL | undefined, lastError: string): Promise<number> {
  const given = await ctx.tx
    .update(notifications)
    .set({ status: 'failed', lastError, parameters: null })
    .where(mine(ctx, notifications, which))
    .returning({ id: notifications.id });
  return given.length;
}

const stillHeld = ({ id, attempt }: Taken) =>
  and(eq(notifications.id, id), eq(notifications.status, 'pending'), eq(notifications.attempts, attempt));

/** Deletes what is kept about events that are about to be deleted. */
export async function forgetNotifications(ctx: Ctx, eventIds: readonly Id<'evt'>[]): Promise<void> {
  await ctx.tx.delete(notifications).where(mine(ctx, notifications, inArray(notifications.eventId, [...eventIds])));
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

const boundTo = (companyId: CompanyId, id: string) => `${companyId}|notifications|parameters|${id}`;
// PostgreSQL stores no NUL, and a mail server may answer anything.
const shortened = (reason: string) => reason.replaceAll('\0', '').slice(0, ERROR_LENGTH_MAX);
