import { eq, isNull, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { endPending, makeDue } from './delivery-states.service.ts';
import {
  type EndpointRow,
  lockEndpoint,
  plainView,
  readEndpoint,
  selectEndpoints,
  viewOf,
  writeEndpoint,
} from './endpoint-rows.service.ts';
import { endpointHeaders, forgetSecrets, giveSecret, replaceSecret, storeHeaders } from './endpoint-secrets.service.ts';
import {
  type EndpointMade,
  type EndpointPatch,
  type EndpointsQuery,
  type EndpointView,
  HEADERS_MAX,
  type NewEndpoint,
  type SecretRotation,
} from './webhook-endpoints.contract.ts';
import { EndpointLimitReached } from './webhook-endpoints.errors.ts';
import {
  endpointCreated,
  endpointDeleted,
  endpointDisabled,
  endpointSecretRotated,
  endpointUpdated,
} from './webhook-endpoints.events.ts';
import { type DisabledReason, webhookEndpoints } from './webhooks.schema.ts';

export const ENDPOINTS_MAX = 20;

type EndpointId = Id<'wep'>;

/** Endpoints of the company, newest first. */
export async function listEndpoints(ctx: Ctx, { limit, after, status }: EndpointsQuery): Promise<Page<EndpointView>> {
  const { where, orderBy } = keyset({ columns: [webhookEndpoints.id], direction: 'desc' }, after);
  const rows = await selectEndpoints(ctx, where, status && eq(webhookEndpoints.status, status))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(
    rows,
    limit,
    ({ endpoint }) => [endpoint.id],
    (row) => viewOf(row, ctx.now),
  );
}

/** One endpoint. Throws `NotFound`. */
export const getEndpoint = async (ctx: Ctx, id: EndpointId): Promise<EndpointView> =>
  viewOf(await readEndpoint(ctx, id), ctx.now);

/**
 * Makes an endpoint whose address was asked of the port before. The answer is the only place its secret is ever seen.
 * Throws `EndpointLimitReached`.
 */
export async function createEndpoint(ctx: Ctx, input: NewEndpoint): Promise<EndpointMade> {
  await refuseOneTooMany(ctx);
  const id = newId('wep');
  const [secret, headerNames] = [await giveSecret(ctx, id), await storeHeaders(ctx, id, lowerCased(input.headers))];
  const { url, description, ordered: isOrdered, active } = input;
  const eventTypes = [...new Set(input.events)];
  const state = active
    ? {}
    : { status: 'disabled' as const, disabledReason: 'by_hand' as const, disabledAt: sql`now()` };
  const values = {
    companyId: ctx.companyId,
    id,
    url,
    description,
    eventTypes,
    headerNames,
    isOrdered,
    eventSequence: 1,
  };
  const [row] = await ctx.tx
    .insert(webhookEndpoints)
    .values({ ...values, ...state })
    .returning();
  if (!row) throw new Error('The insert gave no row back');
  const endpoint = plainView(row, ctx.now);
  ctx.audit({ action: 'webhook_endpoint.created', entity: { type: 'webhook_endpoint', id }, after: endpoint });
  await emit(ctx, endpointCreated, { aggregate: { id, sequence: 1 }, data: { endpoint } });
  return { ...(await getEndpoint(ctx, id)), secret };
}

/**
 * Changes an endpoint whose new address, if it has one, was asked of the port before. Enabling it, or giving it another
 * address, forgets its failures and makes what waits for it due. Throws `NotFound`, `VersionStale`, `InvalidInput`.
 */
export async function updateEndpoint(
  ctx: Ctx,
  id: EndpointId,
  patch: EndpointPatch,
  expectedVersion?: number,
): Promise<EndpointView> {
  const before = await lockEndpoint(ctx, id, expectedVersion);
  const { events, headers, ordered, status, ...rest } = patch;
  const isSwitchedOff = status === 'disabled' && before.status === 'enabled';
  const movesAddress = rest.url !== undefined && rest.url !== before.url;
  const row = await writeEndpoint(
    ctx,
    before,
    {
      ...rest,
      ...(events && { eventTypes: [...new Set(events)] }),
      ...(headers && { headerNames: await mergeHeaders(ctx, before, headers) }),
      ...(ordered !== undefined && { isOrdered: ordered }),
      ...((movesAddress || status === 'enabled') && NO_FAILURES),
      ...(status === 'enabled' && { status, disabledReason: null, disabledAt: null }),
      ...(isSwitchedOff && { status, disabledReason: 'by_hand' as const, disabledAt: sql`now()` }),
    },
    isSwitchedOff ? 2 : 1,
  );
  if (row.status === 'enabled' && (movesAddress || status === 'enabled')) await makeDue(ctx, id);
  const endpoint = plainView(row, ctx.now);
  noteChange(ctx, 'webhook_endpoint.updated', before, row);
  const sequence = before.eventSequence + 1;
  await emit(ctx, endpointUpdated, { aggregate: { id, sequence }, data: { endpoint } });
  if (isSwitchedOff) {
    const data = { endpoint, reason: 'by_hand' as const, detail: null };
    await emit(ctx, endpointDisabled, { aggregate: { id, sequence: sequence + 1 }, data });
  }
  return getEndpoint(ctx, id);
}

const NO_FAILURES = { failingSince: null, failuresInARow: 0, pausedUntil: null };

/**
 * Switches an endpoint off because of how it answered; `detail` is what went wrong last, in one sentence. What waits for
 * it goes on waiting. Says whether it was on: one that is off, or gone, is left as it is.
 */
export async function disableEndpoint(
  ctx: Ctx,
  id: EndpointId,
  reason: Exclude<DisabledReason, 'by_hand'>,
  detail: string | null,
): Promise<boolean> {
  const before = await lockEndpoint(ctx, id).catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
  if (before?.status !== 'enabled') return false;
  const off = { status: 'disabled' as const, disabledReason: reason, disabledAt: sql`now()`, pausedUntil: null };
  const row = await writeEndpoint(ctx, before, off);
  noteChange(ctx, 'webhook_endpoint.disabled', before, row);
  const data = { endpoint: plainView(row, ctx.now), reason, detail };
  await emit(ctx, endpointDisabled, { aggregate: { id, sequence: row.eventSequence }, data });
  return true;
}

/**
 * Deletes an endpoint and its secrets, and ends what was on its way to it. Its row is kept for the log of its deliveries
 * until they are swept. Throws `NotFound`, `VersionStale`.
 */
export async function deleteEndpoint(ctx: Ctx, id: EndpointId, expectedVersion?: number): Promise<void> {
  const before = await lockEndpoint(ctx, id, expectedVersion);
  // Disabled as well: those who look for work need to know of one state only.
  const row = await writeEndpoint(ctx, before, {
    deletedAt: sql`now()`,
    status: 'disabled',
    disabledReason: before.disabledReason ?? 'by_hand',
    disabledAt: before.disabledAt ?? sql`now()`,
    headerNames: [],
    previousSecretUntil: null,
  });
  await endPending(ctx, [id]);
  await forgetSecrets(ctx, id);
  const endpoint = plainView(before, ctx.now);
  ctx.audit({ action: 'webhook_endpoint.deleted', entity: { type: 'webhook_endpoint', id }, before: endpoint });
  await emit(ctx, endpointDeleted, { aggregate: { id, sequence: row.eventSequence }, data: { endpoint } });
}

/**
 * Gives an endpoint a new signing secret; the one before signs as well for the overlap, and one before that ends. The
 * answer is the only place the new one is ever seen. Throws `NotFound`.
 */
export async function rotateSecret(ctx: Ctx, id: EndpointId, { overlapHours }: SecretRotation): Promise<EndpointMade> {
  const before = await lockEndpoint(ctx, id);
  const secret = await replaceSecret(ctx, id, overlapHours > 0);
  const row = await writeEndpoint(ctx, before, {
    previousSecretUntil: overlapHours > 0 ? sql`now() + make_interval(hours => ${overlapHours})` : null,
  });
  noteChange(ctx, 'webhook_endpoint.secret_rotated', before, row);
  const data = { endpoint: plainView(row, ctx.now) };
  await emit(ctx, endpointSecretRotated, { aggregate: { id, sequence: row.eventSequence }, data });
  return { ...(await getEndpoint(ctx, id)), secret };
}

function noteChange(ctx: Ctx, action: string, before: EndpointRow, after: EndpointRow): void {
  const entity = { type: 'webhook_endpoint', id: after.id };
  ctx.audit({ action, entity, before: plainView(before, ctx.now), after: plainView(after, ctx.now) });
}

/** Counted under a lock: of two that are made at once the second sees the first. */
async function refuseOneTooMany(ctx: Ctx): Promise<void> {
  const turn = `webhook_endpoints|${ctx.companyId}`;
  await ctx.tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${turn}, 0))`);
  const live = await ctx.tx.$count(webhookEndpoints, mine(ctx, webhookEndpoints, isNull(webhookEndpoints.deletedAt)));
  if (live >= ENDPOINTS_MAX) throw new EndpointLimitReached(ENDPOINTS_MAX);
}

/** Headers as they will be; returns their names. Throws `InvalidInput` when they are too many. */
async function mergeHeaders(
  ctx: Ctx,
  before: EndpointRow,
  changes: Readonly<Record<string, string | null>>,
): Promise<string[]> {
  const merged: Record<string, string | null> = { ...(await endpointHeaders(ctx, before)), ...lowerCased(changes) };
  const kept = Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null);
  if (kept.length > HEADERS_MAX) {
    const message = `Expected at most ${HEADERS_MAX} headers. Remove one: name it with null.`;
    throw new InvalidInput({ pointer: '/headers', code: 'too_big', message });
  }
  return storeHeaders(ctx, before.id, Object.fromEntries(kept));
}

const lowerCased = <Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
