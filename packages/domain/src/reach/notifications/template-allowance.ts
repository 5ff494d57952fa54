import { TemplateFault } from './template-fault.ts';

/**
 * What is done with what a template says, and how long all parts of one mail may take together, from Liquid to the letter.
 * Ours take under a millisecond. In time of the processor and not of the clock, so that a machine that is busy with other
 * things fails nobody; and longer when it is sent than when it was tried, so that what was good stays good.
 */
export type Purpose = 'trial' | 'sending' | 'ours';
const LIMIT_MS: Readonly<Record<Purpose, number>> = { trial: 100, sending: 150, ours: Number.POSITIVE_INFINITY };

/** The time one mail has. It begins when it is made. */
export interface Allowance {
  /** Variables that are not there are refused. */
  readonly isStrict: boolean;
  /** Throws `TemplateFault` once the time is used up. */
  check(): void;
}

/** A mail's time for what is done with it. Looks at the clock before it asks for the processor's time, which costs more. */
export function allowanceFor(purpose: Purpose): Allowance {
  const limitMs = LIMIT_MS[purpose];
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  return {
    isStrict: purpose === 'trial',
    check() {
      if (performance.now() - startedAt <= limitMs) return;
      const { user, system } = process.cpuUsage(before);
      if ((user + system) / 1_000 > limitMs) throw new TemplateFault(`It takes longer than ${limitMs} ms.`);
    },
  };
}
