/** Commands of a page that call an API. */
export interface Block {
  readonly file: string;
  readonly script: string;
  /** Why a test cannot run them, if the page says so: `<!-- not run: … -->` on the line before. */
  readonly notRun: string | undefined;
}

const FENCE = /^\s*```(\w*)/;
const NOT_RUN = /^<!-- not run: (.+?) -->$/;
/** What a page shows of a program's output may end in commands as well. */
const SHOWN_COMMAND = /^ +(?:then: )?(curl .+)$/;

/** The blocks of a page that hold a curl: scripts as they are, and the commands within an output that is shown. */
export function blocksOf(file: string, page: string): Block[] {
  const found: Block[] = [];
  let open: { language: string; lines: string[]; notRun: string | undefined } | undefined;
  let before = '';
  for (const line of page.split('\n')) {
    const fence = FENCE.exec(line);
    if (open && fence) {
      const script = commandsIn(open.language, open.lines);
      if (script) found.push({ file, script, notRun: open.notRun });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (fence) open = { language: fence[1] ?? '', lines: [], notRun: NOT_RUN.exec(before)?.[1] };
    before = line;
  }
  return found;
}

function commandsIn(language: string, lines: readonly string[]): string | undefined {
  if (!lines.some((line) => /\bcurl /.test(line))) return undefined;
  if (language === 'sh') return lines.join('\n');
  const shown = lines.flatMap((line) => SHOWN_COMMAND.exec(line)?.[1] ?? []);
  return shown.length > 0 ? shown.join('\n') : undefined;
}
