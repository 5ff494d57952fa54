// Progress for people: one line for each step, with its time; and one way to end with an error.

const live = process.stdout.isTTY === true && !process.env.CI;
const coloured = live && !process.env.NO_COLOR;
/** The step that is being shown, in a terminal: other lines must not run into its own. */
let showing;
/** Without a terminal to rewrite, a step is announced only when it takes longer than this. */
const ANNOUNCE_AFTER_MS = 1_000;
const WIDEST = 110;

const paint = (code, text) => (coloured ? `\u001B[${code}m${text}\u001B[0m` : text);
/** For what must be seen. */
export const bold = (text) => paint(1, text);
/** For what may be overlooked. */
export const quiet = (text) => paint(90, text);

/** Prints a line between, before or after the steps. */
export function writeLine(line) {
  showing?.clear();
  console.log(line);
  showing?.draw();
}

/**
 * Runs one step, showing that it runs, what it says meanwhile, and how long it took.
 *
 * @param {string} title what is done, for people
 * @param {(say: (detail: string) => void) => Promise<T> | T} work gets a function for news about its progress
 * @param {(result: T) => string | undefined} nothingDone why there was nothing to do, if so: shown in place of the time
 * @returns {Promise<T>} what the work returned; its error is passed on
 * @template T
 */
export async function step(title, work, nothingDone = () => undefined) {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1_000).toFixed(1)} s`;
  const progress = live ? rewriting(title, seconds) : appending(title);
  try {
    const result = await work(progress.say);
    progress.end();
    const why = nothingDone(result);
    console.log(why ? `${quiet('–')} ${title}  ${quiet(why)}` : `${paint(32, '✓')} ${title} ${quiet(seconds())}`);
    return result;
  } catch (error) {
    progress.end();
    console.log(`${paint(31, '✗')} ${title} ${quiet(seconds())}`);
    throw error;
  }
}

function rewriting(title, seconds) {
  let detail = '';
  const draw = () => {
    const line = `… ${title} ${seconds()}${detail && `  ${detail}`}`;
    process.stdout.write(`\r\u001B[K${line.slice(0, Math.min(WIDEST, (process.stdout.columns ?? 80) - 1))}`);
  };
  const clear = () => process.stdout.write('\r\u001B[K');
  draw();
  const timer = setInterval(draw, 250);
  showing = { clear, draw };
  return {
    say(text) {
      detail = text;
      draw();
    },
    end() {
      clearInterval(timer);
      showing = undefined;
      clear();
    },
  };
}

function appending(title) {
  let announced = false;
  const announce = () => {
    if (!announced) console.log(`… ${title}`);
    announced = true;
  };
  const timer = setTimeout(announce, ANNOUNCE_AFTER_MS);
  let lastSaid = 0;
  return {
    say(text) {
      announce();
      // A counter that moves many times a second would fill a log file.
      if (/\d/.test(text) && Date.now() - lastSaid < ANNOUNCE_AFTER_MS) return;
      lastSaid = Date.now();
      console.log(`    ${text}`);
    },
    end: () => clearTimeout(timer),
  };
}

/** Runs a script's main function; an error is printed and ends the process with 1. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    console.error(`\n${paint(31, 'That did not work.')} ${error instanceof Error ? error.message : error}`);
    if (process.env.DEBUG && error instanceof Error) console.error(error.stack);
    process.exitCode = 1;
  }
}
