/** Longer than what either way of the work takes on a busy day. */
const STEADY_MS = 250;

/**
 * Runs work whose time would tell whether an account exists, and answers after the same time either way: a known
 * account costs some writes more. Errors wait as well.
 */
export async function steadily<T>(work: () => Promise<T>, ms = STEADY_MS): Promise<T> {
  const over = new Promise<void>((resolve) => setTimeout(resolve, ms));
  try {
    return await work();
  } finally {
    await over;
  }
}
