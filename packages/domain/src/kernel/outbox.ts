import type { z } from 'zod';
import type { Ctx } from './ctx.ts';
import type { EventDefinition } from './events.ts';
import { type Id, newId } from './ids.ts';
import { events } from './outbox.schema.ts';
import { seal } from './sealing.ts';

interface Announcement<Data extends z.ZodType, Private extends z.ZodType> {
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
  { aggregate, data, privately }: Announcement<Data, Private>,
): Promise<Id<'evt'>> {
  const id = newId('evt');
  await ctx.tx.insert(events).values({
    companyId: ctx.companyId,
    id,
    type: event.type,
    version: event.version,
    aggregateId: aggregate.id,
    sequence: aggregate.sequence,
    data: event.data.parse(data),
    privately:
      privately === undefined
        ? null
        : seal(JSON.stringify(event.privately?.parse(privately)), `${ctx.companyId}|events|${id}`),
  });
  ctx.nudge();
  return id;
}
