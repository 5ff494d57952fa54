import { DatabaseUnavailable } from './errors.ts';
import type { CompanyId } from './ids.ts';
import type { Connection, Pool } from './pool.ts';
import { fromPostgres } from './postgres-error.ts';

// Whose connections it takes: nobody's in particular.
const SHARE = 'catalogue versions';
const TEXT = `select company_id as id, version::float8 as version from catalogue_versions
  where company_id = any(string_to_array($1, ','))`;

/** All reads of visitors wait behind one look-up, so a connection that says nothing is given up early. */
const LOOKUP_LIMIT_MS = 2_000;
const ATTEMPTS_MAX = 2;

/**
 * The catalogue versions of some companies, in one statement and without a unit of work: there is no company to set, and
 * everybody may read these numbers. A company whose catalogue never changed has none. Where a connection is lost or gives
 * no answer in time, another one is asked once. Throws `DatabaseUnavailable`.
 */
export async function readCatalogueVersions(
  pool: Pool,
  ids: Iterable<CompanyId>,
  limitMs = LOOKUP_LIMIT_MS,
): Promise<Map<CompanyId, number>> {
  const list = [...ids].join(',');
  for (let tried = 1; ; tried++) {
    const connection = await pool.acquire(SHARE);
    try {
      return await lookUp(connection, list, pool.options.prepare, limitMs);
    } catch (error) {
      if (tried >= ATTEMPTS_MAX || !connection.isLost()) throw fromPostgres(error);
    } finally {
      pool.release(connection, SHARE);
    }
  }
}

async function lookUp(connection: Connection, ids: string, prepare: boolean, limitMs: number) {
  const watchdog = setTimeout(() => connection.destroy(new DatabaseUnavailable('no answer in time')), limitMs);
  try {
    const rows = await connection.whileUp(
      connection.client.unsafe<{ id: CompanyId; version: number }[]>(TEXT, [ids], { prepare }),
    );
    return new Map(rows.map(({ id, version }) => [id, version]));
  } finally {
    clearTimeout(watchdog);
  }
}

/** SQL of a company's version, for a statement that reads what it holds for; 0 while nothing ever changed. */
export const ownVersionText = (company: string): string =>
  `coalesce((select seen.version from catalogue_versions seen where seen.company_id = ${company}), 0)::float8`;
