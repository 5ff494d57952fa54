import { and, eq, notInArray } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { files } from '../files/files.schema.ts';

/** Which of these files are images of the company that may be shown, or will be as soon as they are ready. */
export async function knownPictures(ctx: Ctx, ids: readonly Id<'file'>[]): Promise<Set<Id<'file'>>> {
  if (ids.length === 0) return new Set();
  // An upload that was only announced may never come.
  const isPicture = and(eq(files.purpose, 'image'), notInArray(files.status, ['deleting', 'awaiting_upload']));
  const rows = await ctx.tx
    .select({ id: files.id })
    .from(files)
    .where(mine(ctx, files, isAnyOf(files.id, new Set(ids)), isPicture));
  return new Set(rows.map(({ id }) => id));
}

/** A picture of a category or collection must be one of the company's own images. Throws `InvalidInput`. */
export async function refuseUnknownPicture(ctx: Ctx, imageId: Id<'file'> | null | undefined): Promise<void> {
  if (!imageId) return;
  if ((await knownPictures(ctx, [imageId])).has(imageId)) return;
  const message = 'There is no such image. Upload it first (POST /v1/files, or complete its upload) and give its id.';
  throw new InvalidInput({ pointer: '/imageId', code: 'unknown_file', message });
}
