import { InvalidArgumentError } from 'commander';

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time on a command line: RFC 3339, or how long ago (`30m`, `2h`, `3d`). Throws `InvalidArgumentError`. */
export const pastMoment = (text: string): string => moment(text, -1);
/** The same, ahead. */
export const comingMoment = (text: string): string => moment(text, 1);

function moment(text: string, direction: 1 | -1): string {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count && unit) return new Date(Date.now() + direction * Number(count) * (UNITS[unit] ?? 0)).toISOString();
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('Expected a time like 2026-11-21T09:00:00Z, or 30m, 2h, 3d.');
  return new Date(ms).toISOString();
}
