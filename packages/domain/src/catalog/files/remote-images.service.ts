import { eq, gt, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { files } from './files.schema.ts';
import { nameFrom, remoteImageFault, sourceKeyOf } from './remote-images.ts';
import { newStorageKey } from './storage-keys.ts';

/**
 * Writes down pictures that lie elsewhere, to be fetched by the worker, and gives the file of each address: the same one
 * however often the address comes. One that could not be fetched before is tried again. Two statements, however many
 * they are. Addresses with a fault (`remoteImageFault`) are not in the map. They are due after `afterSeconds`, or when
 * `fetchRemoteImagesNow` says so.
 */
export async function rememberRemoteImages(
  ctx: Ctx,
  addresses: readonly string[],
  { afterSeconds = 0 }: { afterSeconds?: number } = {},
): Promise<Map<string, Id<'file'>>> {
  const keys = new Map(addresses.filter((one) => !remoteImageFault(one)).map((one) => [one, sourceKeyOf(one)]));
  const firstWith = new Map([...keys].reverse().map(([address, key]) => [key, address]));
  if (firstWith.size === 0) return new Map();
  // Sorted: two imports that bring the same addresses wait for each other in one order.
  const rows = [...firstWith].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, address]) => rowOf(ctx, key, address));
  const due = sql`now() + make_interval(secs => ${afterSeconds}::int)`;
  await ctx.tx.execute(sql`
    insert into files (company_id, id, purpose, status, storage_key, name, source_url, source_key, due_at,
      created_by_type, created_by_id)
    select ${ctx.companyId}, id, 'image', 'remote', storage_key, name, source_url, source_key, ${due},
      ${ctx.actor.type}, ${ctx.actor.id}
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as given(id text, storage_key text, name text, source_url text, source_key text)
    on conflict (company_id, source_key) where source_key is not null do update
      set status = 'remote', due_at = ${due}, attempts = 0, failure = null, updated_at = now()
      where files.status = 'failed'`);
  const found = await ctx.tx
    .select({ id: files.id, sourceKey: files.sourceKey })
    .from(files)
    .where(mine(ctx, files, isAnyOf(files.sourceKey, firstWith.keys())));
  const idOf = new Map(found.map(({ id, sourceKey }) => [sourceKey, id]));
  return new Map(
    [...keys].flatMap(([address, key]) => {
      const id = idOf.get(key);
      return id === undefined ? [] : [[address, id] as const];
    }),
  );
}

/** Has the worker fetch what it was to wait with; not what has failed and rests. */
export async function fetchRemoteImagesNow(ctx: Ctx): Promise<void> {
  const waits = mine(ctx, files, eq(files.status, 'remote'), eq(files.attempts, 0), gt(files.dueAt, sql`now()`));
  await ctx.tx.update(files).set({ dueAt: sql`now()` }).where(waits);
}

const rowOf = (ctx: Ctx, sourceKey: string, address: string) => ({
  id: newId('file'),
  storage_key: newStorageKey(ctx.companyId, 'image'),
  name: nameFrom(address),
  source_url: address,
  source_key: sourceKey,
});
