/** One thing a process needs to be of use, and how to ask it. Rejects if it is not well. */
export interface Check {
  readonly name: string;
  ask(): Promise<unknown>;
}

export interface Health {
  readonly isReady: boolean;
  /** Name → `ok`, or the reason in a few words. */
  readonly checks: Record<string, string>;
}

const ASK_TIMEOUT_MS = 2_000;

/** Whether a process can do its work: asked by whoever sends it traffic. */
export class Readiness {
  private stopping = false;
  private last: { at: number; health: Promise<Health> } | undefined;

  constructor(
    private readonly checks: readonly Check[],
    /** Asked at most this often, whoever calls: the page is open to all. */
    private readonly keptMs = 500,
  ) {}

  /** From now on the answer is no: the process is going down. */
  stop(): void {
    this.stopping = true;
  }

  /** The process is going down. */
  get isStopping(): boolean {
    return this.stopping;
  }

  /** Asks everything at once, each for two seconds at most. */
  async health(): Promise<Health> {
    if (this.stopping) return { isReady: false, checks: { process: 'stopping' } };
    if (!this.last || Date.now() - this.last.at > this.keptMs) this.last = { at: Date.now(), health: this.askAll() };
    return this.last.health;
  }

  private async askAll(): Promise<Health> {
    const answers = await Promise.all(this.checks.map(async (check) => [check.name, await answerOf(check)] as const));
    return { isReady: answers.every(([, answer]) => answer === 'ok'), checks: Object.fromEntries(answers) };
  }
}

async function answerOf(check: Check): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${ASK_TIMEOUT_MS} ms`), ASK_TIMEOUT_MS);
  });
  try {
    return await Promise.race([check.ask().then(() => 'ok'), late]);
  } catch {
    return 'not well; the log says why'; // the reason may hold addresses and user names
  } finally {
    clearTimeout(timer);
  }
}
