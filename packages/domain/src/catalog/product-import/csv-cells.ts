/** What a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection), however many apostrophes guard it. */
const GUARDED_FORMULA = /^'*[=+\-@\t\r＝＋－＠]/;
const GUARDED = /^'+[=+\-@\t\r＝＋－＠]/;
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/;

/** A value as no spreadsheet computes it: an apostrophe before what looks like a formula. `unguarded` takes it off again. */
export const guarded = (value: string): string => (GUARDED_FORMULA.test(value) ? `'${value}` : value);

/** The value that was guarded. One apostrophe less where `guarded` put one; anything else stays as it is. */
export const unguarded = (cell: string): string => (GUARDED.test(cell) ? cell.slice(1) : cell);

/** One line of a CSV file (RFC 4180), its cells guarded against formulas. */
export const csvLine = (cells: readonly string[]): string => `${cells.map(quoted).join(',')}\r\n`;

function quoted(value: string): string {
  const cell = guarded(value);
  return NEEDS_QUOTES.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Several values in one cell: `a|b`, with `\|` and `\\` for those characters themselves. */
export const listCell = (values: readonly string[]): string =>
  values.map((value) => value.replace(/[\\|]/g, '\\$&')).join('|');

/** The values of a list cell, trimmed; blank ones left out. */
export function valuesOf(cell: string): string[] {
  const values: string[] = [];
  let value = '';
  for (let at = 0; at < cell.length; at++) {
    const character = cell.charAt(at);
    if (character === '\\' && at + 1 < cell.length) value += cell.charAt(++at);
    else if (character === '|') {
      values.push(value);
      value = '';
    } else value += character;
  }
  return [...values, value].map((one) => one.trim()).filter((one) => one !== '');
}
