import type { Id } from '../../kernel/ids.ts';

type CategoryId = Id<'cat'>;

/** `cat_a/cat_b/`: the ids from the top down to the category itself. */
export const pathBelow = (parentPath: string, id: CategoryId): string => `${parentPath}${id}/`;

/** The ids of a path, from the top down, the category itself last. */
export const idsOfPath = (path: string): CategoryId[] => path.split('/').slice(0, -1) as CategoryId[]; // paths are made of nothing else

/** Where the range of everything at and below a path ends: `0` is the character after `/`. */
export const endOfPath = (path: string): string => `${path.slice(0, -1)}0`;

/** Depth-first: each category behind its parent, siblings by position, then by age. */
export function inTreeOrder<Row extends { id: CategoryId; parentId: CategoryId | null; position: number }>(
  rows: readonly Row[],
): Row[] {
  const childrenOf = new Map<CategoryId | null, Row[]>();
  for (const row of rows) {
    const siblings = childrenOf.get(row.parentId);
    if (siblings) siblings.push(row);
    else childrenOf.set(row.parentId, [row]);
  }
  for (const siblings of childrenOf.values())
    siblings.sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1));
  const ordered: Row[] = [];
  const walk = (parentId: CategoryId | null) => {
    for (const row of childrenOf.get(parentId) ?? []) {
      ordered.push(row);
      walk(row.id);
    }
  };
  walk(null);
  return ordered;
}
