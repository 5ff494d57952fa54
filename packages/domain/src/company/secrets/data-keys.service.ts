import { randomBytes } from 'node:crypto';
import { desc, eq, isNull, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { type CompanyId, type Id, newId } from '../../kernel/ids.ts';
import { currentMasterKey, currentSealPrefix, seal, unseal } from '../../kernel/sealing.ts';
import { mine } from '../../kernel/tables.ts';
import { companyDataKeys } from './secrets.schema.ts';

const DATA_KEY_BYTES = 32; // AES-256

/** A company's own encryption key, opened. Never leaves the unit of work that opened it. */
export interface DataKey {
  id: Id<'dek'>;
  key: Buffer;
}

/** The same key as it lies in the database. */
export interface WrappedKey {
  id: Id<'dek'>;
  wrapped: string;
}

const boundTo = (companyId: CompanyId, id: Id<'dek'>) => `${companyId}|company_data_keys|wrapped|${id}`;

/** The key that seals now; a company without one gets its first. Whoever makes or retires keys takes turns (`lockDataKeys`). */
export async function currentDataKey(ctx: Ctx): Promise<DataKey> {
  const [row] = await ctx.tx
    .select()
    .from(companyDataKeys)
    .where(mine(ctx, companyDataKeys, isNull(companyDataKeys.retiredAt)))
    .orderBy(desc(companyDataKeys.id))
    .limit(1);
  return row ? openDataKey(ctx, row) : addDataKey(ctx);
}

/** Opens a stored data key. Throws `SealBroken` if we do not have the master key that wrapped it. */
export const openDataKey = (ctx: { companyId: CompanyId }, { id, wrapped }: WrappedKey): DataKey => ({
  id,
  key: Buffer.from(unseal(wrapped, boundTo(ctx.companyId, id)), 'base64'),
});

/** Makes a new data key and retires all older ones. The caller has taken the lock and audits. */
export async function replaceDataKey(ctx: Ctx): Promise<DataKey> {
  await ctx.tx
    .update(companyDataKeys)
    .set({ retiredAt: sql`now()` })
    .where(mine(ctx, companyDataKeys, isNull(companyDataKeys.retiredAt)));
  return addDataKey(ctx);
}

/** Deletes retired data keys: once nothing is sealed with them any more, they can only be stolen. */
export async function dropRetiredDataKeys(ctx: Ctx): Promise<void> {
  await ctx.tx.delete(companyDataKeys).where(mine(ctx, companyDataKeys, sql`${companyDataKeys.retiredAt} is not null`));
}

/**
 * Wraps this company's data keys with the current master key where they were wrapped with an older one, so that the
 * older one can be dropped from the configuration. The secrets themselves are not touched. Returns how many were wrapped.
 * Throws `SealBroken` for one that does not open.
 */
export async function rewrapDataKeys(ctx: Ctx): Promise<number> {
  await lockDataKeys(ctx);
  const rows = await ctx.tx.select().from(companyDataKeys).where(mine(ctx, companyDataKeys));
  const old = rows.filter((row) => !row.wrapped.startsWith(currentSealPrefix()));
  for (const row of old) {
    const wrapped = seal(openDataKey(ctx, row).key.toString('base64'), boundTo(ctx.companyId, row.id));
    await ctx.tx
      .update(companyDataKeys)
      .set({ wrapped })
      .where(mine(ctx, companyDataKeys, eq(companyDataKeys.id, row.id)));
    ctx.audit({
      action: 'data_key.rewrapped',
      entity: { type: 'data_key', id: row.id },
      after: { masterKeyName: currentMasterKey() },
    });
  }
  return old.length;
}

/** One writer of a company's secrets at a time, until the transaction ends. */
export async function lockDataKeys(ctx: Ctx): Promise<void> {
  await ctx.tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`company_secrets|${ctx.companyId}`}, 0))`);
}

async function addDataKey(ctx: Ctx): Promise<DataKey> {
  const id = newId('dek');
  const key = randomBytes(DATA_KEY_BYTES);
  await ctx.tx
    .insert(companyDataKeys)
    .values({ companyId: ctx.companyId, id, wrapped: seal(key.toString('base64'), boundTo(ctx.companyId, id)) });
  return { id, key };
}
