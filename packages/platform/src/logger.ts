import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, pino } from 'pino';
import pretty from 'pino-pretty';
import { loggedError } from './logged-error.ts';

const SECRET_FIELD =
  /pass(word|phrase)|secret|token|credential|authorization|cookie|api-?key|private|recovery|otp|master_?keys|^(key|hash|codes?)$/i;
/** Codes of errors: an SQLSTATE, `ECONNREFUSED`, `ERR_HTTP_X`, `invalid_input`, an exit code. Others open something. */
const ERROR_CODE = /^(?:[0-9A-Z]{5}|[A-Z][A-Z0-9]{0,14}(?:_[A-Z0-9]{1,15})*|[a-z]{1,15}(?:_[a-z]{1,15})*|-?\d{1,5})$/;
const SECRET_TEXT = [
  /\bsouk_(pk|sk)_(live|test)_\w+/g, // API keys
  /\bsouk_(rt|inv|pwr|mfa)_[\w.-]+/g, // our tokens: refresh, invite, password reset, second step of a login
  /\b[sr]k_(live|test)_\w+/g, // secret keys of payment gateways
  /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, // JSON web tokens
  /\bwhsec_[\w+/=-]+/g, // secrets of webhooks
  /(?<=:\/\/[^:/@\s]*:)[^/\s]+(?=@)/g, // passwords in URLs, which people forget to encode: up to the last @
  /(?<=[?&;]secret=)[^&\s"']+/gi, // otpauth://
];
const MASK = '[secret]';
const DEPTH_MAX = 8;
/** Lines wait in memory until there are this many bytes, or for `FLUSH_MS`: one write per line would be felt. */
const BUFFER_BYTES = 8_192;
const FLUSH_MS = 250;

/** Writes lines of JSON. `log` masks whatever looks secret; `requests` takes fields this package chose, and is quicker. */
export interface Loggers {
  readonly log: pino.Logger;
  readonly requests: pino.Logger;
}

export interface LoggerOptions {
  level: string;
  /** Stands in every line: admin, storefront, worker. */
  process: string;
  /** Where lines go; the standard output if left out. */
  to?: DestinationStream;
}

/** Makes the loggers of a process. On a terminal of development they write for eyes, else JSON. */
export function createLoggers({ level, process: name, to = standardOutput() }: LoggerOptions): Loggers {
  const base = { level, base: { process: name }, timestamp: pino.stdTimeFunctions.isoTime };
  const log = pino(
    {
      ...base,
      formatters: { log: (fields) => masked(fields) as Record<string, unknown> },
      hooks: { logMethod: maskMessage },
      serializers: { err: (error: unknown) => error }, // `masked` has made it presentable
    },
    to,
  );
  return { log, requests: pino(base, to) };
}

// The message, too: it is often the message of an error.
function maskMessage(this: pino.Logger, given: Parameters<pino.LogFn>, write: pino.LogFn): void {
  const shown = given.map((one: unknown) => (typeof one === 'string' ? masked(one) : one));
  write.apply(this, shown as typeof given); // the same list, its texts masked
}

function standardOutput(): DestinationStream {
  // In this process and synchronous: a worker thread would lose the last lines of a crash.
  if (process.stdout.isTTY && process.env['NODE_ENV'] !== 'production') {
    return pretty({ sync: true, ignore: 'pid,hostname,process', translateTime: 'HH:MM:ss.l' });
  }
  const output = pino.destination({ fd: 1, sync: false, minLength: BUFFER_BYTES });
  setInterval(() => output.flush(), FLUSH_MS).unref();
  return output;
}

/** A copy in which every field that looks secret, and every token or key inside a text, is masked. */
export function masked(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return SECRET_TEXT.reduce((text, form) => text.replace(form, MASK), value);
  if (value instanceof Error) return masked(loggedError(value), depth);
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? value.toString() : value;
  if (value instanceof Date) return value.toISOString();
  if (depth >= DEPTH_MAX) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => masked(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, maskedField(name, inner, depth)]));
}

function maskedField(name: string, value: unknown, depth: number): unknown {
  // `code` is an error's name nearly everywhere. A one-time code has six digits, a recovery code sixteen letters and digits.
  if (name === 'code' && (typeof value === 'object' || ERROR_CODE.test(String(value)))) return masked(value, depth + 1);
  return SECRET_FIELD.test(name) && value ? MASK : masked(value, depth + 1);
}

/** Nest's own messages, as lines of ours. Its report of every mapped route is left out. */
export function nestLogger({ log }: Loggers): LoggerService {
  const nest = log.child({ part: 'nest' });
  return {
    log: (message: unknown, context?: string) => nest.debug({ context }, String(message)),
    debug: (message: unknown, context?: string) => nest.debug({ context }, String(message)),
    verbose: (message: unknown, context?: string) => nest.trace({ context }, String(message)),
    warn: (message: unknown, context?: string) => nest.warn({ context }, String(message)),
    error: (message: unknown, stack?: string, context?: string) => nest.error({ context, stack }, String(message)),
    fatal: (message: unknown, context?: string) => nest.fatal({ context }, String(message)),
  };
}
