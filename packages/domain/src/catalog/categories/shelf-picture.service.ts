import { and, eq, ne } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { files } from '../files/files.schema.ts';

/** A picture of a category or collection must be one of the company's own images. Throws `InvalidInput`. */
export async function refuseUnknownPicture(ctx: Ctx, imageId: Id<'file'> | null | undefined): Promise<void> {
  if (!imageId) return;
  const isPicture = and(eq(files.id, imageId), eq(files.purpose, 'image'), ne(files.status, 'deleting'));
  const found = await ctx.tx
    .select({ id: files.id })
    .from(files)
    .where(mine(ctx, files, isPicture));
  if (found.length > 0) return;
  const message = 'There is no such image. Upload it first (POST /v1/files) and give its id.';
  throw new InvalidInput({ pointer: '/imageId', code: 'unknown_file', message });
}
