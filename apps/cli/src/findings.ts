import { sentenceOf } from './sentence.ts';

const PATIENCE_MS = 10_000;

/** One thing that was looked at. */
export interface Finding {
  name: string;
  level: 'ok' | 'warning' | 'fault';
  text: string;
  /** What to do about it. */
  wayOut?: string;
}

export const ok = (name: string, text: string): Finding => ({ name, level: 'ok', text });
export const warning = (name: string, text: string, wayOut?: string): Finding => ({
  name,
  level: 'warning',
  text,
  ...(wayOut !== undefined && { wayOut }),
});
export const fault = (name: string, text: string, wayOut?: string): Finding => ({
  ...warning(name, text, wayOut),
  level: 'fault',
});

/** Looks at one thing; whatever it throws, and too long a silence, is a fault of this name. */
export async function look(name: string, wayOut: string, ask: () => Promise<Finding | Finding[]>): Promise<Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${PATIENCE_MS / 1_000} s`)), PATIENCE_MS);
  });
  try {
    return [await Promise.race([ask(), late])].flat();
  } catch (error) {
    return [fault(name, sentenceOf(error), wayOut)];
  } finally {
    clearTimeout(timer);
  }
}
