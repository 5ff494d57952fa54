import net from 'node:net';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { metServer } from './database-server.ts';
import { DatabaseUnavailable } from './errors.ts';
import { createFairQueue } from './fair-queue.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** A rush of 300 buyers at once on two busy cores is served within it, so that nobody of them is sent away with a 503. */
const ACQUIRE_TIMEOUT_MS = 8_000;
/** A connection is replaced at this age: plans made when the tables were small do not live for ever. */
const CONNECTION_AGE_MAX_MS = 30 * 60_000;

export interface PoolOptions {
  url: string;
  /** Connections at most. About twice the cores: more only makes them wait for each other inside PostgreSQL. */
  size: number;
  /** How long a unit of work waits for a free connection before it is told 503. */
  acquireTimeoutMs?: number;
  /** Turn off behind PgBouncer older than 1.21. */
  prepare?: boolean;
  applicationName?: string;
}

const WHICH_SERVER = 'select pg_postmaster_start_time()::text as server';

type Dialect = ReturnType<typeof drizzle>['dialect' & keyof ReturnType<typeof drizzle>];

/** One PostgreSQL session. It is used until it is lost, and never reconnects: whoever holds it learns of the loss. */
export interface Connection {
  readonly client: postgres.Sql;
  /** Which database server it leads to: when that was started. */
  readonly server: string;
  /** drizzle's SQL writer, shared by all units of work on this connection. */
  readonly dialect: Dialect;
  /** What `work` comes to, or the loss of the connection if that comes first. */
  whileUp<T>(work: PromiseLike<T>): Promise<T>;
  isLost(): boolean;
  /** Drops the connection at once; the server rolls its transaction back. */
  destroy(reason: Error): void;
}

export interface Pool {
  /** `share`: whose work it is (a company); companies share the pool fairly. Throws `DatabaseUnavailable`. */
  acquire(share: string): Promise<Connection>;
  /** Gives the connection back. A lost one is forgotten. */
  release(connection: Connection, share: string): void;
  readonly options: Required<PoolOptions>;
  stats(): { open: number; idle: number; waiting: number };
  close(): Promise<void>;
}

/**
 * A pool of single connections. postgres.js has a pool of its own, but a connection that died inside a transaction
 * reconnects there, and queries still queued for the transaction run on the new session, outside of it (its issues
 * 1133, 1155 and 1186). Here each client has one connection whose socket can be opened once.
 *
 * Connections are shared fairly: one company never holds all of them, and companies that wait are served in turn.
 */
export function createPool(given: PoolOptions): Pool {
  const options = { acquireTimeoutMs: ACQUIRE_TIMEOUT_MS, prepare: true, applicationName: 'souk', ...given };
  const idle: Connection[] = [];
  const born = new WeakMap<Connection, number>();
  const queue = createFairQueue<Connection>(options);
  let open = 0;
  let closing = false;

  async function connect(): Promise<Connection> {
    open += 1;
    let connection: Connection | undefined;
    try {
      const opened = await openConnection(options, () => {
        if (!connection) return; // lost before it was open: that is a failure to open, counted below
        open -= 1;
        const at = idle.indexOf(connection);
        if (at >= 0) idle.splice(at, 1);
        serveNext();
      });
      if (opened.isLost()) throw new DatabaseUnavailable('the connection was lost');
      born.set(opened, Date.now());
      connection = opened;
      return opened;
    } catch (error) {
      open -= 1;
      serveNext();
      throw new DatabaseUnavailable(error instanceof Error ? error.message : String(error));
    }
  }

  function serveNext() {
    if (closing || (idle.length === 0 && open >= options.size)) return;
    const waiter = queue.next();
    if (!waiter) return;
    const ready = idle.pop();
    if (ready) waiter.resolve(ready);
    else connect().then(waiter.resolve, waiter.reject);
  }

  return {
    options,
    async acquire(share) {
      if (closing) throw new DatabaseUnavailable('the pool is closed');
      const isFree = idle.length > 0 || open < options.size;
      if (!isFree || !queue.mayTake(share)) return queue.wait(share);
      queue.take(share);
      try {
        return idle.pop() ?? (await connect());
      } catch (error) {
        queue.giveBack(share);
        throw error;
      }
    },
    release(connection, share) {
      queue.giveBack(share);
      const isOld = Date.now() - (born.get(connection) ?? 0) > CONNECTION_AGE_MAX_MS;
      if (closing || isOld) connection.destroy(new Error('connection retired'));
      if (!connection.isLost()) idle.push(connection);
      serveNext();
    },
    stats: () => ({ open, idle: idle.length, waiting: queue.waiting() }),
    async close() {
      closing = true;
      queue.refuseAll(new DatabaseUnavailable('the pool is closing'));
      await Promise.all(idle.splice(0).map((connection) => connection.client.end({ timeout: 1 })));
    },
  };
}

