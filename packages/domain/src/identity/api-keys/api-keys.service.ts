import { eq, inArray, sql } from 'drizzle-orm';
import type { CompanyMode } from '../../company/companies/companies.schema.ts';
import { getCompany } from '../../company/companies/companies.service.ts';
import { after, type Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { revokeInvitesOf } from '../invites/invites.service.ts';
import type { ApiKeyMade, ApiKeyRotation, ApiKeysQuery, ApiKeyView, NewApiKey } from './api-keys.contract.ts';
import { ApiKeyNotActive, ApiKeyRotatedBefore } from './api-keys.errors.ts';
import { apiKeyCreated, apiKeyRevoked, apiKeyRotated } from './api-keys.events.ts';
import { apiKeyOrigins, apiKeyScopes, apiKeys, apiKeyUses } from './api-keys.schema.ts';
import { makeKey } from './key-form.ts';
import { grantableScopes, knownScopes } from './key-scopes.ts';

/** Ten years. Longer is no expiry. */
const LIFE_DAYS_MAX = 3_653;

type KeyId = Id<'key'>;
type KeyRow = typeof apiKeys.$inferSelect;
interface Reach {
  scopes: readonly string[];
  allowedOrigins: readonly string[];
  lastUsedAt: Instant | null;
}

/**
 * Makes a key for this company, live or test as the company is. The answer is the only place the key is ever seen.
 * Throws `InvalidInput` for scopes it cannot have, `PermissionMissing` for those its maker does not hold.
 */
export async function mintKey(ctx: Ctx, input: NewApiKey): Promise<ApiKeyMade> {
  const scopes = knownScopes(input.type, input.scopes);
  grantableScopes(ctx, input.type, scopes);
  const allowedOrigins = [...new Set(input.allowedOrigins ?? [])].sort();
  if (input.type === 'secret' && allowedOrigins.length > 0) {
    const message =
      'A secret key is for servers, which send no origin. Leave allowedOrigins out, or make a publishable key.';
    throw new InvalidInput({ pointer: '/allowedOrigins', code: 'not_for_secret_keys', message });
  }
  refuseOddExpiry(ctx, input);
  const { mode } = await getCompany(ctx);
  const row = { name: input.name, type: input.type, expiresAt: input.expiresAt ?? null, rotatedFrom: null };
  const { apiKey, key } = await insertKey(ctx, mode, row, { scopes, allowedOrigins, lastUsedAt: null });
  ctx.audit({ action: 'api_key.created', entity: { type: 'api_key', id: apiKey.id }, after: apiKey });
  await emit(ctx, apiKeyCreated, { aggregate: { id: apiKey.id, sequence: 1 }, data: { apiKey } });
  return { ...apiKey, key };
}

/** Keys of this company, newest first. */
export async function listKeys(ctx: Ctx, { limit, after: cursor, type }: ApiKeysQuery): Promise<Page<ApiKeyView>> {
  const { where, orderBy } = keyset({ columns: [apiKeys.id], direction: 'desc' }, cursor);
  const ofType = type ? eq(apiKeys.type, type) : undefined;
  const rows = await ctx.tx
    .select()
    .from(apiKeys)
    .where(mine(ctx, apiKeys, where, ofType))
    .orderBy(...orderBy)
    .limit(limit + 1);
  const reach = await reachOf(
    ctx,
    rows.map((row) => row.id),
  );
  const { mode } = await getCompany(ctx);
  return pageFrom(
    rows,
    limit,
    (row) => [row.id],
    (row) => viewOf(ctx, row, mode, reach(row.id)),
  );
}

/** One key. Throws `NotFound`. */
export async function getKey(ctx: Ctx, id: KeyId): Promise<ApiKeyView> {
  const [row] = await ctx.tx
    .select()
    .from(apiKeys)
    .where(mine(ctx, apiKeys, eq(apiKeys.id, id)));
  if (!row) throw new NotFound('API key');
  const { mode } = await getCompany(ctx);
  return viewOf(ctx, row, mode, (await reachOf(ctx, [id]))(id));
}

/**
 * Makes a key's successor with the same scopes and origins and the same length of life. The old key still works for the
 * overlap, never past its own expiry. The rotator must hold all that the key may do: the answer holds a key as strong.
 * Throws `NotFound`, `PermissionMissing`, `ApiKeyNotActive`, `ApiKeyRotatedBefore`.
 */
export async function rotateKey(ctx: Ctx, id: KeyId, { overlapSeconds }: ApiKeyRotation): Promise<ApiKeyMade> {
  const { old, reach, mode } = await lockKey(ctx, id);
  grantableScopes(ctx, old.type, reach.scopes);
  const { status } = viewOf(ctx, old, mode, reach);
  if (status !== 'active') throw new ApiKeyNotActive(status);
  const successors = await ctx.tx
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(mine(ctx, apiKeys, eq(apiKeys.rotatedFrom, id)))
    .limit(1);
  if (successors.length > 0) throw new ApiKeyRotatedBefore();

  const lifeSeconds = old.expiresAt ? (Date.parse(old.expiresAt) - Date.parse(old.createdAt)) / 1000 : undefined;
  const row = {
    name: old.name,
    type: old.type,
    expiresAt: lifeSeconds ? after(ctx.now, lifeSeconds) : null,
    rotatedFrom: id,
  };
  const { apiKey, key } = await insertKey(ctx, mode, row, { ...reach, lastUsedAt: null });
  const sunset = after(ctx.now, overlapSeconds);
  const [ended] = await ctx.tx
    .update(apiKeys)
    .set({
      expiresAt: old.expiresAt && old.expiresAt < sunset ? old.expiresAt : sunset,
      eventSequence: old.eventSequence + 1,
    })
    .where(mine(ctx, apiKeys, eq(apiKeys.id, id)))
    .returning();
  if (!ended) throw new NotFound('API key');
  const before = viewOf(ctx, old, mode, reach);
  const gone = viewOf(ctx, ended, mode, reach);
  ctx.audit({ action: 'api_key.rotated', entity: { type: 'api_key', id }, before, after: gone });
  ctx.audit({ action: 'api_key.created', entity: { type: 'api_key', id: apiKey.id }, after: apiKey });
  await emit(ctx, apiKeyRotated, { aggregate: { id, sequence: ended.eventSequence }, data: { apiKey: gone } });
  await emit(ctx, apiKeyCreated, { aggregate: { id: apiKey.id, sequence: 1 }, data: { apiKey } });
  ctx.touch();
  return { ...apiKey, key };
}

/** Ends a key at once, and takes back the open invites it sent. Revoking again changes nothing. Throws `NotFound`. */
export async function revokeKey(ctx: Ctx, id: KeyId): Promise<ApiKeyView> {
  const { old, reach, mode } = await lockKey(ctx, id);
  const before = viewOf(ctx, old, mode, reach);
  if (old.revokedAt) return before;
  const [row] = await ctx.tx
    .update(apiKeys)
    .set({ revokedAt: sql`now()`, eventSequence: old.eventSequence + 1 })
    .where(mine(ctx, apiKeys, eq(apiKeys.id, id)))
    .returning();
  if (!row) throw new NotFound('API key');
  await revokeInvitesOf(ctx, id);
  const apiKey = viewOf(ctx, row, mode, reach);
  ctx.audit({ action: 'api_key.revoked', entity: { type: 'api_key', id }, before, after: apiKey });
  await emit(ctx, apiKeyRevoked, { aggregate: { id, sequence: row.eventSequence }, data: { apiKey } });
  ctx.touch();
  return apiKey;
}

/**
 * Remembers when keys were used: one statement for all the keys of a company, and the later time wins. For the process
 * that collected the uses in memory; it needs no audit note.
 */
export async function recordKeyUse(ctx: Ctx, uses: readonly { keyId: KeyId; usedAt: Instant }[]): Promise<void> {
  const latest = new Map<KeyId, Instant>();
  for (const { keyId, usedAt } of uses) if (usedAt > (latest.get(keyId) ?? '')) latest.set(keyId, usedAt);
  if (latest.size === 0) return;
  // In id order: two processes that store the same keys at once then wait for each other instead of dead-locking.
  const rows = [...latest].sort(([a], [b]) => (a < b ? -1 : 1));
  await ctx.tx
    .insert(apiKeyUses)
    .values(rows.map(([apiKeyId, usedAt]) => ({ companyId: ctx.companyId, apiKeyId, usedAt })))
    .onConflictDoUpdate({
      target: [apiKeyUses.companyId, apiKeyUses.apiKeyId],
      set: { usedAt: sql`greatest(${apiKeyUses.usedAt}, excluded.used_at)` },
    });
}

function refuseOddExpiry(ctx: Ctx, { expiresAt }: NewApiKey): void {
  if (!expiresAt) return;
  const ahead = Date.parse(expiresAt) - ctx.now.getTime();
  if (ahead > 0 && ahead <= LIFE_DAYS_MAX * 24 * 3600 * 1000) return;
  const message =
    'Expected a time to come, at most ten years ahead. Leave expiresAt out for a key that does not expire.';
  throw new InvalidInput({ pointer: '/expiresAt', code: 'expiry_out_of_range', message });
}

/** Two changes of one key take turns here. */
async function lockKey(ctx: Ctx, id: KeyId): Promise<{ old: KeyRow; reach: Reach; mode: CompanyMode }> {
  const [old] = await ctx.tx
    .select()
    .from(apiKeys)
    .where(mine(ctx, apiKeys, eq(apiKeys.id, id)))
    .for('update');
  if (!old) throw new NotFound('API key');
  const { mode } = await getCompany(ctx);
  return { old, reach: (await reachOf(ctx, [id]))(id), mode };
}

async function insertKey(
  ctx: Ctx,
  mode: CompanyMode,
  about: Pick<KeyRow, 'name' | 'type' | 'expiresAt' | 'rotatedFrom'>,
  reach: Reach,
): Promise<{ apiKey: ApiKeyView; key: string }> {
  const { key, hash, lastFour } = makeKey({ type: about.type, mode, companyId: ctx.companyId });
  const maker = { createdByType: ctx.actor.type, createdById: ctx.actor.id };
  const values = {
    ...about,
    ...maker,
    companyId: ctx.companyId,
    id: newId('key'),
    tokenHash: hash,
    lastFour,
    eventSequence: 1,
  };
  const [row] = await ctx.tx.insert(apiKeys).values(values).returning();
  if (!row) throw new Error('The insert gave no row back');
  const owned = { companyId: ctx.companyId, apiKeyId: row.id };
  await ctx.tx.insert(apiKeyScopes).values(reach.scopes.map((scope) => ({ ...owned, scope })));
  if (reach.allowedOrigins.length > 0) {
    await ctx.tx.insert(apiKeyOrigins).values(reach.allowedOrigins.map((origin) => ({ ...owned, origin })));
  }
  return { apiKey: viewOf(ctx, row, mode, reach), key };
}

async function reachOf(ctx: Ctx, ids: readonly KeyId[]): Promise<(id: KeyId) => Reach> {
  if (ids.length === 0) return () => ({ scopes: [], allowedOrigins: [], lastUsedAt: null });
  const [scopes, origins, uses] = await Promise.all([
    ctx.tx
      .select()
      .from(apiKeyScopes)
      .where(mine(ctx, apiKeyScopes, inArray(apiKeyScopes.apiKeyId, [...ids]))),
    ctx.tx
      .select()
      .from(apiKeyOrigins)
      .where(mine(ctx, apiKeyOrigins, inArray(apiKeyOrigins.apiKeyId, [...ids]))),
    ctx.tx
      .select()
      .from(apiKeyUses)
      .where(mine(ctx, apiKeyUses, inArray(apiKeyUses.apiKeyId, [...ids]))),
  ]);
  return (id) => ({
    scopes: scopes
      .filter((row) => row.apiKeyId === id)
      .map((row) => row.scope)
      .sort(),
    allowedOrigins: origins
      .filter((row) => row.apiKeyId === id)
      .map((row) => row.origin)
      .sort(),
    lastUsedAt: uses.find((row) => row.apiKeyId === id)?.usedAt ?? null,
  });
}

function viewOf(ctx: Ctx, row: KeyRow, mode: CompanyMode, reach: Reach): ApiKeyView {
  const expired = row.expiresAt !== null && Date.parse(row.expiresAt) <= ctx.now.getTime();
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    mode,
    lastFour: row.lastFour,
    scopes: [...reach.scopes],
    allowedOrigins: [...reach.allowedOrigins],
    status: row.revokedAt ? 'revoked' : expired ? 'expired' : 'active',
    expiresAt: row.expiresAt,
    revokedAt: row.revokedAt,
    rotatedFrom: row.rotatedFrom,
    lastUsedAt: reach.lastUsedAt,
    createdBy: { type: row.createdByType, id: row.createdById },
    createdAt: row.createdAt,
  };
}
