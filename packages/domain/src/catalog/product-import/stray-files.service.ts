import { and, asc, eq, lt, ne, notExists, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { mine } from '../../kernel/tables.ts';
import { files } from '../files/files.schema.ts';
import { deletePrivateFile } from '../files/files.service.ts';
import { productExports, productImports } from './product-import.schema.ts';

/** Younger ones may still be on their way into an import or export. */
const STRAY_AFTER = sql`interval '1 day'`;

/**
 * Lets go of files of imports and exports that none of these refers to: a file is written down before the import or export
 * it is for, and a crash in between leaves it to nobody. Returns how many; at most `max`.
 */
export async function sweepStrayFiles(ctx: Ctx, max: number): Promise<number> {
  const importsOfIt = ctx.tx
    .select({ id: productImports.id })
    .from(productImports)
    .where(mine(ctx, productImports, eq(productImports.fileId, files.id)));
  const exportsOfIt = ctx.tx
    .select({ id: productExports.id })
    .from(productExports)
    .where(mine(ctx, productExports, eq(productExports.fileId, files.id)));
  const isStray = and(
    ne(files.purpose, 'image'),
    eq(files.status, 'ready'),
    lt(files.createdAt, sql`now() - ${STRAY_AFTER}`),
    notExists(importsOfIt),
    notExists(exportsOfIt),
  );
  const strays = await ctx.tx
    .select({ id: files.id })
    .from(files)
    .where(mine(ctx, files, isStray))
    .orderBy(asc(files.id))
    .limit(max);
  for (const { id } of strays) await deletePrivateFile(ctx, id);
  return strays.length;
}
