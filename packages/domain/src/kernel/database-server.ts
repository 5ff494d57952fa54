let latest = '';

/**
 * Notes which database server a new connection leads to, by the time it was started. Another one may have taken over that
 * never heard of the last commits: it gives their catalogue versions again, to other facts.
 */
export function metServer(server: string): void {
  latest = server;
}

/** The server that was connected to last. */
export const latestServer = (): string => latest;
