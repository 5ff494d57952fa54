import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { ImportFileUnfit } from './product-import.errors.ts';

/** One record with all its cells, a long description in it. */
const RECORD_BYTES_MAX = 512 * 1024;
const COLUMNS_MAX = 500;
/** Records that wait between the parser and whoever reads them. */
const READ_AHEAD = 256;

export interface CsvRow {
  /** As a spreadsheet shows it: the header is row 1, an empty line counts. */
  rowNumber: number;
  cells: string[];
}

/** The first line, and all others in their order. */
export interface CsvFile {
  header: string[];
  rows: AsyncGenerator<CsvRow, void>;
}

/**
 * Reads CSV of any size as a stream: commas, quotes and line ends inside quotes (RFC 4180), with or without a byte order
 * mark, any of the three line ends. Empty lines are left out but counted. Throws `ImportFileUnfit`, at once or while the
 * rows are read, for what is not UTF-8, not CSV or out of bounds.
 */
export async function openCsv(content: AsyncIterable<Uint8Array>): Promise<CsvFile> {
  const rows = rowsOf(content);
  const first = await rows.next();
  if (first.done) throw new ImportFileUnfit('The file is empty. Its first line must name the columns.');
  const header = first.value.cells;
  try {
    refuseHeader(header);
  } catch (error) {
    await rows.return();
    throw error;
  }
  return { header, rows };
}

interface Parsed {
  record: string[];
  info: { records: number; empty_lines: number };
}

async function* rowsOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRow, void> {
  const options = {
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: RECORD_BYTES_MAX,
    readableHighWaterMark: READ_AHEAD, // of the stream it is; its types do not list it
  };
  const parser = parse(options);
  const source = Readable.from(textOf(content));
  source.on('error', (error) => parser.destroy(error)); // ends the loop below
  source.pipe(parser);
  try {
    // With `info` each record comes with where it stands; csv-parse's types do not say so.
    for await (const { info, record } of parser as AsyncIterable<Parsed>)
      yield { rowNumber: info.records + info.empty_lines, cells: record };
  } catch (error) {
    throw error instanceof CsvError
      ? new ImportFileUnfit(sentenceOf(error, parser.info.records + parser.info.empty_lines + 1))
      : error;
  } finally {
    source.destroy();
    parser.destroy();
  }
}

/** The text of UTF-8 bytes, without a byte order mark. */
async function* textOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let read = 0;
  for await (const bytes of content) {
    if (read === 0) refuseUtf16(bytes);
    const text = decoded(() => decoder.decode(bytes, { stream: true }), read);
    if (text.includes('\0'))
      throw new ImportFileUnfit(
        `The file holds a NUL character after byte ${read}: it is not a text file, or UTF-16. Save it as "CSV UTF-8".`,
      );
    read += bytes.byteLength;
    if (text !== '') yield text;
  }
  const rest = decoded(() => decoder.decode(), read);
  if (rest !== '') yield rest;
}

function refuseUtf16([first, second]: Uint8Array): void {
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new ImportFileUnfit('The file is UTF-16. Save it as "CSV UTF-8" and send it again.');
}

function decoded(decode: () => string, read: number): string {
  try {
    return decode();
  } catch {
    throw new ImportFileUnfit(
      `The file is not UTF-8 (something after byte ${read} cannot be read). Save it as "CSV UTF-8" and send it again.`,
    );
  }
}

function refuseHeader(header: readonly string[]): void {
  if (header.length > COLUMNS_MAX)
    throw new ImportFileUnfit(`The file has ${header.length} columns; at most ${COLUMNS_MAX} are read.`);
  const [only] = header;
  if (header.length === 1 && only !== undefined && /[;\t]/.test(only))
    throw new ImportFileUnfit(
      `The columns of the file are separated by ${only.includes(';') ? 'semicolons' : 'tabs'}. Save it with commas.`,
    );
}

/** `row` is the first that could not be read. */
function sentenceOf(error: CsvError, row: number): string {
  if (error.code === 'CSV_QUOTE_NOT_CLOSED')
    return `A cell of row ${row} begins with a quote that is never closed. Close it, and write a quote inside a cell twice.`;
  if (error.code === 'CSV_MAX_RECORD_SIZE')
    return `Row ${row} is longer than ${RECORD_BYTES_MAX / 1024} KiB: a quote in it is not closed, or a cell is too long.`;
  return `Row ${row} is not well-formed CSV: a quote stands where none may be. Put the whole cell in quotes and write quotes inside it twice.`;
}
