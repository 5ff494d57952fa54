import { z } from 'zod';
import { allEvents, type EventDefinition } from '../../kernel/events.ts';
import type { Page } from '../../kernel/page.ts';
import type { EventTypesQuery, EventTypeView } from './event-log.contract.ts';
import { typesCoveredBy } from './event-patterns.ts';

const views = new WeakMap<EventDefinition, EventTypeView>();

/** Every event there is, or those that are asked for: the catalogue, from the running code. */
export function listEventTypes({ type }: EventTypesQuery): Page<EventTypeView> {
  const asked = type && new Set(typesCoveredBy(type));
  const shown = allEvents().filter((event) => !asked || asked.has(event.type));
  return { data: shown.map(eventTypeOf), page: { hasMore: false, next: null } };
}

/** An event with the JSON Schema of its data; made once in a process. */
export function eventTypeOf(event: EventDefinition): EventTypeView {
  const known = views.get(event);
  if (known) return known;
  // As it is written, not as code reads it: ids have their form then, and nobody is told that no field will ever be added.
  const { $schema: _, ...schema } = z.toJSONSchema(event.data, { io: 'input', unrepresentable: 'any' });
  const { type, version, about: description } = event;
  const view = { type, version, description, sample: event.data.parse(event.sample), schema } as EventTypeView; // data are objects: `declarations.test.ts`
  views.set(event, view);
  return view;
}
