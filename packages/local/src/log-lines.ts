const LEVELS: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' };
/** Fields that say nothing to somebody who watches one machine, or that stand elsewhere in the line. */
const LEFT_OUT = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'name', 'v']);
const LONGEST_VALUE = 200;

/**
 * One line of a process's output as a person wants to read it. Structured lines (JSON with `level` and `msg`) become
 * `12:03:22 info  message  field=value …`, an error's stack below; everything else stays as it is.
 */
export function readableLine(line: string): string {
  const entry = parsed(line);
  if (!entry) return line;
  const level = LEVELS[Number(entry['level'])] ?? String(entry['level']);
  const time = clockTime(entry['time']);
  const fields = Object.entries(entry)
    .filter(([name]) => !LEFT_OUT.has(name) && !(name === 'err' && hasStack(entry['err'])))
    .map(([name, value]) => `${name}=${brief(value)}`);
  const first = [time, level.padEnd(5), String(entry['msg'] ?? ''), fields.join(' ')]
    .filter(Boolean)
    .join(' ')
    .trimEnd();
  return hasStack(entry['err']) ? `${first}\n${entry['err'].stack}` : first;
}

function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{"')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    const isEntry = typeof value === 'object' && value !== null && 'level' in value;
    return isEntry ? Object.fromEntries(Object.entries(value)) : undefined;
  } catch {
    return undefined; // Not a log entry after all, or cut off in the middle.
  }
}

function clockTime(time: unknown): string {
  const date = new Date(typeof time === 'number' || typeof time === 'string' ? time : Number.NaN);
  return Number.isNaN(date.getTime()) ? '' : date.toTimeString().slice(0, 8);
}

function hasStack(error: unknown): error is { stack: string } {
  return typeof error === 'object' && error !== null && 'stack' in error && typeof error.stack === 'string';
}

function brief(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

/** Cuts a stream of chunks into whole lines; what is left without a line end comes with `flush`. */
export function lineSplitter(take: (line: string) => void): { write(chunk: Buffer): void; flush(): void } {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    write(chunk) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
      rest = lines.pop() ?? '';
      lines.forEach(take);
    },
    flush() {
      rest += decoder.decode();
      if (rest) take(rest);
      rest = '';
    },
  };
}
