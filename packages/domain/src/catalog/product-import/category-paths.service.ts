import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { can } from '../categories/categories.access.ts';
import { newCategory } from '../categories/categories.contract.ts';
import { categories } from '../categories/categories.schema.ts';
import { categoryIdsByHandle, createCategory } from '../categories/categories.service.ts';

/**
 * The categories at these paths of handles (`clothing/shirts`). A handle is one category wherever it stands, so the last
 * one says which. What is missing is made along its path, named after its handle, if the caller may make categories; else
 * it is not in the map. Throws what `createCategory` throws.
 */
export async function ensureCategories(ctx: Ctx, paths: readonly string[]): Promise<Map<string, Id<'cat'>>> {
  const handlesOf = new Map(
    paths.map((path) => [
      path,
      path
        .split('/')
        .map((one) => one.trim())
        .filter(Boolean),
    ]),
  );
  const wanted = [...new Set([...handlesOf.values()].flat())];
  if (wanted.length === 0) return new Map();
  const known = await categoryIdsByHandle(ctx, wanted);
  const mayMake = ctx.permissions.has(can.write);
  const found = new Map<string, Id<'cat'>>();
  for (const [path, handles] of handlesOf) {
    let parentId: Id<'cat'> | null = null;
    for (const handle of handles) {
      let id = known.get(handle);
      if (id === undefined) {
        if (!mayMake) break;
        // One after the other: each hangs below the one before, and a catalogue has few that are new.
        id = (await createCategory(ctx, newCategory.parse({ name: nameOf(handle), handle, parentId }))).id;
        known.set(handle, id);
      }
      parentId = id;
    }
    const last = handles.at(-1);
    const id = last === undefined ? undefined : known.get(last);
    if (id !== undefined) found.set(path, id);
  }
  return found;
}

/** The paths of handles of these categories, by id. */
export async function categoryPaths(ctx: Ctx, ids: readonly Id<'cat'>[]): Promise<Map<Id<'cat'>, string>> {
  if (ids.length === 0) return new Map();
  const { id, path, handle } = categories;
  const rows = await ctx.tx
    .select({ id, path })
    .from(categories)
    .where(mine(ctx, categories, isAnyOf(id, ids)));
  const idsOf = new Map(rows.map((row) => [row.id, row.path.split('/').filter(Boolean)]));
  const all = [...new Set([...idsOf.values()].flat())];
  const handles = await ctx.tx
    .select({ id, handle })
    .from(categories)
    .where(mine(ctx, categories, isAnyOf(id, all)));
  const handleOf = new Map<string, string>(handles.map((row) => [row.id, row.handle]));
  return new Map([...idsOf].map(([one, path]) => [one, path.map((part) => handleOf.get(part) ?? '').join('/')]));
}

const nameOf = (handle: string) => {
  const words = handle.replaceAll(/[-_]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};
