import type { TestDatabase } from './database.ts';

const PAUSE_MS = 5;

/** Resolves when a connection of this test's database waits for a lock. */
export async function somebodyWaits(db: TestDatabase): Promise<'waits'> {
  for (;;) {
    const rows =
      await db.admin`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    if (rows.length > 0) return 'waits';
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Holds one unit of work where it is until another one is where the test wants it. */
export function gate(): { passed: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}
