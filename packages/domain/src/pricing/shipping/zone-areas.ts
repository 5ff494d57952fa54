import { type FieldFault, InvalidInput } from '../../kernel/errors.ts';
import { regionKeyOf } from '../tax/regions.ts';
import { faultOf, isEverywhere, type PatternFault } from './postcode-patterns.ts';
import type { ZoneArea } from './zones.contract.ts';

/** An area as it is stored. */
export type AreaRow = ZoneArea & { readonly regionKey: string | null };

const PATTERN_MESSAGES: Readonly<Record<PatternFault, string>> = {
  malformed: 'Expected a beginning like 10 or SW1, a beginning with a star behind it, a range like 10000..19999, or *.',
  range_of_unlike_ends:
    'Expected a range between two numbers with the same number of digits, like 10000..19999, or between two numbers behind the same letters, like BT1..BT17.',
  range_runs_backwards: 'Expected the smaller end of the range first.',
};

/** The areas of a zone with the keys they are compared by. Throws `InvalidInput` naming each that is wrong or comes twice. */
export function areaRowsOf(areas: readonly ZoneArea[]): AreaRow[] {
  const rows = areas.map((area) => ({
    country: area.country,
    region: area.region,
    regionKey: regionKeyOf(area.country, area.region),
    postcodePattern: area.postcodePattern === null || isEverywhere(area.postcodePattern) ? null : area.postcodePattern,
  }));
  const seen = new Set<string>();
  const [first, ...others] = rows.flatMap((row, at) => {
    const key = `${row.country}|${row.regionKey}|${row.postcodePattern}`;
    const fault = faultIn(row, `/areas/${at}`, seen.has(key));
    seen.add(key);
    return fault ? [fault] : [];
  });
  if (first) throw new InvalidInput(first, ...others);
  return rows;
}

function faultIn(row: AreaRow, pointer: string, isThere: boolean): FieldFault | undefined {
  if (row.region !== null && row.regionKey === null) {
    const message = 'Expected the code or the name of a region, or null for the whole country.';
    return { pointer: `${pointer}/region`, code: 'no_region', message };
  }
  const code = row.postcodePattern === null ? undefined : faultOf(row.country, row.postcodePattern);
  if (code) return { pointer: `${pointer}/postcodePattern`, code, message: PATTERN_MESSAGES[code] };
  if (isThere) return { pointer, code: 'area_twice', message: 'This area is in the list already. Name it once.' };
  return undefined;
}
