import { type ChildProcess, spawn } from 'node:child_process';
import { leash } from './leash.ts';
import { lineSplitter, readableLine } from './log-lines.ts';

const COLOURS = { cyan: 36, magenta: 35, yellow: 33, green: 32, blue: 34, grey: 90 } as const;
const LAST_LINES = 80;
/** Of a process that stays; a command that fails often has its cause above a long stack. */
const LAST_LINES_SHOWN = 20;
/** A process whose children keep its pipes open is given this long to flush after its own end. */
const FLUSH_MS = 500;

export interface ProcessSpec {
  /** Short: it stands before every line. */
  name: string;
  command: string;
  args: string[];
  cwd?: string;
  /** The whole environment of the process; ours when left out. */
  env?: NodeJS.ProcessEnv;
  colour?: keyof typeof COLOURS;
  /** Show nothing of what it says; it is only shown when it fails. */
  quiet?: boolean;
}

export interface Exit {
  code: number | null;
  /** For people, after "it ended": `with exit code 1`, `on signal SIGKILL`. */
  text: string;
}

interface Surroundings {
  write: (line: string) => void;
  colour: boolean;
  patienceMs: number;
  width: () => number;
}

/** A child process in a group of its own, its output prefixed with its name. */
export class ManagedProcess {
  readonly name: string;
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  readonly #spec: ProcessSpec;
  readonly #around: Surroundings;
  readonly #child: ChildProcess;
  readonly #last: string[] = [];
  readonly #output: Buffer[] = [];

  constructor(spec: ProcessSpec, around: Surroundings) {
    this.name = spec.name;
    this.#spec = spec;
    this.#around = around;
    this.#child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: the terminal's Ctrl-C reaches only us, and its children end with it.
      detached: true,
    });
    const guard = this.#child.pid === undefined ? undefined : leash('kill -TERM "-$1"', [String(this.#child.pid)]);
    this.#listen();
    this.exited = this.#awaitExit().finally(() => guard?.release());
  }

  /** Of a quiet process, everything it wrote to standard output so far. */
  output(): string {
    return Buffer.concat(this.#output).toString('utf8');
  }

  /** The last lines it wrote, standard error included, as they were shown. */
  lastLines(): string[] {
    return this.#last.slice(this.#spec.quiet ? 0 : -LAST_LINES_SHOWN);
  }

  /** SIGTERM to the process and its children, patience, SIGKILL; resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.exit) return this.#signal('SIGKILL'); // Children that outlived it.
    this.#signal('SIGTERM');
    const forced = setTimeout(() => {
      this.#around.write(`${this.name} did not stop within ${this.#around.patienceMs / 1_000} s and is killed.`);
      this.#signal('SIGKILL');
    }, this.#around.patienceMs);
    await this.exited;
    clearTimeout(forced);
    this.#signal('SIGKILL');
  }

  kill(): void {
    this.#signal('SIGKILL');
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // Nobody of that group is left.
    }
  }

  #listen(): void {
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      const splitter = lineSplitter((line) => this.#take(line));
      stream?.on('data', (chunk: Buffer) => splitter.write(chunk));
      stream?.once('end', () => splitter.flush());
    }
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      if (this.#spec.quiet) this.#output.push(chunk);
    });
  }

  #awaitExit(): Promise<Exit> {
    return new Promise((resolve) => {
      const settle = (code: number | null, signal: string | null, reason?: string): void => {
        this.exit ??= { code, text: reason ?? (signal ? `on signal ${signal}` : `with exit code ${code}`) };
        resolve(this.exit);
      };
      this.#child.once('error', (error) => settle(null, null, `without having started (${error.message})`));
      this.#child.once('close', (code, signal) => settle(code, signal));
      this.#child.once('exit', (code, signal) => setTimeout(() => settle(code, signal), FLUSH_MS).unref());
    });
  }

  #take(line: string): void {
    for (const part of readableLine(line).split('\n')) {
      this.#last.push(part);
      if (this.#last.length > LAST_LINES) this.#last.shift();
      if (!this.#spec.quiet) this.#around.write(`${this.#prefix()} ${part}`);
    }
  }

  #prefix(): string {
    const text = `${this.name.padEnd(this.#around.width())} │`;
    if (!this.#around.colour || !this.#spec.colour) return text;
    return `\u001B[${COLOURS[this.#spec.colour]}m${text}\u001B[0m`;
  }
}
