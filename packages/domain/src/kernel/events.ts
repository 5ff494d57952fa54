import type { z } from 'zod';

/** A fact of the past: a stable name, a schema, a version and a sample that parses. Merchants receive it as a webhook. */
export interface EventDefinition<Data extends z.ZodType = z.ZodType, Private extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly version: number;
  /** When it is announced, in one sentence for whoever receives it. */
  readonly about: string;
  readonly data: Data;
  readonly sample: z.input<Data>;
  /** What only our own workers may read (a reset token for its mail). Stored sealed, wiped when the event is dispatched. */
  readonly privately?: Private;
}

const events = new Map<string, EventDefinition>();
const TYPE_FORM = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/; // Standard Webhooks: dot-separated words of [a-zA-Z0-9_]

/** Declares an event. Throws on a bad name and on a second declaration of the same one. */
export function defineEvent<Data extends z.ZodType, Private extends z.ZodType = z.ZodNever>(
  type: string,
  data: Data,
  more: { about: string; sample: z.input<Data>; version?: number; privately?: Private },
): EventDefinition<Data, Private> {
  if (!TYPE_FORM.test(type)) throw new Error(`Not an event name: ${type}`);
  if (events.has(type)) throw new Error(`Event ${type} is declared twice`);
  const { about, sample, version = 1, privately } = more;
  const definition = { type, version, about, data, sample, privately };
  events.set(type, definition as unknown as EventDefinition); // the map forgets the exact schemas, nobody reads them there
  return definition;
}

/** All declared events by name. */
export const allEvents = (): EventDefinition[] => [...events.values()].sort((a, b) => (a.type < b.type ? -1 : 1));

/** The definition of a stored event, if this version of the code still knows it. */
export const eventOf = (type: string): EventDefinition | undefined => events.get(type);
