import { until } from '../http.ts';
import type { Receiver } from '../receiver.ts';
import type { Company, Scene } from '../scene.ts';
import type { Page } from '../shop-words.ts';
import { Surprise, same } from '../surprise.ts';

interface Endpoint {
  id: string;
  secret: string;
  createdAt: string;
}

export interface LoggedEvent {
  id: string;
  type: string;
  timestamp: string;
  aggregateId: string;
  sequence: number;
  data: unknown;
}

/** The merchant's own server, and the endpoint under which Souk knows it. */
export interface Hearing {
  readonly endpointId: string;
  readonly since: string;
  readonly receiver: Receiver;
  /** How many requests had come before the secret was changed; undefined: it was not yet. */
  rotatedAt?: number;
}

const OVERLAP_HOURS = 1;
const ALL_HEARD_WITHIN_MS = 60_000;

/** The company's own server begins to listen to everything that happens. */
export async function listen({ tell, atEnd }: Scene, { owner }: Company, receiver: Receiver): Promise<Hearing> {
  tell.chapter('Its own server listens', 'a receiver inside this tour, on a free port');
  const url = `${receiver.base}/hooks`;
  const made = await owner.post<Endpoint>('/v1/webhook-endpoints', { url, description: 'The tour', events: ['*'] });
  // Nobody listens there after the tour.
  atEnd.push(() => owner.ask('DELETE', `/v1/webhook-endpoints/${made.id}`));
  receiver.trust('first', made.secret);
  tell.fact(`Everything that happens is told to ${url}`, 'POST /v1/webhook-endpoints events: ["*"]');
  const shown = JSON.stringify(await owner.get(`/v1/webhook-endpoints/${made.id}`));
  if (shown.includes(made.secret)) {
    throw new Surprise('GET /v1/webhook-endpoints/:id', { expected: 'no secret in it', seen: shown });
  }
  tell.fact(`Its signing secret is shown this once: ${made.secret.slice(0, 9)}…`);
  const hearing = { endpointId: made.id, since: made.createdAt, receiver };
  await allHeard(owner, hearing);
  tell.fact('It has heard of itself already: webhook_endpoint.created');
  return hearing;
}

/** The secret is changed while everything goes on. */
export async function rotate({ tell }: Scene, { owner }: Company, hearing: Hearing): Promise<void> {
  const { endpointId, receiver } = hearing;
  tell.chapter('Its server gets a new secret', 'half-way, while everything goes on');
  const { length } = await allHeard(owner, hearing);
  tell.fact(`${length} events so far, every one verified by the library standardwebhooks`, 'GET /v1/events');
  hearing.rotatedAt = receiver.arrivals.length;
  const path = `/v1/webhook-endpoints/${endpointId}/secret-rotation`;
  const { secret } = await owner.post<Endpoint>(path, { overlapHours: OVERLAP_HOURS });
  receiver.trust('second', secret);
  tell.fact(
    'For an hour everything carries two signatures, of the old and the new secret',
    `POST ${path.replace(endpointId, ':id')}`,
  );
}

/** What the server heard is what the log says: all of it, and nothing else. */
export async function compare(scene: Scene, { owner }: Company, hearing: Hearing): Promise<{ events: number }> {
  const { tell } = scene;
  const { receiver } = hearing;
  tell.chapter('What its server heard');
  const log = await allHeard(owner, hearing);
  const heard = receiver.events();
  for (const event of log) sameEvent(event, JSON.parse(heard.get(event.id)?.body ?? '{}'));
  const known = new Set((await eventsOf(owner, '')).map(({ id }) => id));
  same(
    'events that were told and are not in the log',
    [...heard.keys()].filter((id) => !known.has(id)),
    [],
  );
  const numbers = log.map(({ aggregateId, sequence }) => `${aggregateId} ${sequence}`);
  same('two events of one thing with one number', numbers.length - new Set(numbers).size, 0);
  tell.fact(
    `${log.length} events in the log, ${heard.size} told, the same to the letter. The order’s story:`,
    'GET /v1/events',
  );
  tell.table(story(log, receiver));
  const late = [...heard.values()].map(({ cameAt, happenedAt }) => cameAt - happenedAt).toSorted((a, b) => a - b);
  const at = (share: number) => late[Math.min(late.length - 1, Math.floor(late.length * share))] ?? 0;
  tell.fact(`From the event to the server: half within ${at(0.5)} ms, the slowest ${at(1)} ms`);
  signatures(scene, hearing);
  await deliverAgain(scene, owner, hearing);
  await endRotation(scene, owner, hearing);
  return { events: (await allHeard(owner, hearing)).length };
}

/** Waits until every event of the log has come. @throws Surprise naming those that did not */
async function allHeard(owner: Company['owner'], { since, receiver }: Hearing): Promise<LoggedEvent[]> {
  let log: LoggedEvent[] = [];
  await until('events the server has not heard of', {
    expected: 'none',
    ask: async () => {
      same('requests whose signature no secret explains', receiver.forged, []);
      log = await eventsOf(owner, `&createdGte=${encodeURIComponent(since)}`);
      const heard = receiver.events();
      return log.filter(({ id }) => !heard.has(id)).map(({ id, type }) => `${type} ${id}`);
    },
    ok: (missing) => missing.length === 0 && log.length > 0,
    withinMs: ALL_HEARD_WITHIN_MS,
  });
  return log;
}

