import type { z } from 'zod';
import { insertAll } from './bulk-write.ts';
import type { Ctx } from './ctx.ts';
import type { EventDefinition } from './events.ts';
import { type Id, newId } from './ids.ts';
import { events } from './outbox.schema.ts';
import { seal } from './sealing.ts';

export interface Announcement<Data extends z.ZodType, Private extends z.ZodType> {
  /** The resource the event is about, and the value of its `event_sequence` column, raised under its row lock. */
  aggregate: { id: string; sequence: number };
  data: z.input<Data>;
  privately?: z.input<Private>;
}

/**
 * Announces a fact in the transaction that makes it true. The payload is parsed by the event's schema; one that does
 * not fit throws and undoes the work. Returns the event's id.
 */
export async function emit<Data extends z.ZodType, Private extends z.ZodType>(
  ctx: Ctx,
  event: EventDefinition<Data, Private>,
  announcement: Announcement<Data, Private>,
): Promise<Id<'evt'>> {
  const row = eventRow(ctx, event, announcement);
  await ctx.tx.insert(events).values(row);
  ctx.nudge();
  return row.id;
}

/** Announces many facts of one kind in one statement, in their order. As `emit`; none is fine. */
export async function emitAll<Data extends z.ZodType, Private extends z.ZodType>(
  ctx: Ctx,
  event: EventDefinition<Data, Private>,
  announcements: readonly Announcement<Data, Private>[],
): Promise<void> {
  if (announcements.length === 0) return;
  const rows = announcements.map((announcement) => eventRow(ctx, event, announcement));
  await insertAll(ctx, events, rows);
  ctx.nudge();
}

/**
 * The row of an event, parsed by its schema, for a statement that writes it together with what it tells. Whoever writes
 * it calls `ctx.nudge()`.
 */
export function eventRow<Data extends z.ZodType, Private extends z.ZodType>(
  { companyId }: Ctx,
  event: EventDefinition<Data, Private>,
  { aggregate, data, privately }: Announcement<Data, Private>,
) {
  const id = newId('evt');
  return {
    companyId,
    id,
    type: event.type,
    version: event.version,
    aggregateId: aggregate.id,
    sequence: aggregate.sequence,
    isTest: false,
    endpointId: null,
    data: event.data.parse(data),
    privately:
      privately === undefined
        ? null
        : seal(JSON.stringify(event.privately?.parse(privately)), `${companyId}|events|${id}`),
  };
}
