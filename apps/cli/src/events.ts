import { type Command, InvalidArgumentError } from 'commander';
import { Api, type ApiOptions, apiOf, overHttp } from './api.ts';
import { ApiRefused } from './http.ts';
import { pastMoment } from './moment.ts';
import { answer } from './output.ts';
import { sentenceOf } from './sentence.ts';

interface EventRow {
  id: string;
  type: string;
  timestamp: string;
  aggregateId: string;
  sequence: number;
  data: unknown;
}
interface DeliveryRow {
  id: string;
  eventId: string;
  eventType: string;
  status: string;
  attemptCount: number;
  lastStatusCode: number | null;
  lastError: string | null;
}
interface Page<Row> {
  data: Row[];
  page: { hasMore: boolean; next: string | null };
}

interface ListOptions extends ApiOptions {
  type?: string;
  about?: string;
  since?: string;
  until?: string;
  test?: boolean;
  limit: number;
}
interface ResendOptions extends ApiOptions {
  endpoint?: string;
  since?: string;
  until?: string;
  type?: string;
  failed?: boolean;
  dryRun?: boolean;
}

const PAGE_MAX = 100;

/** `souk events list|show|resend` and `souk trigger`. */
export function eventCommands(program: Command): void {
  const events = program.command('events').description('what happened in a company, and who was told');
  overHttp(
    events
      .command('list')
      .description('the newest events of the last thirty days')
      .option('--type <patterns>', 'like order.*,payment.captured')
      .option('--about <id>', 'only events about this order, product …')
      .option('--since <time>', 'RFC 3339, or 30m, 2h, 3d', pastMoment)
      .option('--until <time>', 'the same', pastMoment)
      .option('--test', 'made-up events, instead of real ones')
      .option('--limit <number>', 'how many', limit, 20),
  ).action(list);
  overHttp(
    events.command('show').description('one event, or one delivery with its attempts').argument('<evt_… or whd_…>'),
  ).action(show);
  overHttp(
    events
      .command('resend')
      .description('deliver again: an event or deliveries by id, or what an endpoint missed')
      .argument('[evt_… or whd_…...]')
      .option('--endpoint <wep_…>', 'of this webhook endpoint (needed without ids)')
      .option('--failed', 'deliveries that were given up')
      .option('--since <time>', 'everything since then, whether it came through or not', pastMoment)
      .option('--until <time>', 'RFC 3339, or 30m, 2h, 3d', pastMoment)
      .option('--type <pattern>', 'only these events')
      .option('--dry-run', 'only count them'),
  ).action(resend);
  overHttp(
    program
      .command('trigger')
      .description('send a made-up event of this type to the endpoints that want it, and to souk listen')
      .argument('<type>', 'like order.paid')
      .option('--endpoint <wep_…>', 'to this endpoint alone'),
  ).action(trigger);
}

async function list(options: ListOptions) {
  const { type, about, since, until, test } = options;
  const given = { type, aggregateId: about, createdGte: since, createdLte: until, test: test ? 'true' : undefined };
  const rows: EventRow[] = [];
  const api = apiOf(options);
  for (let after: string | null = null; rows.length < options.limit; ) {
    const page: Page<EventRow> = await api.call(
      'GET',
      `/v1/events?${query({ ...given, limit: String(Math.min(PAGE_MAX, options.limit - rows.length)), after })}`,
    );
    rows.push(...page.data);
    after = page.page.next;
    if (after === null) break;
  }
  const lines = rows.map((row) => `${row.timestamp}  ${row.id}  ${row.type}  ${row.aggregateId} (${row.sequence})`);
  answer(options, { data: rows }, lines.length > 0 ? lines : ['No such events.']);
}

async function show(id: string, options: ApiOptions) {
  const api = apiOf(options);
  if (kindOf(id) === 'whd') {
    const delivery = await api.call(`GET`, `/v1/webhook-deliveries/${id}`);
    return answer(options, delivery, [JSON.stringify(delivery, null, 2)]);
  }
  const event = await api.call<EventRow>('GET', `/v1/events/${id}`);
  const deliveries = await deliveriesOf(api, id).catch(() => []); // who may read events may not read endpoints
  const told = deliveries.map(
    ({ id: delivery, status, attemptCount, lastStatusCode, lastError }) =>
      `  ${delivery}  ${status} after ${attemptCount} ${attemptCount === 1 ? 'attempt' : 'attempts'}  ${lastStatusCode ?? ''} ${lastError ?? ''}`,
  );
  answer(options, { ...event, deliveries }, [
    JSON.stringify(event, null, 2),
    'Deliveries:',
    ...(told.length > 0 ? told : ['  none']),
  ]);
}

