const FACT_WIDTH = 82;
/** In a narrower window the requests stand where they can. */
const WIDE = 125;
/** Stands right in its column. */
const AMOUNT = /^[−₦\d]/;

export interface ChapterTold {
  title: string;
  facts: { text: string; request?: string }[];
  seconds: number;
}

export interface Narrator {
  /** Begins a chapter; the one before is over. */
  chapter(title: string, about?: string): void;
  /** Something that was seen to be so, and the request that showed it. */
  fact(text: string, request?: string): void;
  /** More about the fact before. */
  detail(text: string): void;
  /** Rows in columns below the fact before. */
  table(rows: readonly (readonly string[])[]): void;
  /** What is under way, in a terminal. */
  progress(text: string): void;
  readonly chapters: readonly ChapterTold[];
  end(): void;
}

interface Options {
  write: (text: string) => void;
  isColoured: boolean;
  /** A line can be written over: progress is shown. */
  isTerminal: boolean;
  /** Characters in a line. */
  columns?: number;
}

/** Tells the tour in plain lines. */
export function narrator({ write, isColoured, isTerminal, columns = WIDE }: Options): Narrator {
  const paint = (code: number, text: string) => (isColoured ? `\u001B[${code}m${text}\u001B[0m` : text);
  const quiet = (text: string) => paint(90, text);
  const chapters: ChapterTold[] = [];
  const width = columns < WIDE ? 0 : FACT_WIDTH;
  let began = performance.now();
  let underWay = false;
  const clear = () => {
    if (underWay) write('\r\u001B[K');
    underWay = false;
  };
  const line = (text: string) => {
    clear();
    write(`${text}\n`);
  };
  const close = () => {
    const last = chapters.at(-1);
    if (last) last.seconds = Math.round(performance.now() - began) / 1_000;
    began = performance.now();
  };
  return {
    chapters,
    chapter(title, about) {
      close();
      chapters.push({ title, facts: [], seconds: 0 });
      line(`\n${quiet(String(chapters.length).padStart(2))}  ${paint(1, title)}${about ? `  ${quiet(about)}` : ''}`);
    },
    fact(text, request) {
      chapters.at(-1)?.facts.push({ text, ...(request ? { request } : {}) });
      line(`    ${paint(32, '✓')} ${request ? `${text.padEnd(width)}  ${quiet(request)}` : text}`);
    },
    detail: (text) => line(`      ${quiet(text)}`),
    table(rows) {
      for (const row of aligned(rows)) line(`        ${quiet(row)}`);
    },
    progress(text) {
      if (!isTerminal) return;
      clear();
      write(`    ${quiet(`… ${text}`)}`);
      underWay = true;
    },
    end() {
      clear();
      close();
    },
  };
}

/** Rows as lines of one width a column; amounts stand right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => (AMOUNT.test(cell) && at > 0 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** Tells nothing; the chapters are kept for who wants them as data. */
export const silentNarrator = (): Narrator =>
  narrator({ write: () => undefined, isColoured: false, isTerminal: false });
