import type { Loggers } from '@souk/platform/logger';

const ERROR_PAUSE_MS = 250;
const ERROR_PAUSE_MS_MAX = 10_000;

export interface LoopOptions {
  name: string;
  /** One round. Says whether there was something to do: then the next round comes at once. */
  round(): Promise<boolean>;
  /** Pause after the first round without work; grows by half each time, up to `idleMsMax`. */
  idleMs: number;
  idleMsMax: number;
  /** How long it rests after a round without work however often it is woken, for rounds that look far around; 0 unless told. */
  restMs?: number;
  log: Loggers['log'];
}

/** Runs rounds one after the other until it is stopped. A round that fails is logged and tried again after a growing pause. */
export class Loop {
  private running: Promise<void> | undefined;
  private isStopping = false;
  private isAwake = false;
  private isResting = false;
  private endPause: (() => void) | undefined;
  private lastFailure: unknown;

  constructor(private readonly options: LoopOptions) {}

  /** Begins, with a first round at once. */
  start(): void {
    this.running ??= this.rounds();
  }

  /** Ends the pause the loop is in, or spares it the next one: there may be something to do. */
  wake(): void {
    this.isAwake = true;
    if (!this.isResting) this.endPause?.();
  }

  /** Resolves when the round that is running has ended. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.endPause?.();
    await this.running;
  }

  /** Rejects if the last round failed; for `/readyz`. */
  async wellness(): Promise<void> {
    if (this.lastFailure) throw this.lastFailure;
  }

  private async rounds(): Promise<void> {
    const { name, round, idleMs, idleMsMax, restMs = 0, log } = this.options;
    let idle = idleMs;
    let failures = 0;
    while (!this.isStopping) {
      this.isAwake = false;
      try {
        const wasBusy = await round();
        failures = 0;
        this.lastFailure = undefined;
        if (wasBusy) {
          idle = idleMs;
          continue;
        }
        await this.pause(restMs, { wakes: false });
        await this.pause(idle - restMs);
        idle = this.isAwake ? idleMs : Math.min(idle * 1.5, idleMsMax);
      } catch (error) {
        failures += 1;
        this.lastFailure = error;
        log.error({ err: error, loop: name, failures }, 'a round failed; it is tried again');
        this.isAwake = false; // nobody wakes it sooner: what failed needs time
        await this.pause(Math.min(ERROR_PAUSE_MS * 2 ** Math.min(failures, 10), ERROR_PAUSE_MS_MAX));
      }
    }
  }

  private pause(ms: number, { wakes = true } = {}): Promise<void> {
    if ((wakes && this.isAwake) || this.isStopping || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(end, ms);
      const self = this;
      function end() {
        clearTimeout(timer);
        self.endPause = undefined;
        self.isResting = false;
        resolve();
      }
      this.endPause = end;
      this.isResting = !wakes;
    });
  }
}
