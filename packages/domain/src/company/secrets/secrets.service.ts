import { createHash } from 'node:crypto';
import { and, eq, sql } from 'drizzle-orm';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { openWith, SealBroken, sealWith } from '../../kernel/sealing.ts';
import { mine } from '../../kernel/tables.ts';
import {
  currentDataKey,
  type DataKey,
  dropRetiredDataKeys,
  lockDataKeys,
  openDataKey,
  replaceDataKey,
  type WrappedKey,
} from './data-keys.service.ts';
import { SecretUnreadable } from './secrets.errors.ts';
import { companyDataKeys, companySecrets } from './secrets.schema.ts';

const VERSION = 'v1';
const FINGERPRINT_LENGTH = 16;
/** Of a shorter secret four characters would tell too much. */
const LENGTH_FOR_LAST_FOUR = 16;

type SecretRow = typeof companySecrets.$inferSelect;

/** All that is ever told about a stored secret. */
export interface SecretView {
  id: Id<'sec'>;
  name: string;
  lastFour: string;
  /** The start of its SHA-256: whoever has the secret can check that it is the one stored here. */
  fingerprint: string;
  version: number;
  updatedAt: Instant;
}

/**
 * Stores a secret under a name, in place of the one before. `hint` is what the last four characters and the fingerprint
 * are taken from, if not the whole of it.
 */
export async function putSecret(ctx: Ctx, name: string, plain: string, hint = plain): Promise<SecretView> {
  await lockDataKeys(ctx);
  const before = await findSecret(ctx, name);
  const dataKey = await currentDataKey(ctx);
  const id = before?.id ?? newId('sec');
  const values = {
    dataKeyId: dataKey.id,
    sealed: sealSecret(ctx, dataKey, id, plain),
    lastFour: hint.length < LENGTH_FOR_LAST_FOUR ? '' : hint.slice(-4),
    fingerprint: createHash('sha256').update(hint).digest('hex').slice(0, FINGERPRINT_LENGTH),
    version: (before?.version ?? 0) + 1,
  };
  const [row] = await ctx.tx
    .insert(companySecrets)
    .values({ companyId: ctx.companyId, id, name, ...values })
    .onConflictDoUpdate({
      target: [companySecrets.companyId, companySecrets.id],
      set: { ...values, updatedAt: sql`now()` },
    })
    .returning();
  if (!row) throw new Error('The insert gave no row back');
  const secret = viewOf(row);
  ctx.audit({
    action: 'secret.stored',
    entity: { type: 'credential', id },
    before: before && viewOf(before),
    after: secret,
  });
  return secret;
}

/**
 * The secret itself, for the adapter that needs it; undefined if there is none under the name. Never put it in a view,
 * an event or a log. Throws `SecretUnreadable`.
 */
export async function revealSecret(ctx: Ctx, name: string): Promise<string | undefined> {
  // One statement: between two, a rotation could forget the key that the first one named.
  const [found] = await ctx.tx
    .select({ secret: companySecrets, dataKey: companyDataKeys })
    .from(companySecrets)
    .innerJoin(
      companyDataKeys,
      and(eq(companyDataKeys.companyId, companySecrets.companyId), eq(companyDataKeys.id, companySecrets.dataKeyId)),
    )
    .where(mine(ctx, companySecrets, eq(companySecrets.name, name)));
  return found && openSecret(ctx, found.dataKey, found.secret);
}

/** What may be known of a secret, or undefined if there is none under the name. */
export async function describeSecret(ctx: Ctx, name: string): Promise<SecretView | undefined> {
  const row = await findSecret(ctx, name);
  return row && viewOf(row);
}

/** Forgets a secret. Returns whether there was one. */
export async function deleteSecret(ctx: Ctx, name: string): Promise<boolean> {
  await lockDataKeys(ctx);
  const row = await findSecret(ctx, name);
  if (!row) return false;
  await ctx.tx.delete(companySecrets).where(mine(ctx, companySecrets, eq(companySecrets.id, row.id)));
  ctx.audit({ action: 'secret.deleted', entity: { type: 'credential', id: row.id }, before: viewOf(row) });
  return true;
}

/**
 * Gives this company a new data key, seals all its secrets with it and forgets the old ones. Readers never see a secret
 * without its key: all of it is one transaction. Returns how many secrets were sealed anew. Throws `SecretUnreadable`.
 */
export async function rotateDataKey(ctx: Ctx): Promise<number> {
  await lockDataKeys(ctx);
  const [rows, keys] = await Promise.all([
    ctx.tx.select().from(companySecrets).where(mine(ctx, companySecrets)),
    ctx.tx.select().from(companyDataKeys).where(mine(ctx, companyDataKeys)),
  ]);
  const plains = rows.map((row) => ({
    row,
    plain: openSecret(
      ctx,
      keys.find((key) => key.id === row.dataKeyId),
      row,
    ),
  }));
  const dataKey = await replaceDataKey(ctx);
  for (const { row, plain } of plains) {
    await ctx.tx
      .update(companySecrets)
      .set({ dataKeyId: dataKey.id, sealed: sealSecret(ctx, dataKey, row.id, plain) })
      .where(mine(ctx, companySecrets, eq(companySecrets.id, row.id)));
  }
  await dropRetiredDataKeys(ctx);
  ctx.audit({
    action: 'data_key.rotated',
    entity: { type: 'data_key', id: dataKey.id },
    after: { resealed: rows.length },
  });
  return rows.length;
}

async function findSecret(ctx: Ctx, name: string): Promise<SecretRow | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(companySecrets)
    .where(mine(ctx, companySecrets, eq(companySecrets.name, name)));
  return row;
}

/** Its place is part of the seal: the same text in another row or company does not open. */
const boundTo = (ctx: Ctx, id: Id<'sec'>) => `${ctx.companyId}|company_secrets|sealed|${id}`;

const sealSecret = (ctx: Ctx, { id, key }: DataKey, secretId: Id<'sec'>, plain: string) =>
  `${VERSION}.${id}.${sealWith(key, Buffer.from(plain), boundTo(ctx, secretId))}`;

function openSecret(ctx: Ctx, wrapped: WrappedKey | undefined, row: SecretRow): string {
  const head = `${VERSION}.${row.dataKeyId}.`;
  if (!wrapped || !row.sealed.startsWith(head))
    throw new SecretUnreadable(row.name, `not sealed with ${row.dataKeyId}`);
  try {
    return openWith(openDataKey(ctx, wrapped).key, row.sealed.slice(head.length), boundTo(ctx, row.id)).toString();
  } catch (error) {
    throw error instanceof SealBroken ? new SecretUnreadable(row.name, error.message) : error;
  }
}

const viewOf = ({ id, name, lastFour, fingerprint, version, updatedAt }: SecretRow): SecretView => ({
  id,
  name,
  lastFour,
  fingerprint,
  version,
  updatedAt,
});
