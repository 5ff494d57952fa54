import type { FieldFault } from '../../kernel/errors.ts';
import { faultCode, faultWords } from '../../kernel/fault-words.ts';
import { foldKey } from '../../kernel/text.ts';
import { optionsKeyOf } from './option-combinations.ts';
import type { ProductDraft } from './product-draft.ts';
import { DESCRIPTIONS_MAX, descriptionsLength, TOO_LONG_TOGETHER } from './product-limits.contract.ts';
import { draftBounds } from './products.contract.ts';
import type { ProductKind } from './products.schema.ts';

/** Faults past this number help nobody. */
export const FAULTS_MAX = 50;

/** Kinds with exactly one variant and nothing to choose. */
const SINGLE: readonly ProductKind[] = ['simple', 'bundle', 'gift'];
/** Kinds that are no part of a bundle. */
export const NO_COMPONENTS: readonly ProductKind[] = ['bundle', 'gift'];

/**
 * A draft in the one form in which it is stored (trimmed, tags and categories sorted and each once, option values as the
 * option spells them), or what is wrong with it by itself. What only the tables know is not looked at here.
 */
export function settledDraft(given: ProductDraft): { draft: ProductDraft } | { faults: FieldFault[] } {
  const parsed = draftBounds.safeParse(given, { error: faultWords });
  if (!parsed.success) {
    return {
      faults: parsed.error.issues.slice(0, FAULTS_MAX).map((issue) => ({
        pointer: issue.path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
        code: faultCode(issue),
        message: issue.message,
      })),
    };
  }
  const draft: ProductDraft = {
    ...parsed.data,
    publishedAt: canonicalInstant(parsed.data.publishedAt),
    unpublishAt: canonicalInstant(parsed.data.unpublishAt),
    tags: uniqueTags(parsed.data.tags),
    categoryIds: [...new Set(parsed.data.categoryIds)].sort(),
    translations: Object.fromEntries(
      Object.entries(parsed.data.translations).filter(([, words]) =>
        Object.values(words).some((word) => word !== null),
      ),
    ),
  };
  const faults = [
    ...kindFaults(draft),
    ...lengthFaults(draft),
    ...windowFaults(draft),
    ...optionFaults(draft),
    ...variantFaults(draft),
  ];
  return faults.length > 0 ? { faults: faults.slice(0, FAULTS_MAX) } : { draft: withDeclaredSpelling(draft) };
}

const canonicalInstant = (time: string | null) => (time === null ? null : new Date(time).toISOString());

/** Tags each once by their folded form, in its order. */
export function uniqueTags(tags: readonly string[]): string[] {
  const byKey = new Map<string, string>();
  for (const tag of tags) {
    const key = foldKey(tag);
    if (key !== '' && !byKey.has(key)) byKey.set(key, tag);
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, tag]) => tag);
}

function kindFaults({ kind, options, variants }: ProductDraft): FieldFault[] {
  const faults: FieldFault[] = [];
  if (SINGLE.includes(kind)) {
    if (options.length > 0)
      faults.push(fault('/options', 'options_not_for_kind', `A ${kind} product has no options. Make it variable.`));
    if (variants.length > 1)
      faults.push(fault('/variants', 'one_variant', `A ${kind} product has exactly one variant. Make it variable.`));
  } else if (options.length === 0) {
    faults.push(fault('/options', 'options_missing', 'A variable product needs at least one option, like Colour.'));
  }
  const [first] = variants;
  if (kind === 'bundle' && first?.components.length === 0)
    faults.push(fault('/variants/0/components', 'components_missing', 'A bundle needs at least one component.'));
  return faults;
}

function lengthFaults({ description, translations }: ProductDraft): FieldFault[] {
  const length = descriptionsLength({ description, translations });
  return length > DESCRIPTIONS_MAX ? [fault('/translations', 'too_long_together', TOO_LONG_TOGETHER)] : [];
}

function windowFaults({ publishedAt, unpublishAt }: ProductDraft): FieldFault[] {
  if (publishedAt === null || unpublishAt === null || publishedAt < unpublishAt) return [];
  const message = 'Expected unpublishAt to be after publishedAt.';
  return [fault('/unpublishAt', 'window_ends_before_it_begins', message)];
}