/** The log, the oldest first. */
async function eventsOf(owner: Company['owner'], filter: string): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  let after = '';
  for (;;) {
    const { data, page } = await owner.get<Page<LoggedEvent>>(`/v1/events?limit=100${filter}${after}`);
    events.push(...data);
    if (!page.hasMore) return events.reverse();
    after = `&after=${encodeURIComponent(page.next ?? '')}`;
  }
}

function sameEvent(logged: LoggedEvent, told: Partial<LoggedEvent>): void {
  const inOrder = ({ id, type, timestamp, sequence, data }: Partial<LoggedEvent>) => [
    id,
    type,
    timestamp,
    sequence,
    data,
  ];
  same(`${logged.type} ${logged.id} as it was told`, inOrder(told), inOrder(logged));
}

const OF_THE_ORDER = /^(order|payment|fulfilment|refund)\./;

function story(log: readonly LoggedEvent[], receiver: Receiver): string[][] {
  const heard = receiver.events();
  const own = log.filter(({ type }) => OF_THE_ORDER.test(type));
  const others = new Map<string, number>();
  for (const { type } of log.filter((one) => !own.includes(one))) others.set(type, (others.get(type) ?? 0) + 1);
  return [
    ['type', 'sequence', 'heard after'],
    ...own.map(({ id, type, sequence }) => {
      const arrival = heard.get(id);
      return [type, String(sequence), `${arrival ? arrival.cameAt - arrival.happenedAt : '?'} ms`];
    }),
    ...[...others].map(([type, count]) => [type, '', `${count} ×`]),
  ];
}

/** Before the change one secret explains every signature, afterwards both do; a changed byte fits none. */
function signatures({ tell }: Pick<Scene, 'tell'>, { receiver, rotatedAt = 0 }: Hearing): void {
  const signers = receiver.arrivals.map((arrival) => receiver.signedWith(arrival).join(' and '));
  same('secrets of the signatures before the change', [...new Set(signers.slice(0, rotatedAt))], ['first']);
  same('secrets of the signatures after the change', [...new Set(signers.slice(rotatedAt))], ['first and second']);
  const [arrival] = receiver.arrivals;
  if (arrival)
    same('secrets that fit a changed body', receiver.signedWith({ ...arrival, body: `${arrival.body} ` }), []);
  tell.fact(
    `${rotatedAt} signed with the first secret, ${signers.length - rotatedAt} with both; a changed byte fits none`,
  );
}

/** One delivery is asked for once more. */
async function deliverAgain(
  { tell }: Scene,
  owner: Company['owner'],
  { endpointId, receiver }: Hearing,
): Promise<void> {
  const query = `endpointId=${endpointId}&eventType=order.paid`;
  const { data } = await owner.get<Page<{ id: string; eventId: string; status: string }>>(
    `/v1/webhook-deliveries?${query}`,
  );
  const [delivery] = data;
  if (!delivery) throw new Surprise(`GET /v1/webhook-deliveries?${query}`, { expected: 'one', seen: 'none' });
  const arrivals = () => receiver.arrivals.filter(({ id }) => id === delivery.eventId);
  const before = arrivals().length;
  await owner.post(`/v1/webhook-deliveries/${delivery.id}/redelivery`, undefined, { status: 202 });
  await until('a delivery that was asked for again', {
    expected: `${before + 1} arrivals of ${delivery.eventId}`,
    ask: async () => arrivals().length,
    ok: (count) => count > before,
  });
  same('bodies of one event', new Set(arrivals().map(({ body }) => body)).size, 1);
  tell.fact(
    'order.paid, asked for again, comes with the same id and the same bytes',
    'POST /v1/webhook-deliveries/:id/redelivery',
  );
}

/** The old secrets end: what comes from now on, only the newest explains. */
async function endRotation({ tell }: Scene, owner: Company['owner'], { endpointId, receiver }: Hearing): Promise<void> {
  const path = `/v1/webhook-endpoints/${endpointId}`;
  const { secret } = await owner.post<Endpoint>(`${path}/secret-rotation`, { overlapHours: 0 });
  receiver.trust('third', secret);
  const test = await owner.post<{ eventId: string }>(`${path}/test-events`, { type: 'order.paid' }, { status: 202 });
  const arrival = await until('a test event', {
    expected: `an arrival of ${test.eventId}`,
    ask: async () => receiver.arrivals.find(({ id }) => id === test.eventId),
    ok: (came) => came !== undefined,
  });
  same('test event is marked as one', arrival?.isTest, true);
  same('secrets of its signature', arrival && receiver.signedWith(arrival), ['third']);
  tell.fact('A third secret without overlap; a test event comes, signed with that one alone', 'POST …/:id/test-events');
}
