import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** True when nothing listens on this loopback port at this moment. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: LOOPBACK }, () => probe.close(() => resolve(true)));
  });
}

/**
 * A loopback port that is free at this moment: the preferred one when it is, else one the system chooses. Somebody
 * else may take it before it is used, so whoever listens on it must be ready to ask again.
 */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred && (await isPortFree(preferred))) return preferred;
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port: 0, host: LOOPBACK }, () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** The first free loopback port at or after `first`; gives up with an error after `tries` busy ones. */
export async function nextFreePort(first: number, tries = 50): Promise<number> {
  for (let port = first; port < first + tries; port += 1) {
    if (await isPortFree(port)) return port;
  }
  throw new Error(
    `No free port between ${first} and ${first + tries - 1} on ${LOOPBACK}. Stop what listens there, or choose another.`,
  );
}
