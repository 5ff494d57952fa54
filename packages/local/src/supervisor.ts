import { ManagedProcess, type ProcessSpec } from './managed-process.ts';

export type { ProcessSpec } from './managed-process.ts';

/** npm hands a terminal's Ctrl-C on to its script, which has received it already: within this time it is one press. */
const SAME_PRESS_MS = 500;
const DEFAULT_PATIENCE_MS = 20_000;
const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 100;
const READY_REQUEST_MS = 2_000;
/** Until then a process may take its time to start: a refused connection is no news. */
const READY_SAY_AFTER_MS = 8_000;
const READY_SAY_EVERY_MS = 4_000;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const INTERRUPTED = 130;

export interface SupervisorOptions {
  /** Where lines for people go; standard output by default. */
  write?: (line: string) => void;
  colour?: boolean;
  /** How long a process may take to end after SIGTERM, milliseconds; then SIGKILL. */
  patienceMs?: number;
  /** Listen to Ctrl-C and its kin; on by default. */
  signals?: boolean;
}

export interface Ending {
  /** What this process should exit with: 0 after a requested stop. */
  exitCode: number;
}

interface Held {
  name: string;
  stop(): Promise<void>;
  kill(): void;
}

/**
 * Keeps several processes and services running together: all or none. Nothing is restarted; when one dies, its last
 * words are shown and the others are stopped. Everything is stopped in the reverse order of its start: a process gets
 * SIGTERM, some patience, then SIGKILL, its children included. Ctrl-C stops cleanly; a second one kills at once.
 */
export class Supervisor {
  readonly #options: Required<SupervisorOptions>;
  readonly #held: Held[] = [];
  readonly #names = new Set<string>();
  readonly #handlers = new Map<NodeJS.Signals, () => void>();
  readonly #ended: Promise<Ending>;
  #settle: (ending: Ending) => void = () => {};
  #stopping: Promise<void> | undefined;
  #beingStopped: Held | undefined;
  #stopAsked = 0;

  constructor(options: SupervisorOptions = {}) {
    this.#options = {
      write: (line) => process.stdout.write(`${line}\n`),
      colour: process.stdout.isTTY === true && !process.env['NO_COLOR'],
      patienceMs: DEFAULT_PATIENCE_MS,
      signals: true,
      ...options,
    };
    this.#ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    if (!this.#options.signals) return;
    for (const signal of STOP_SIGNALS) {
      const handler = (): void => this.#onSignal(signal);
      this.#handlers.set(signal, handler);
      process.on(signal, handler);
    }
  }

  /** Resolves when everything has stopped, for whatever reason. */
  get ended(): Promise<Ending> {
    return this.#ended;
  }

  /** True from the moment in which a stop was asked for or became necessary. */
  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Puts something that already runs (a database, a mailbox) into the row of what is stopped at the end. */
  hold(name: string, stop: () => Promise<void>): void {
    this.#held.push({ name, stop, kill: () => {} });
  }

  /** Starts a process that is to run until the end. */
  start(spec: ProcessSpec): ManagedProcess {
    const managed = this.#launch(spec);
    void managed.exited.then((exit) => {
      if (this.#stopping) return;
      this.#say(`${spec.name} ended by itself ${exit.text}. Its last lines:`);
      for (const line of managed.lastLines()) this.#say(`  ${line}`);
      this.#say('Stopping the rest.');
      this.#begin(1);
    });
    return managed;
  }

  /**
   * Runs a command to its end, as part of the whole: a stop ends it too.
   *
   * @returns what it wrote to standard output if it is quiet, else nothing
   * @throws with its last lines when it fails
   */
  async run(spec: ProcessSpec): Promise<string> {
    if (this.#stopping) throw new Error(`${spec.name} was not started: everything is being stopped.`);
    const managed = this.#launch(spec);
    const exit = await managed.exited;
    this.#release(managed);
    if (exit.code === 0) return managed.output();
    if (this.#stopping) throw new Error(`${spec.name} was stopped.`);
    const lines = managed.lastLines().map((line) => `    ${line}`);
    throw new Error(`${spec.name} failed ${exit.text}. It said:\n${lines.join('\n') || '    nothing'}`);
  }

  /**
   * Waits until `url` answers 200.
   *
   * @throws when the process ends first, or after a minute, with the last answer
   */
  async ready(managed: ManagedProcess, url: string, timeoutMs = READY_TIMEOUT_MS): Promise<void> {
    const started = Date.now();
    let sayAt = started + READY_SAY_AFTER_MS;
    for (;;) {
      const answer = await probe(url);
      if (answer === undefined) return;
      if (managed.exit) throw new Error(`${managed.name} ended before it was ready ${managed.exit.text}.`);
      if (this.#stopping) throw new Error(`${managed.name} was stopped before it was ready.`);
      const seconds = Math.round((Date.now() - started) / 1_000);
      if (Date.now() - started > timeoutMs) {
        const lines = managed.lastLines().map((line) => `    ${line}`);
        throw new Error(
          `${managed.name} was not ready after ${seconds} s: ${url} answered ${answer}. Its last lines:\n${lines.join('\n')}`,
        );
      }
      if (Date.now() > sayAt) {
        sayAt = Date.now() + READY_SAY_EVERY_MS;
        this.#say(`Waiting for ${managed.name}, ${seconds} s so far (${answer})`);
      }
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
  }

  /** Stops everything in reverse order and settles `ended`. Safe to call twice; the first exit code counts. */
  async stop(exitCode = 0): Promise<void> {
    this.#begin(exitCode);
    await this.#stopping;
  }

  #launch(spec: ProcessSpec): ManagedProcess {
    if (!spec.quiet) this.#names.add(spec.name);
    const width = (): number => Math.max(...[...this.#names].map((name) => name.length));
    const managed = new ManagedProcess(spec, { ...this.#options, width });
    this.#held.push(managed);
    return managed;
  }

  #release(managed: ManagedProcess): void {
    const position = this.#held.indexOf(managed);
    if (position >= 0) this.#held.splice(position, 1);
  }

  #begin(exitCode: number): void {
    this.#stopping ??= this.#stopAll().then(() => {
      for (const [signal, handler] of this.#handlers) process.off(signal, handler);
      this.#settle({ exitCode });
    });
  }

  async #stopAll(): Promise<void> {
    for (let next = this.#held.pop(); next; next = this.#held.pop()) {
      const current = next;
      this.#beingStopped = current;
      await current.stop().catch((error: unknown) => this.#say(`${current.name}: ${String(error)}`));
    }
  }

  #onSignal(signal: NodeJS.Signals): void {
    const now = Date.now();
    if (!this.#stopping) {
      this.#stopAsked = now;
      this.#say(signal === 'SIGINT' ? '\nStopping. Press Ctrl-C again to kill at once.' : `\nStopping (${signal}).`);
      this.#begin(0);
    } else if (now - this.#stopAsked > SAME_PRESS_MS) {
      this.#say('Killed.');
      this.#beingStopped?.kill();
      for (const one of this.#held) one.kill();
      // What is held by a leash (the database) is shut down behind us.
      process.exit(INTERRUPTED);
    }
  }

  #say(line: string): void {
    this.#options.write(line);
  }
}

/** Answers undefined when the URL says 200, else what it said. */
async function probe(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(READY_REQUEST_MS) });
    const body = await response.text();
    return response.status === 200 ? undefined : `${response.status} ${body.slice(0, 300)}`.trim();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message || cause.name : String(cause);
  }
}
