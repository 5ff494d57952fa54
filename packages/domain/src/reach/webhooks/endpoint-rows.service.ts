import { and, eq, isNull, type SQL, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import { companySecrets } from '../../company/secrets/secrets.schema.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound, VersionStale } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import type { EndpointView } from './webhook-endpoints.contract.ts';
import { webhookEndpoints } from './webhooks.schema.ts';

type EndpointId = Id<'wep'>;
export type EndpointRow = typeof webhookEndpoints.$inferSelect;

/** What may be known of an endpoint's secret. */
export interface SecretHints {
  readonly lastFour: string | null;
  readonly fingerprint: string | null;
}
export type ToldEndpoint = { endpoint: EndpointRow } & SecretHints;

/** Selects endpoints that are not deleted, with what may be known of their secrets. */
export const selectEndpoints = (ctx: Ctx, ...conditions: (SQL | undefined)[]) =>
  ctx.tx
    .select({
      endpoint: webhookEndpoints,
      lastFour: companySecrets.lastFour,
      fingerprint: companySecrets.fingerprint,
    })
    .from(webhookEndpoints)
    .leftJoin(
      companySecrets,
      and(
        eq(companySecrets.companyId, webhookEndpoints.companyId),
        eq(companySecrets.name, sql`'webhook-endpoint.' || ${webhookEndpoints.id}`),
      ),
    )
    .where(mine(ctx, webhookEndpoints, isNull(webhookEndpoints.deletedAt), ...conditions))
    .$dynamic();

/** An endpoint with the hints of its secret. Throws `NotFound`. */
export async function readEndpoint(ctx: Ctx, id: EndpointId): Promise<ToldEndpoint> {
  const [told] = await selectEndpoints(ctx, eq(webhookEndpoints.id, id));
  if (!told) throw new NotFound('webhook endpoint');
  return told;
}

/**
 * Takes an endpoint's row for writing, and leaves its key to those who fan out to it. Throws `NotFound`, also for a deleted
 * one, and `VersionStale`.
 */
export async function lockEndpoint(ctx: Ctx, id: EndpointId, expectedVersion?: number): Promise<EndpointRow> {
  const [row] = await ctx.tx
    .select()
    .from(webhookEndpoints)
    .where(mine(ctx, webhookEndpoints, eq(webhookEndpoints.id, id), isNull(webhookEndpoints.deletedAt)))
    .for('no key update');
  if (!row) throw new NotFound('webhook endpoint');
  if (expectedVersion !== undefined && expectedVersion !== row.version)
    throw new VersionStale('webhook endpoint', row.version);
  return row;
}

/** Writes what changed of a locked endpoint, as its next version, with room for `events` events. */
export async function writeEndpoint(
  ctx: Ctx,
  before: EndpointRow,
  changes: PgUpdateSetSource<typeof webhookEndpoints>,
  events = 1,
): Promise<EndpointRow> {
  const [row] = await ctx.tx
    .update(webhookEndpoints)
    .set({
      ...changes,
      version: before.version + 1,
      eventSequence: before.eventSequence + events,
      updatedAt: sql`now()`,
    })
    .where(mine(ctx, webhookEndpoints, eq(webhookEndpoints.id, before.id)))
    .returning();
  if (!row) throw new NotFound('webhook endpoint');
  return row;
}

/** As it stands in events and in the audit log. */
export function plainView(
  row: EndpointRow,
  now: Date,
): Omit<EndpointView, 'secretLastFour' | 'secretFingerprint' | 'pausedUntil' | 'lastSuccessAt'> {
  const { id, url, description, eventTypes, headerNames, isOrdered, status, disabledReason, disabledAt } = row;
  const { failingSince, previousSecretUntil, version, createdAt, updatedAt } = row;
  return {
    id,
    url,
    description,
    events: eventTypes,
    headerNames,
    ordered: isOrdered,
    status,
    disabledReason,
    disabledAt,
    failingSince,
    previousSecretUntil: ahead(previousSecretUntil, now),
    version,
    createdAt,
    updatedAt,
  };
}

export const viewOf = ({ endpoint, lastFour, fingerprint }: ToldEndpoint, now: Date): EndpointView => ({
  ...plainView(endpoint, now),
  pausedUntil: ahead(endpoint.pausedUntil, now),
  lastSuccessAt: endpoint.lastSuccessAt,
  secretLastFour: lastFour ?? '',
  secretFingerprint: fingerprint ?? '',
});

const ahead = (time: string | null, now: Date) => (time !== null && Date.parse(time) > now.getTime() ? time : null);