async function resend(ids: string[], options: ResendOptions) {
  const { endpoint, since, until, type, failed, dryRun } = options;
  const api = apiOf(options);
  if (ids.length === 0) {
    if (!endpoint || (!failed && !since))
      throw new InvalidArgumentError('Name events or deliveries, or --endpoint with --failed or --since.');
    const body = { endpointId: endpoint, ...(failed && { status: 'failed' }), since, until, eventType: type, dryRun };
    const made = await api.call<{ count: number }>('POST', '/v1/webhook-redeliveries', body);
    return answer(options, made, [
      dryRun ? `${made.count} deliveries would be sent.` : `${made.count} deliveries are on their way to ${endpoint}.`,
    ]);
  }
  if (failed || since || until || type) throw new InvalidArgumentError('Name ids, or a filter; not both.');
  if (endpoint && ids.some((id) => kindOf(id) === 'whd'))
    throw new InvalidArgumentError(
      'A delivery (whd_…) has its endpoint; --endpoint goes with events (evt_…) or alone.',
    );
  const chosen = (await Promise.all(ids.map((id) => deliveriesFor(api, id, endpoint)))).flat();
  const resent = dryRun ? [] : await redeliver(api, chosen);
  answer(options, { dryRun: dryRun ?? false, count: chosen.length, deliveries: dryRun ? chosen : resent }, [
    dryRun ? `${chosen.length} deliveries would be sent.` : `${chosen.length} deliveries are on their way.`,
  ]);
}

/** Throws as `Api.call`, with what was sent before. */
async function redeliver(api: Api, ids: readonly string[]): Promise<DeliveryRow[]> {
  const resent: DeliveryRow[] = [];
  for (const id of ids) {
    try {
      resent.push(await api.call('POST', `/v1/webhook-deliveries/${id}/redelivery`));
    } catch (error) {
      const sent = resent.length === 0 ? 'none' : resent.map((delivery) => delivery.id).join(', ');
      const message = `${id} was not sent: ${sentenceOf(error)}\nOn their way before it, of ${ids.length}: ${sent}.`;
      if (error instanceof ApiRefused) throw new ApiRefused(error.status, error.code, message, error.requestId);
      throw new Error(message);
    }
  }
  return resent;
}

async function deliveriesFor(api: Api, id: string, endpoint: string | undefined): Promise<string[]> {
  if (kindOf(id) === 'whd') return [id];
  const found = await deliveriesOf(api, id, endpoint);
  if (found.length === 0)
    throw new Error(
      `${id} went to no endpoint${endpoint ? ` ${endpoint}` : ''}. What an endpoint never got: ` +
        'souk events resend --endpoint wep_… --since <time before it>',
    );
  return found.map((delivery) => delivery.id);
}

async function deliveriesOf(api: Api, eventId: string, endpointId?: string): Promise<DeliveryRow[]> {
  const asked = query({ eventId, endpointId, limit: String(PAGE_MAX) });
  return (await api.call<Page<DeliveryRow>>('GET', `/v1/webhook-deliveries?${asked}`)).data;
}

async function trigger(type: string, options: ApiOptions & { endpoint?: string }) {
  const path = options.endpoint ? `/v1/webhook-endpoints/${options.endpoint}/test-events` : '/v1/test-events';
  const made = await apiOf(options).call<{ eventId: string; endpointCount: number; deliveryId: string | null }>(
    'POST',
    path,
    { type },
  );
  const goes =
    made.endpointCount === 0
      ? 'No endpoint wants it; souk listen shows it.'
      : `It goes to ${made.endpointCount} ${made.endpointCount === 1 ? 'endpoint' : 'endpoints'}.`;
  answer(options, made, [
    `${made.eventId} is a made-up ${type}. ${goes}`,
    `Next: souk events show ${made.deliveryId ?? made.eventId}`,
  ]);
}

function kindOf(id: string): 'evt' | 'whd' {
  const [, kind] = /^(evt|whd)_\w+$/.exec(id) ?? [];
  if (kind === 'evt' || kind === 'whd') return kind;
  throw new InvalidArgumentError(`Expected the id of an event (evt_…) or of a delivery (whd_…), not "${id}".`);
}

function limit(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1) throw new InvalidArgumentError('Expected a whole number from 1.');
  return number;
}

const query = (given: Record<string, string | null | undefined>) =>
  new URLSearchParams(Object.entries(given).filter((one): one is [string, string] => typeof one[1] === 'string'));
