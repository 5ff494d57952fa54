import type { Instant } from '../../kernel/clock.ts';
import { type Currency, exponentOf } from '../../kernel/money.ts';
import { unguarded } from './csv-cells.ts';
import type { CsvRow } from './csv-file.ts';
import type { FileColumns } from './file-columns.ts';
import type { RowFault } from './imported-product.ts';

const AMOUNT = /^(\d{1,15})(?:\.(\d{1,6}))?$/;
const WHOLE = /^\d{1,9}$/;
const SIGNED_WHOLE = /^-?\d{1,9}(?:\.0+)?$/;
const DECIMAL = /^\d{1,9}(?:\.\d{1,6})?$/;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;
const YES = new Set(['true', 'yes', '1']);
const NO = new Set(['false', 'no', '0']);

/**
 * The cells of one row by field. A cell that cannot be read is written down among the faults and answered as
 * `undefined`; a column the file does not have is `undefined` as well, a blank cell `null`.
 */
export class RowReader {
  constructor(
    private readonly columns: FileColumns,
    readonly row: CsvRow,
    private readonly handle: string,
    private readonly faults: RowFault[],
  ) {}

  get rowNumber(): number {
    return this.row.rowNumber;
  }

  /** Trimmed, without the apostrophe that guards it against spreadsheets; undefined: no such column; null: blank. */
  text(field: string): string | null | undefined {
    const at = this.columns.at(field);
    if (at === undefined) return undefined;
    // Outer spaces go first and last: the guard stands right before the value.
    const cell = unguarded(this.row.cells[at] ?? '').trim();
    return cell === '' ? null : cell;
  }

  /** What there is, '' for nothing. */
  word(field: string): string {
    return this.text(field) ?? '';
  }

  flag(field: string): boolean | null | undefined {
    return this.read(field, 'true or false', (cell) => {
      const word = cell.toLowerCase();
      return YES.has(word) ? true : NO.has(word) ? false : undefined;
    });
  }

  whole(field: string): number | null | undefined {
    return this.read(field, 'a whole number, like 12', (cell) => (WHOLE.test(cell) ? Number(cell) : undefined));
  }

  /** A count that other systems let fall below zero. */
  signedWhole(field: string): number | null | undefined {
    return this.read(field, 'a whole number, like 12', (cell) => (SIGNED_WHOLE.test(cell) ? Number(cell) : undefined));
  }

  decimal(field: string): number | null | undefined {
    return this.read(field, 'a number, like 12.5', (cell) => (DECIMAL.test(cell) ? Number(cell) : undefined));
  }

  oneOf<Word extends string>(field: string, words: readonly Word[]): Word | null | undefined {
    return this.read(field, `one of ${words.join(', ')}`, (cell) => words.find((word) => word === cell.toLowerCase()));
  }

  instant(field: string): Instant | null | undefined {
    return this.read(field, 'a time like 2026-11-21T09:00:00Z', instantOf);
  }

  /** An amount in the currency's own decimals: `50` and `50.00` are 5000 kobo, `50` is 50 yen. */
  amount(field: string, currency: Currency): bigint | null | undefined {
    const cell = this.text(field);
    if (cell === undefined || cell === null) return cell;
    const amount = amountOf(cell, currency);
    if (typeof amount === 'bigint') return amount;
    this.fault(field, 'invalid_amount', amount);
    return undefined;
  }

  fault(field: string | null, code: string, message: string, isNote = false): void {
    const column = field === null ? null : this.columns.nameOf(field);
    this.faults.push({ rowNumber: this.rowNumber, column, code, message, handle: this.handle, isNote });
  }

  private read<T>(field: string, expected: string, parse: (cell: string) => T | undefined): T | null | undefined {
    const cell = this.text(field);
    if (cell === undefined || cell === null) return cell;
    const value = parse(cell);
    if (value === undefined) this.fault(field, 'invalid_value', `Expected ${expected} here, and not ${shown(cell)}.`);
    return value;
  }
}

/** An amount in minor units, or the sentence that says why it is none. */
export function amountOf(cell: string, currency: Currency): bigint | string {
  const exponent = exponentOf(currency);
  const example = exponent === 0 ? '1250' : `1250.${'0'.repeat(exponent)}`;
  const match = AMOUNT.exec(cell);
  if (!match)
    return /^[\d.,'\s\u00a0\u202f]+$/.test(cell)
      ? `Expected an amount without thousands separators and with a point before the decimals, like ${example}, and not ${shown(cell)}.`
      : `Expected an amount in ${currency} by itself, like ${example}, and not ${shown(cell)}.`;
  const [, whole = '0', decimals = ''] = match;
  if (/[1-9]/.test(decimals.slice(exponent)))
    return `${currency} has ${exponent === 0 ? 'no decimals' : `${exponent} decimals`}: ${shown(cell)} is not an amount in it.`;
  return BigInt(whole + decimals.slice(0, exponent).padEnd(exponent, '0'));
}

/** A moment as we write it, or undefined. A day alone is its beginning in UTC. */
export function instantOf(cell: string): Instant | undefined {
  if (!RFC_3339.test(cell)) return undefined;
  const time = new Date(cell);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

const SHOWN_MAX = 60;
const shown = (cell: string) => `"${cell.length > SHOWN_MAX ? `${cell.slice(0, SHOWN_MAX)}…` : cell}"`;
