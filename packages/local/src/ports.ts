import { connect, createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';
const CONNECT_TIMEOUT_MS = 1_000;

/** True when nobody answers on this port of this machine at this moment, and we may listen on it. */
export async function isPortFree(port: number): Promise<boolean> {
  // Listening alone is no proof: some systems let us listen beside a server that listens on all addresses.
  const answers = await Promise.all([LOOPBACK, '::1'].map((host) => isAnswered(host, port)));
  return !answers.includes(true) && (await canListen(port));
}

function isAnswered(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
}

function canListen(port: number): Promise<boolean> {
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
