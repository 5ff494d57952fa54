import { aligned, narrator, silentNarrator } from './narrator.ts';
import { NotPossible, Surprise } from './surprise.ts';
import { type Summary, walk } from './tour.ts';

const WRONG_WORDS = 2;
const USAGE = `npm run tour [-- --json]

Walks the main job of a new company through a running npm start, over HTTP only, and tells what it sees.
  --json   one JSON document at the end instead of the story
ADMIN_URL, STOREFRONT_URL, MAILBOX_URL: where to find them, if not where this folder's npm start has them.
Exit code 0: all was as it should be; 1: it was not, or nothing answers; 2: wrong words.
`;

const words = process.argv.slice(2);
if (words.includes('--help')) process.stdout.write(USAGE);
else if (words.some((word) => word !== '--json')) {
  process.stderr.write(`The tour does not know "${words.join(' ')}".\n\n${USAGE}`);
  process.exitCode = WRONG_WORDS;
} else process.exitCode = await main({ isJson: words.includes('--json') });

async function main({ isJson }: { isJson: boolean }): Promise<number> {
  const addresses = {
    admin: process.env['ADMIN_URL'] ?? 'http://localhost:4000',
    storefront: process.env['STOREFRONT_URL'] ?? 'http://localhost:4100',
    mailbox: process.env['MAILBOX_URL'] ?? 'http://localhost:8025',
  };
  const isTerminal = process.stdout.isTTY === true && !process.env['CI'];
  const isColoured = isTerminal && !process.env['NO_COLOR'];
  const write = (text: string) => void process.stdout.write(text);
  const tell = isJson ? silentNarrator() : narrator({ write, isColoured, isTerminal, columns: process.stdout.columns });
  try {
    const summary = await walk(addresses, tell);
    if (isJson) writeJson({ ok: true, summary, chapters: tell.chapters });
    else write(ending(summary, addresses));
    return 0;
  } catch (error) {
    if (!(error instanceof Surprise || error instanceof NotPossible)) throw error;
    tell.end();
    if (isJson) writeJson({ ok: false, ...told(error), chapters: tell.chapters });
    else write(failure(error, tell.chapters.at(-1)?.title));
    return 1;
  }
}

function writeJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

function told(error: Surprise | NotPossible): object {
  if (error instanceof NotPossible) return { problem: error.message };
  return { surprise: { where: error.where, expected: error.expected, seen: error.seen } };
}

function ending(
  { company, requests, events, deliveries, seconds }: Summary,
  addresses: { admin: string; mailbox: string },
): string {
  const rows = [
    ['requests', String(requests), ''],
    ['events', String(events), 'in the company’s log'],
    ['deliveries', String(deliveries), 'to its server, every signature verified'],
    ['seconds', String(seconds), ''],
  ];
  const lines = aligned(rows).map((row) => `    ${row}`);
  return [
    '',
    `All of it was as it should be. ${company} stays, and is in nobody’s way.`,
    ...lines,
    '',
    `Every route: ${addresses.admin}/docs   Mails: ${addresses.mailbox}`,
    '',
  ].join('\n');
}

function failure(error: Surprise | NotPossible, chapter: string | undefined): string {
  if (error instanceof NotPossible) return `\nThe tour ends here. ${error.message}\n`;
  const at = chapter ? ` in "${chapter}"` : '';
  const rows = Object.entries({ where: error.where, expected: error.expected, seen: error.seen });
  const lines = rows.map(([name, text]) => `    ${name.padEnd(8)}  ${text}`);
  return `\nA surprise${at}. That should not be so:\n${lines.join('\n')}\n`;
}