function optionFaults({ options }: ProductDraft): FieldFault[] {
  const repeated = (names: readonly string[], pointerOf: (at: number) => string, noun: string) => {
    const keys = names.map(foldKey);
    return keys.flatMap((key, at) =>
      keys.indexOf(key) === at && key !== ''
        ? []
        : [fault(pointerOf(at), 'repeated', `This ${noun} is here already, or has no letters. Take it out.`)],
    );
  };
  return [
    ...repeated(
      options.map(({ name }) => name),
      (at) => `/options/${at}/name`,
      'option',
    ),
    ...options.flatMap(({ values }, option) =>
      repeated(values, (at) => `/options/${option}/values/${at}`, 'option value'),
    ),
  ];
}

function variantFaults(draft: ProductDraft): FieldFault[] {
  const declared = draft.options.map(({ values }) => new Set(values.map(foldKey)));
  const [ids, skus, choices] = [new Set<string>(), new Map<string, number>(), new Map<string, number>()];
  return draft.variants.flatMap((variant, at) => {
    const faults: FieldFault[] = [];
    const where = `/variants/${at}`;
    if (variant.id !== undefined && ids.size === ids.add(variant.id).size)
      faults.push(fault(`${where}/id`, 'repeated', 'This variant is in the list twice.'));
    const skuKey = variant.sku === null ? undefined : foldKey(variant.sku);
    const twin = skuKey === undefined ? undefined : skus.get(skuKey);
    if (twin !== undefined)
      faults.push(fault(`${where}/sku`, 'sku_taken', `Variant ${twin + 1} has this SKU too. Give each its own.`));
    else if (skuKey !== undefined) skus.set(skuKey, at);
    if (variant.medium !== null && variant.medium >= draft.media.length)
      faults.push(fault(`${where}/medium`, 'unknown_medium', 'There is no medium at this place of the product.'));
    if (variant.components.length > 0 && draft.kind !== 'bundle')
      faults.push(fault(`${where}/components`, 'not_a_bundle', 'Only a bundle has components.'));
    const seen = new Set<string>();
    variant.components.forEach(({ variantId }, place) => {
      if (seen.size === seen.add(variantId).size)
        faults.push(
          fault(`${where}/components/${place}`, 'repeated', 'This component is here already. Raise its quantity.'),
        );
    });
    return [...faults, ...choiceFaults(draft, declared, choices, at)];
  });
}

function choiceFaults(
  { options, variants }: ProductDraft,
  declared: readonly ReadonlySet<string>[],
  choices: Map<string, number>,
  at: number,
): FieldFault[] {
  const chosen = variants[at]?.options ?? [];
  const where = `/variants/${at}/options`;
  if (chosen.length !== options.length) {
    const message = `Expected one value for each of the ${options.length} options of the product.`;
    return [fault(where, 'options_mismatch', message)];
  }
  const unknown = chosen.flatMap((value, place) =>
    declared[place]?.has(foldKey(value))
      ? []
      : [fault(`${where}/${place}`, 'unknown_option_value', `${options[place]?.name} has no value ${value}.`)],
  );
  if (unknown.length > 0) return unknown;
  const key = optionsKeyOf(chosen);
  const twin = choices.get(key);
  if (twin === undefined) choices.set(key, at);
  // Two variants of a product without options are a fault of its kind.
  if (twin === undefined || options.length === 0) return [];
  return [fault(where, 'options_repeated', `Variant ${twin + 1} has the same options (${chosen.join(', ')}).`)];
}

function withDeclaredSpelling(draft: ProductDraft): ProductDraft {
  const spelling = draft.options.map(({ values }) => new Map(values.map((value) => [foldKey(value), value])));
  return {
    ...draft,
    variants: draft.variants.map((variant) => ({
      ...variant,
      options: variant.options.map((value, at) => spelling[at]?.get(foldKey(value)) ?? value),
    })),
  };
}

const fault = (pointer: string, code: string, message: string): FieldFault => ({ pointer, code, message });
