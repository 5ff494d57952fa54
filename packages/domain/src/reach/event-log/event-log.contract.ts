import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';
import { eventPatterns } from './event-patterns.ts';

export { eventPattern } from './event-patterns.ts';

/** `GET /v1/events`, newest first. */
export const eventsQuery = listQuery.extend({
  type: eventPatterns.optional(),
  aggregateId: text(100).optional().meta({
    description: 'What the events are about: the id of the resource in `data`.',
    example: 'ord_01h455vb4pex5vsknk084sn02q',
  }),
  createdGte: instant.optional().meta({ description: 'Events of this moment and later.' }),
  createdLte: instant.optional().meta({ description: 'Events of this moment and earlier.' }),
  test: z
    .enum(['true', 'false'])
    .default('false')
    .transform((word) => word === 'true')
    .meta({ description: 'Made-up events, which somebody sent to try a receiver, instead of real ones.' }),
});
export type EventsQuery = z.infer<typeof eventsQuery>;

/** One event: what webhooks carry of it, and what they leave out. */
export const eventView = z.object({
  id: idOf('evt'),
  type: z.string(),
  version: z.int().meta({ description: 'Of the schema of `data`.' }),
  timestamp: instant,
  aggregateId: z.string().meta({ description: 'What it is about: the resource in `data`.' }),
  sequence: z.int().meta({ description: 'Rises with the events about one thing: what is older can be dropped.' }),
  data: z.record(z.string(), z.unknown()).meta({ description: 'A full snapshot; GET /v1/event-types has its schema.' }),
  test: z.boolean().meta({ description: 'Made up, to try a receiver.' }),
  dispatchedAt: instant.nullable().meta({ description: 'When webhooks and mails were made of it; null: not yet.' }),
});
export type EventView = z.infer<typeof eventView>;
export const eventsPage = pageOf(eventView);

export const eventTypesQuery = z.strictObject({ type: eventPatterns.optional() });
export type EventTypesQuery = z.infer<typeof eventTypesQuery>;

const jsonObject = z.record(z.string(), z.unknown());

/** A type of event, as the catalogue has it. */
export const eventTypeView = z.object({
  type: z.string(),
  version: z.int(),
  description: z.string().meta({ description: 'When it is announced.' }),
  sample: jsonObject.meta({ description: 'What `data` looks like.' }),
  schema: jsonObject.meta({ description: 'The JSON Schema (2020-12) of `data`.' }),
});
export type EventTypeView = z.infer<typeof eventTypeView>;
export const eventTypesPage = pageOf(eventTypeView);

export const eventStreamQuery = z.strictObject({ types: eventPatterns.optional() });
