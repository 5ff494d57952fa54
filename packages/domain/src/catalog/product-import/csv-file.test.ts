import { expect, test } from 'vitest';
import { openCsv } from './csv-file.ts';
import { ImportFileUnfit } from './product-import.errors.ts';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

/** The whole file, fed in pieces so small that every character and every line end is torn apart somewhere. */
async function read(content: string | Buffer, size = 3) {
  const { header, rows } = await openCsv(inPieces(Buffer.from(content), size));
  const all = [];
  for await (const row of rows) all.push(row);
  return { header, rows: all };
}

test('quotes, commas, line ends and quotes within quotes are what the cell says', async () => {
  const { header, rows } = await read('a,b\r\n"x, y","say ""hi""\r\nthere"\r\nplain,\r\n');
  expect(header).toEqual(['a', 'b']);
  expect(rows).toEqual([
    { rowNumber: 2, cells: ['x, y', 'say "hi"\r\nthere'] },
    { rowNumber: 3, cells: ['plain', ''] },
  ]);
});

test.each(['\n', '\r\n', '\r'])('rows end with %j, and an empty row counts as a spreadsheet counts it', async (end) => {
  const { rows } = await read(['a,b', '1,2', '', '3,4', ''].join(end), 1_000);
  expect(rows).toEqual([
    { rowNumber: 2, cells: ['1', '2'] },
    { rowNumber: 4, cells: ['3', '4'] },
  ]);
});

test('a byte order mark is no part of the first column, and characters torn over two pieces are whole', async () => {
  const { header, rows } = await read('\ufeffHandle,Title\naṣọ,Ọmọdé 👗\n', 1);
  expect(header).toEqual(['Handle', 'Title']);
  expect(rows[0]?.cells).toEqual(['aṣọ', 'Ọmọdé 👗']);
});

const hostile: [string, string | Buffer, RegExp][] = [
  ['nothing at all', '', /empty/],
  ['UTF-16 with its mark', Buffer.from('\ufeffHandle,Title\n', 'utf16le'), /UTF-16.*CSV UTF-8/],
  ['UTF-16 without a mark', Buffer.from('Handle,Title\n', 'utf16le'), /NUL character.*UTF-16/],
  ['Latin-1', Buffer.from('Handle,Title\nhat,Fìlà\n', 'latin1'), /not UTF-8.*CSV UTF-8/],
  ['UTF-8 that is cut off', Buffer.from('Handle\nhat,Fìlà').subarray(0, -1), /not UTF-8/],
  ['a NUL', 'Handle\nha\0t\n', /NUL character/],
  [
    'a quote that is never closed',
    'Handle,Title\nhat,"Hat\nscarf,Scarf\n',
    /row 2 begins with a quote that is never closed/,
  ],
  ['a quote in the middle', 'Handle,Title\nhat,7" plate\n', /Row 2 is not well-formed/],
  ['a cell of a megabyte', `Handle,Title\nhat,"${'x'.repeat(1_048_576)}"\n`, /Row 2 is longer than 512 KiB/],
  [
    'ten thousand columns',
    `${Array.from({ length: 10_000 }, (_, at) => `c${at}`).join(',')}\n`,
    /10000 columns; at most 500/,
  ],
  ['semicolons', 'Handle;Title\nhat;Hat\n', /semicolons. Save it with commas/],
  ['tabs', 'Handle\tTitle\nhat\tHat\n', /tabs. Save it with commas/],
];
test.each(hostile)('%s is refused with a sentence that says what to do', async (_name, content, sentence) => {
  const refusal = await read(content, 65_536).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(refusal).toBeInstanceOf(ImportFileUnfit);
  expect(String(refusal)).toMatch(sentence);
});

test('an error of the source comes through', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a,b\n1,2\n');
    throw new Error('the disk is gone');
  }
  const wholly = async () => {
    const { rows } = await openCsv(broken());
    for await (const _ of rows);
  };
  await expect(wholly()).rejects.toThrow('the disk is gone');
});
