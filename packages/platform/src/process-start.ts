/** Starts a process: whatever is wrong with it before it has a logger is one message on the error output, and code 1. */
export function startProcess(work: () => Promise<void>): void {
  const failed = (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  };
  try {
    work().catch(failed);
  } catch (error) {
    failed(error);
  }
}
