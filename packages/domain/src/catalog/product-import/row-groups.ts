import { unguarded } from './csv-cells.ts';
import type { CsvRow } from './csv-file.ts';
import type { RowFault } from './imported-product.ts';

/** More than a product can have, even with a row for each picture. */
const ROWS_PER_PRODUCT_MAX = 2_500;

/** The rows of one product, which stand together in the file. */
export interface RowGroup {
  handle: string;
  rows: CsvRow[];
  /** How many rows of the file are behind us with this group. */
  rowsDone: number;
  /** Why the group cannot be imported at all. */
  fault?: RowFault;
}

/**
 * Puts rows of the same handle together. Rows without a single value are passed over; a handle that comes again after
 * another one, a row without a handle and too many rows make a group with a fault. `rowsDone` counts all rows, so that
 * the last group's is the number of rows there are.
 */
export async function* rowGroups(
  rows: AsyncIterable<CsvRow>,
  { handleAt, width }: { handleAt: number; width: number },
): AsyncGenerator<RowGroup> {
  const seen = new Map<string, number>();
  let group: RowGroup | undefined;
  let rowsDone = 0;
  for await (const row of rows) {
    rowsDone += 1;
    if (row.cells.every((cell) => cell.trim() === '')) {
      if (group) group.rowsDone = rowsDone;
      continue;
    }
    const handle = unguarded(row.cells[handleAt] ?? '').trim();
    if (group && group.handle !== '' && group.handle === handle) {
      group.rowsDone = rowsDone;
      if (group.rows.length < ROWS_PER_PRODUCT_MAX) group.rows.push(row);
      else group.fault ??= faultOf(row, handle, 'too_many_rows', TOO_MANY);
      group.fault ??= widthFault(row, handle, width);
      continue;
    }
    if (group) yield group;
    group = { handle, rows: [row], rowsDone };
    group.fault = handleFault(row, handle, seen) ?? widthFault(row, handle, width);
  }
  if (group) yield group;
}

const TOO_MANY = `A product has at most ${ROWS_PER_PRODUCT_MAX} rows. Split it into several products.`;

function handleFault(row: CsvRow, handle: string, seen: Map<string, number>): RowFault | undefined {
  if (handle === '')
    return faultOf(row, null, 'handle_missing', 'Every row needs the handle of its product. Write it into this row.');
  const key = handle.normalize('NFKC').toLowerCase();
  const before = seen.get(key);
  if (before === undefined) {
    seen.set(key, row.rowNumber);
    return undefined;
  }
  const message = `The handle ${handle} was in row ${before} already, with another product between. Put all rows of a product together.`;
  return faultOf(row, handle, 'handle_again', message);
}

function widthFault(row: CsvRow, handle: string, width: number): RowFault | undefined {
  const cells = row.cells.length;
  // Some programs leave empty cells at the end of a row out. More cells than columns mean a broken row.
  if (cells <= width || row.cells.slice(width).every((cell) => cell.trim() === '')) return undefined;
  const message = `The row has ${cells} cells and the file ${width} columns. Put cells that hold a comma or a quote in quotes.`;
  return faultOf(row, handle, 'too_many_cells', message);
}

const faultOf = (row: CsvRow, handle: string | null, code: string, message: string): RowFault => ({
  rowNumber: row.rowNumber,
  column: null,
  code,
  message,
  handle,
});
