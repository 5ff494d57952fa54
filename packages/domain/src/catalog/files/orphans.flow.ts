import type { Run, Session } from '../../kernel/ctx.ts';
import { DomainError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import type { FileStore } from './file-store.ts';
import { companyPrefix, storageKeyOf } from './storage-keys.ts';
import { dropUpload, forgottenUploads, storageKeysInUse } from './uploads.service.ts';

const OBJECTS_AT_ONCE = 500;
const UPLOADS_AT_ONCE = 100;
/** Younger ones may still be on their way into the books. */
const ORPHAN_AGE_MS = 24 * 3_600_000;

/** Lets go of uploads that were announced a day ago and never completed. One that cannot go holds up no other. Returns how many. */
export async function sweepForgottenUploads(run: Run, session: Session): Promise<number> {
  let swept = 0;
  let after: Id<'file'> | undefined;
  for (;;) {
    const from = after;
    const batch = await run(session, (ctx) => forgottenUploads(ctx, UPLOADS_AT_ONCE, from));
    for (const id of batch) {
      try {
        await run(session, (ctx) => dropUpload(ctx, id));
        swept += 1;
      } catch (error) {
        // Shown by something, or completed just now.
        if (!(error instanceof DomainError) || error.status >= 500) throw error;
      }
    }
    if (batch.length < UPLOADS_AT_ONCE) return swept;
    after = batch.at(-1);
  }
}

/**
 * Deletes a company's objects that belong to no file and are older than a day: what a crash left between storing bytes
 * and writing them down. Walks through all of its objects, so once a day is enough. Returns how many went.
 */
export async function sweepOrphans(
  run: Run,
  store: FileStore,
  session: Session,
  now: () => number = Date.now,
): Promise<number> {
  const sweep = async (keys: readonly string[]) => {
    const places = [...new Set(keys.map(storageKeyOf).filter((key) => key !== undefined))];
    const inUse = places.length === 0 ? new Set() : await run(session, (ctx) => storageKeysInUse(ctx, places));
    const orphans = keys.filter((key) => !inUse.has(storageKeyOf(key)));
    await store.delete(orphans);
    return orphans.length;
  };
  let batch: string[] = [];
  let gone = 0;
  for await (const { key, modifiedAt } of store.list(companyPrefix(session.companyId))) {
    if (now() - modifiedAt.getTime() < ORPHAN_AGE_MS) continue;
    batch.push(key);
    if (batch.length < OBJECTS_AT_ONCE) continue;
    gone += await sweep(batch);
    batch = [];
  }
  return gone + (await sweep(batch));
}
