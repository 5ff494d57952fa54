/** One row of the bench: ours beside the bare one, measured in the same run. */
export interface Outcome {
  name: string;
  ours: number;
  bare: number;
  unit: string;
  /** Least ratio ours / bare (or, for `isLatency`, most ours / bare). */
  goal: number;
  isLatency?: boolean;
  note?: string;
}

const ROUNDS = 5;

/** Runs the measurements in turn, five times, after one round that only warms up; gives each one's median. */
export async function alternate(measurements: readonly (() => Promise<number>)[]): Promise<number[]> {
  const taken: number[][] = measurements.map(() => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [at, measure] of measurements.entries()) {
      const value = await measure();
      if (round > 0) taken[at]?.push(value);
    }
  }
  return taken.map(median);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** A line of the report, with the goal and whether it was met. */
export function line({ name, ours, bare, unit, goal, isLatency = false, note }: Outcome): string {
  const ratio = ours / bare;
  const met = isLatency ? ratio <= goal : ratio >= goal;
  const number = (value: number) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1));
  return [
    `${met ? '✓' : '✗'} ${name}`,
    `    ours ${number(ours)} ${unit} · bare ${number(bare)} ${unit} · ratio ${ratio.toFixed(2)} (goal ${isLatency ? '≤' : '≥'} ${goal})`,
    ...(note ? [`    ${note}`] : []),
  ].join('\n');
}
