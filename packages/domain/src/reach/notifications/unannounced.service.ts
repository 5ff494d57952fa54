import type { Ctx } from '../../kernel/ctx.ts';
import type { WaitingEvent } from '../../kernel/dispatch.ts';
import { newId } from '../../kernel/ids.ts';
import { notifications } from './notifications.schema.ts';

const REASON_LENGTH_MAX = 500;

/** Takes down that nobody could be written to about these events, and why: failed notifications, which stand in the log. */
export async function noteUnannounced(ctx: Ctx, waiting: readonly WaitingEvent[], reason: string): Promise<void> {
  const rows = waiting
    .filter(({ isTest }) => !isTest)
    .map(({ id: eventId, type: template }) => ({
      companyId: ctx.companyId,
      id: newId('ntf'),
      eventId,
      template,
      recipient: '',
      status: 'failed' as const,
      lastError: reason.replaceAll('\0', '').slice(0, REASON_LENGTH_MAX),
    }));
  if (rows.length > 0) await ctx.tx.insert(notifications).values(rows).onConflictDoNothing();
}
