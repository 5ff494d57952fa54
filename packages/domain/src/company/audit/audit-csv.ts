import type { AuditEntryView } from './audit.contract.ts';

/** What a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection). */
const FORMULA_START = /^[=+\-@\t\r\n＝＋－＠]/;
const COLUMNS = [
  'id',
  'createdAt',
  'actorType',
  'actorId',
  'action',
  'entityType',
  'entityId',
  'before',
  'after',
  'requestId',
  'ip',
  'userAgent',
];

/** A cell that no spreadsheet computes and no comma, quote or line end breaks (RFC 4180). */
export function csvCell(value: string): string {
  const harmless = FORMULA_START.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) || harmless !== value ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

const csvRow = (cells: readonly string[]) => `${cells.map(csvCell).join(',')}\r\n`;

/** The first line of the export. */
export const csvHeader = (): string => csvRow(COLUMNS);

/** Entries as lines, in the order of the header. `before` and `after` are JSON. */
export const csvRows = (entries: readonly AuditEntryView[]): string =>
  entries
    .map((entry) =>
      csvRow([
        entry.id,
        entry.createdAt,
        entry.actor.type,
        entry.actor.id,
        entry.action,
        entry.entity.type,
        entry.entity.id,
        json(entry.before),
        json(entry.after),
        entry.requestId,
        entry.ip ?? '',
        entry.userAgent ?? '',
      ]),
    )
    .join('');

const json = (value: unknown) => (value === null || value === undefined ? '' : JSON.stringify(value));
