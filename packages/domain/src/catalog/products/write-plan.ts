import { type FieldFault, NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { attributeFault } from './attribute-values.ts';
import { FAULTS_MAX, NO_COMPONENTS } from './draft-rules.ts';
import { optionsKeyOf } from './option-combinations.ts';
import type { ProductDraft, ProductWrite, StoredProduct, StoredVariant, VariantWritten } from './product-draft.ts';
import {
  difference,
  type NumberedDraft,
  productRow,
  rowsOf,
  sameRow,
  searchRow,
  skuKeyOf,
  submissionOf,
} from './product-rows.ts';
import type { ProductKind } from './products.schema.ts';
import { type KnownVariant, matchMedia, matchVariants } from './variant-matching.ts';
import type { WriteScene } from './write-scene.service.ts';

/** What is to be written for one product: the rows that go and come, and how it will stand. */
export interface WritePlan {
  before: StoredProduct | undefined;
  after: StoredProduct;
  changes: ReturnType<typeof changesOf>;
  variants: VariantWritten[];
  /** Variants for sale that leave the shop, or whose SKU or options another one may take over in the same write. */
  parked: Id<'var'>[];
  isChanged: boolean;
}

export type Planned = WritePlan | { faults: readonly [FieldFault, ...FieldFault[]] };

/** Names that products accepted earlier in the batch have taken. */
export interface Claims {
  ids: Set<string>;
  handles: Set<string>;
  skus: Set<string>;
  /** What kind the batch's products are to be. */
  kinds: Map<Id<'prod'>, ProductKind>;
}

/**
 * Holds one draft against what the tables know and what the batch has claimed so far, and says what is to be written.
 * Throws `NotFound` for an id that is not there, `VersionStale` when the caller read an older one.
 */
export function planWrite(scene: WriteScene, claims: Claims, write: ProductWrite, draft: ProductDraft): Planned {
  const before = write.id === undefined ? undefined : scene.stored.get(write.id);
  if (write.id !== undefined && !before) throw new NotFound('product');
  if (before && write.expectedVersion !== undefined && write.expectedVersion !== before.version)
    throw new VersionStale('product', before.version);

  const known = before ? [...before.variants.map(saleVariant), ...(scene.archived.get(before.id) ?? [])] : [];
  const matched = matchVariants(draft.variants, known);
  const media = matchMedia(draft.media, before?.media ?? []);
  const faults = [
    ...unknownIds(matched.unknown, media.unknown),
    ...nameFaults(scene, claims, write.id, draft, matched.matches),
    ...referenceFaults(scene, claims, { id: write.id, before, categoryIds: write.draft.categoryIds }, draft),
  ].slice(0, FAULTS_MAX);
  const [first, ...others] = faults;
  if (first) return { faults: [first, ...others] };

  claim(claims, write.id, draft);
  const numbered: NumberedDraft = {
    ...draft,
    publishedAt: publishedAtOf(scene, draft, before),
    media: draft.media.map((medium, at) => ({ ...medium, id: media.ids[at] ?? newId('med') })),
    variants: draft.variants.map((variant, at) => ({ ...variant, id: matched.matches[at]?.id ?? newId('var') })),
  };
  return planOf(scene, write, before, numbered, matched.matches);
}

function planOf(
  scene: WriteScene,
  write: ProductWrite,
  before: StoredProduct | undefined,
  numbered: NumberedDraft,
  matches: readonly (KnownVariant | undefined)[],
): WritePlan {
  const id = before?.id ?? newId('prod');
  const old = before ? submissionOf(before) : { submittedById: null, rejectionReason: null };
  const full = {
    ...numbered,
    submittedById: write.submittedById === undefined ? old.submittedById : write.submittedById,
    rejectionReason: write.rejectionReason === undefined ? old.rejectionReason : write.rejectionReason,
  };
  const changes = changesOf(scene, id, before, numbered);
  const isChanged =
    !before ||
    !sameRow(productRow(id, { ...before, ...old }), productRow(id, full)) ||
    Object.values(changes).some(({ gone, set }) => gone.length > 0 || set.length > 0);
  const written = new Set<string>([
    ...changes.variants.set.map((row) => row.id),
    ...[...changes.variantOptions.gone, ...changes.variantOptions.set].map((row) => row.variantId),
    ...[...changes.components.gone, ...changes.components.set].map((row) => row.bundleVariantId),
  ]);
  const counters = before ?? { version: 0, eventSequence: 0, createdAt: scene.now };
  return {
    before,
    after: {
      ...full,
      id,
      version: counters.version + 1,
      eventSequence: counters.eventSequence + 1,
      createdAt: counters.createdAt,
      updatedAt: scene.now,
    },
    changes,
    isChanged,
    variants: numbered.variants.map((variant, at) => ({
      id: variant.id,
      outcome: matches[at] === undefined ? 'created' : written.has(variant.id) ? 'updated' : 'unchanged',
      isRevived: matches[at]?.isArchived ?? false,
    })),
    parked: parkedOf(before, numbered),
  };
}

function changesOf(
  { definitions }: WriteScene,
  id: Id<'prod'>,
  before: StoredProduct | undefined,
  after: NumberedDraft,
) {
  const ids = new Map([...definitions].map(([key, definition]) => [key, definition.id]));
  const next = rowsOf(id, after, ids);
  const past = before ? rowsOf(id, before, ids) : undefined;
  return {
    media: difference(past?.media ?? [], next.media, ['id']),
    variants: difference(past?.variants ?? [], next.variants, ['id']),
    options: difference(past?.options ?? [], next.options, ['position']),
    optionValues: difference(past?.optionValues ?? [], next.optionValues, ['optionPosition', 'position']),
    variantOptions: difference(past?.variantOptions ?? [], next.variantOptions, ['variantId', 'nameKey']),
    components: difference(past?.components ?? [], next.components, ['bundleVariantId', 'componentVariantId']),
    categories: difference(past?.categories ?? [], next.categories, ['categoryId']),
    tags: difference(past?.tags ?? [], next.tags, ['tagKey']),
    translations: difference(past?.translations ?? [], next.translations, ['locale']),
    attributes: difference(past?.attributes ?? [], next.attributes, ['definitionId']),
    search: difference(before ? [searchRow(id, before)] : [], [searchRow(id, after)], ['productId']),
  };
}

/**
 * An active product has been published at some time: the one given, the one it has, or now. A draft that was published
 * before keeps the time only if it is given.
 */
const publishedAtOf = (scene: WriteScene, draft: ProductDraft, before: StoredProduct | undefined) =>
  draft.publishedAt ?? (draft.status === 'active' ? (before?.publishedAt ?? scene.now) : null);

const saleVariant = ({ id, sku, options }: StoredVariant): KnownVariant => ({
  id,
  skuKey: skuKeyOf(sku),
  optionsKey: optionsKeyOf(options),
  isArchived: false,
});

function parkedOf(before: StoredProduct | undefined, after: NumberedDraft): Id<'var'>[] {
  if (!before) return [];
  const next = new Map(after.variants.map((variant) => [variant.id, variant]));
  return before.variants.flatMap((variant) => {
    const stays = next.get(variant.id);
    const isSame =
      stays &&
      skuKeyOf(stays.sku) === skuKeyOf(variant.sku) &&
      optionsKeyOf(stays.options) === optionsKeyOf(variant.options);
    return isSame ? [] : [variant.id];
  });
}

function claim(claims: Claims, id: Id<'prod'> | undefined, draft: ProductDraft): void {
  if (id !== undefined) {
    claims.ids.add(id);
    claims.kinds.set(id, draft.kind);
  }
  claims.handles.add(draft.handle);
  for (const { sku } of draft.variants) {
    const key = skuKeyOf(sku);
    if (key !== null) claims.skus.add(key);
  }
}

const unknownIds = (variants: readonly number[], media: readonly number[]): FieldFault[] => [
  ...variants.map((at) =>
    fault(`/variants/${at}/id`, 'unknown_variant', 'This product has no such variant. Leave the id out for a new one.'),
  ),
  ...media.map((at) =>
    fault(`/media/${at}/id`, 'unknown_medium', 'This product has no such medium. Leave the id out for a new one.'),
  ),
];

function nameFaults(
  scene: WriteScene,
  claims: Claims,
  id: Id<'prod'> | undefined,
  draft: ProductDraft,
  matches: readonly (KnownVariant | undefined)[],
): FieldFault[] {
  const faults: FieldFault[] = [];
  if (id !== undefined && claims.ids.has(id))
    faults.push(fault('/id', 'repeated', 'This product is in the batch twice. Send it once.'));
  const owner = scene.handleOwners.get(draft.handle);
  if ((owner !== undefined && owner !== id) || claims.handles.has(draft.handle))
    faults.push(
      fault('/handle', 'handle_taken', `Another product has the handle ${draft.handle}. Choose another one.`),
    );
  draft.variants.forEach(({ sku }, at) => {
    const key = skuKeyOf(sku);
    if (key === null) return;
    const holder = scene.skuOwners.get(key);
    // One of the product's own is given up or kept by this very write.
    const isElsewhere = holder !== undefined && holder.productId !== id && holder.variantId !== matches[at]?.id;
    if (isElsewhere || claims.skus.has(key))
      faults.push(fault(`/variants/${at}/sku`, 'sku_taken', `Another product has a variant with the SKU ${sku}.`));
  });
  return faults;
}

/** What of a write matters to what its draft refers to. */
interface Referring {
  id: Id<'prod'> | undefined;
  before: StoredProduct | undefined;
  /** In the caller's order, which the pointers are about. */
  categoryIds: ProductDraft['categoryIds'];
}

function referenceFaults(scene: WriteScene, claims: Claims, write: Referring, draft: ProductDraft): FieldFault[] {
  const unknown = <T>(
    list: readonly T[],
    isKnown: (one: T) => boolean,
    pointer: (at: number) => string,
    noun: string,
  ) =>
    list.flatMap((one, at) =>
      isKnown(one) ? [] : [fault(pointer(at), `unknown_${noun}`, `There is no such ${noun} in this company.`)],
    );
  return [
    ...unknown(
      write.categoryIds,
      (category) => scene.categoryIds.has(category),
      (at) => `/categoryIds/${at}`,
      'category',
    ),
    ...unknown(
      draft.media,
      ({ fileId }) => scene.fileIds.has(fileId),
      (at) => `/media/${at}/fileId`,
      'file',
    ),
    ...Object.entries(draft.attributes).flatMap(([key, value]) => {
      const rule = scene.definitions.get(key);
      if (rule) return attributeFault(rule, value) ?? [];
      const message = `There is no attribute ${key}. GET /v1/product-attributes lists them.`;
      return [fault(`/attributes/${key}`, 'unknown_attribute', message)];
    }),
    ...componentFaults(scene, claims, write, draft),
  ];
}

function componentFaults(
  scene: WriteScene,
  claims: Claims,
  { id, before }: Pick<Referring, 'id' | 'before'>,
  draft: ProductDraft,
): FieldFault[] {
  const faults: FieldFault[] = [];
  if (NO_COMPONENTS.includes(draft.kind) && id !== undefined && scene.inBundles.has(id))
    faults.push(
      fault('/kind', 'bundle_in_bundle', `This product is part of a bundle, so it cannot become a ${draft.kind}.`),
    );
  if (draft.kind !== 'bundle') return faults;
  // A component that has gone out of the shop since must not keep the bundle from being changed, or put away.
  const settled = new Set(before?.variants.flatMap(({ components }) => components.map(({ variantId }) => variantId)));
  draft.variants.forEach(({ components }, at) => {
    components.forEach(({ variantId }, place) => {
      if (settled.has(variantId)) return;
      const where = `/variants/${at}/components/${place}/variantId`;
      const found = scene.components.get(variantId);
      const kind = found && (claims.kinds.get(found.productId) ?? found.kind);
      if (!found) faults.push(fault(where, 'unknown_variant', 'There is no such variant for sale in this company.'));
      else if (found.productId === id)
        faults.push(fault(where, 'component_of_itself', 'A bundle cannot be a component of itself.'));
      else if (kind !== undefined && NO_COMPONENTS.includes(kind))
        faults.push(fault(where, 'bundle_in_bundle', `A ${kind} cannot be a component of a bundle.`));
    });
  });
  return faults;
}

const fault = (pointer: string, code: string, message: string): FieldFault => ({ pointer, code, message });
