import { foldKey } from '../../kernel/text.ts';

/** One way in which the variants of a product differ. */
export interface OptionDraft {
  readonly name: string;
  readonly values: readonly string[];
}

/** Stands between the folded values of a key; no text may hold it. */
const SEPARATOR = '\u001f';

/** Every combination of one value per option, the last option turning fastest. No options: one empty combination. */
export function combinationsOf(options: readonly OptionDraft[]): string[][] {
  return options.reduce<string[][]>(
    (combinations, { values }) => combinations.flatMap((begun) => values.map((value) => [...begun, value])),
    [[]],
  );
}

/** How many `combinationsOf` would give, without making them. */
export const combinationCount = (options: readonly OptionDraft[]): number =>
  options.reduce((count, { values }) => count * values.length, 1);

/** What two variants with the same choice have in common. */
export const optionsKeyOf = (values: readonly string[]): string => values.map(foldKey).join(SEPARATOR);
