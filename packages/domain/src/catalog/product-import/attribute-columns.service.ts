import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { mine } from '../../kernel/tables.ts';
import { newAttribute } from '../products/attributes.contract.ts';
import { createAttribute } from '../products/attributes.service.ts';
import { attributeDefinitions } from '../products/product-details.schema.ts';
import type { FileColumns } from './file-columns.ts';
import { ImportFileUnfit } from './product-import.errors.ts';
import { abouts, attributeOf, columnOf } from './souk-columns.ts';

/**
 * Sees to it that the attributes a file has columns for are declared: those that are not are, as their column says.
 * Throws `ImportFileUnfit` if one is declared here with another type.
 */
export async function ensureAttributes(ctx: Ctx, columns: FileColumns): Promise<void> {
  const wanted = abouts(columns.fields(), 'attribute').flatMap(
    (key) => attributeOf(columns.nameOf(columnOf('attribute', key)) ?? '') ?? [],
  );
  if (wanted.length === 0) return;
  const known = await ctx.tx
    .select({ key: attributeDefinitions.key, type: attributeDefinitions.type })
    .from(attributeDefinitions)
    .where(
      mine(
        ctx,
        attributeDefinitions,
        isAnyOf(
          attributeDefinitions.key,
          wanted.map(({ key }) => key),
        ),
      ),
    );
  const typeOf = new Map(known.map(({ key, type }) => [key, type]));
  for (const { key, type, unit, choices } of wanted) {
    const there = typeOf.get(key);
    if (there !== undefined && there !== type)
      throw new ImportFileUnfit(
        `The attribute ${key} is a ${there} here, and the file has a ${type}. Change its column.`,
      );
    if (there !== undefined) continue;
    // A file brings a few at most, and only once.
    await createAttribute(
      ctx,
      newAttribute.parse({ key, name: nameOf(key), type, ...(unit && { unit }), ...(choices && { choices }) }),
    );
  }
}

const nameOf = (key: string) => {
  const words = key.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};
