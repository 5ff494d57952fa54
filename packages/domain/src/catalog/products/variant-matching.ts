import type { Id } from '../../kernel/ids.ts';
import { optionsKeyOf } from './option-combinations.ts';
import type { MediumDraft, VariantDraft } from './product-draft.ts';
import { skuKeyOf } from './product-rows.ts';

/** What is known of a variant that is in the tables, for sale or archived. */
export interface KnownVariant {
  readonly id: Id<'var'>;
  readonly skuKey: string | null;
  readonly optionsKey: string;
  readonly isArchived: boolean;
}

/**
 * Which known variant each draft means: the one with its id; else, of those for sale, the one with its SKU, else with its
 * options; else the same of the archived ones. `undefined`: a new one. Also the places of drafts whose id is none of the product's.
 */
export function matchVariants(
  drafts: readonly VariantDraft[],
  known: readonly KnownVariant[],
): { matches: (KnownVariant | undefined)[]; unknown: number[] } {
  const matches = new Map<number, KnownVariant>();
  const free = new Map(known.map((one) => [one.id, one]));
  const take = (at: number, found: KnownVariant | undefined) => {
    if (!found || !free.delete(found.id)) return;
    matches.set(at, found);
  };
  drafts.forEach((draft, at) => {
    if (draft.id !== undefined) take(at, free.get(draft.id));
  });
  const unknown = drafts.flatMap((draft, at) => (draft.id !== undefined && !matches.has(at) ? [at] : []));
  const takeBy = (
    isArchived: boolean,
    keyOf: (draft: VariantDraft) => string | null,
    keyOfKnown: (one: KnownVariant) => string | null,
  ) => {
    const byKey = new Map<string, KnownVariant>();
    for (const one of free.values()) {
      if (one.isArchived !== isArchived) continue;
      const key = keyOfKnown(one);
      if (key !== null && !byKey.has(key)) byKey.set(key, one);
    }
    drafts.forEach((draft, at) => {
      const key = draft.id === undefined && !matches.has(at) ? keyOf(draft) : null;
      if (key !== null) take(at, byKey.get(key));
    });
  };
  for (const isArchived of [false, true]) {
    takeBy(
      isArchived,
      ({ sku }) => skuKeyOf(sku),
      ({ skuKey }) => skuKey,
    );
    takeBy(
      isArchived,
      ({ options }) => optionsKeyOf(options),
      ({ optionsKey }) => optionsKey,
    );
  }
  return { matches: drafts.map((_draft, at) => matches.get(at)), unknown };
}

/** The same for media: by id, else by file, in order. Gives each draft the id of the stored one it means. */
export function matchMedia(
  drafts: readonly MediumDraft[],
  stored: readonly Required<MediumDraft>[],
): { ids: (Id<'med'> | undefined)[]; unknown: number[] } {
  const free = [...stored];
  const take = (fits: (one: Required<MediumDraft>) => boolean) => {
    const at = free.findIndex(fits);
    return at < 0 ? undefined : free.splice(at, 1)[0]?.id;
  };
  const byId = drafts.map(({ id }) => (id === undefined ? undefined : take((one) => one.id === id)));
  const ids = drafts.map((draft, at) =>
    draft.id === undefined ? take((one) => one.fileId === draft.fileId) : byId[at],
  );
  return { ids, unknown: drafts.flatMap(({ id }, at) => (id !== undefined && ids[at] === undefined ? [at] : [])) };
}
