import { createConnection } from 'node:net';
import postgres from 'postgres';

const PATIENCE_S = 5;
const OLDEST_SERVER = 150_000;

/** What a role of one's own database server is for: an app's may not be able to climb the walls between companies. */
export type Purpose = 'app' | 'migrate' | 'admin';

/**
 * Connects once and looks whether the URL can be used for its purpose.
 *
 * @returns what is wrong, in a sentence that does not hold the password; undefined when nothing is
 */
export async function databaseFault(url: string, purpose: Purpose): Promise<string | undefined> {
  const { username, host, pathname } = new URL(url);
  const place = `${host}${pathname} as ${decodeURIComponent(username) || 'nobody in particular'}`;
  const sql = postgres(url, { max: 1, connect_timeout: PATIENCE_S, idle_timeout: 1, onnotice: () => {} });
  try {
    const [found] = await sql<{ version: number; unbound: boolean; creates: boolean }[]>`
      select current_setting('server_version_num')::int as version, rolsuper or rolbypassrls as unbound,
        rolsuper or (rolcreaterole and rolcreatedb) as creates
      from pg_roles where rolname = current_user`;
    if (!found) return `does not know its own role at ${place}.`;
    if (found.version < OLDEST_SERVER) return `leads to a PostgreSQL older than 15 at ${host}. Souk needs 15 or newer.`;
    if (purpose === 'app' && found.unbound) {
      return `connects to ${place}, a role that row level security does not bind. It should be a role of its own.`;
    }
    if (purpose === 'admin' && !found.creates) {
      return `connects to ${place}, a role that may not create roles and databases. It should be an administrator.`;
    }
    return undefined;
  } catch (error) {
    return `cannot be used: ${place}: ${reasonOf(error)}.`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/**
 * Looks whether anything listens where a URL leads.
 *
 * @param defaultPort for a URL without one
 * @returns what is wrong, in a sentence without the URL's password; undefined when nothing is
 */
export function listenerFault(url: string, defaultPort: number): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  const place = `${hostname}:${port || defaultPort}`;
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || defaultPort });
    const settle = (fault?: string): void => {
      socket.destroy();
      resolve(fault && `cannot be used: ${place}: ${fault}.`);
    };
    socket.setTimeout(PATIENCE_S * 1_000, () => settle(`no answer within ${PATIENCE_S} s`));
    socket.once('connect', () => settle());
    socket.once('error', (error) => settle(reasonOf(error)));
  });
}

// A refused connection to a name with two addresses comes as an AggregateError without words of its own.
function reasonOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message || first.name : String(first);
}