async function openConnection(options: Required<PoolOptions>, onLost: () => void): Promise<Connection> {
  let socket: net.Socket | undefined;
  let loss: Error | undefined;
  // A set and no promise that everybody races against: each race would keep its result until the connection ends.
  const waiting = new Set<(reason: Error) => void>();

  const lose = (reason: Error) => {
    if (loss) return;
    loss = reason;
    for (const fail of waiting) fail(reason);
    waiting.clear();
    onLost();
  };
  const client = postgres(options.url, {
    max: 1,
    prepare: options.prepare,
    fetch_types: false,
    idle_timeout: 0,
    max_lifetime: null,
    connection: { application_name: options.applicationName },
    onnotice: () => undefined,
    onclose: () => lose(new DatabaseUnavailable('the connection was lost')),
    // Opened once. A second call would be postgres.js reconnecting; refusing it keeps queued queries from ever being sent.
    socket: async (to: { host: string[]; port: number[]; path?: string }) => {
      if (socket) throw new DatabaseUnavailable('the connection was lost');
      socket = await dial(to);
      return socket;
    },
  } as postgres.Options<Record<string, never>>); // `socket` works but is missing from the published types
  const { dialect } = drizzle(client) as unknown as { dialect: Dialect }; // internal, but what drizzle's own session takes
  const connection: Connection & { server: string } = {
    client,
    server: '',
    dialect,
    whileUp: (work) =>
      new Promise((resolve, reject) => {
        if (loss) reject(loss);
        else waiting.add(reject);
        const settled = () => waiting.delete(reject);
        work.then(
          (value) => {
            settled();
            resolve(value);
          },
          (error: unknown) => {
            settled();
            reject(error);
          },
        );
      }),
    isLost: () => loss !== undefined,
    destroy(reason) {
      socket?.destroy();
      lose(reason);
    },
  };
  // The handshake happens here: a first query that is BEGIN could otherwise fail while the second one gets through.
  const deadline = setTimeout(
    () => connection.destroy(new DatabaseUnavailable('no answer in time')),
    CONNECT_TIMEOUT_MS,
  );
  try {
    const [row] = await connection.whileUp(client.unsafe<{ server: string }[]>(WHICH_SERVER));
    connection.server = row?.server ?? '';
    metServer(connection.server);
  } catch (error) {
    loss ??= error instanceof Error ? error : new Error(String(error));
    socket?.destroy();
    throw error;
  } finally {
    clearTimeout(deadline);
  }
  return connection;
}

function dial({ host, port, path }: { host: string[]; port: number[]; path?: string }): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = path ? net.connect(path) : net.connect({ host: host[0] ?? 'localhost', port: port[0] ?? 5432 });
    const failed = (error: Error) => reject(error);
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('connecting timed out')));
    socket.setNoDelay(true);
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', failed);
      // postgres.js reads the host off the socket to check a TLS certificate by name.
      resolve(Object.assign(socket, { host: host[0], port: port[0] }));
    });
  });
}
