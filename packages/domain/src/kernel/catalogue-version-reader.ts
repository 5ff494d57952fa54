import type { Ctx } from './ctx.ts';
import type { CompanyId } from './ids.ts';
import type { Pool } from './pool.ts';
import { runText } from './text-statement.ts';

// Whose connections it takes: nobody's in particular.
const SHARE = 'catalogue versions';
const TEXT = `select company_id as id, version::float8 as version from catalogue_versions
  where company_id = any(string_to_array($1, ','))`;

/**
 * The catalogue versions of some companies, in one statement and without a unit of work: there is no company to set, and
 * everybody may read these numbers. A company whose catalogue never changed has none.
 */
export async function readCatalogueVersions(pool: Pool, ids: Iterable<CompanyId>): Promise<Map<CompanyId, number>> {
  const connection = await pool.acquire(SHARE);
  try {
    const rows = await Promise.race([
      connection.client.unsafe<{ id: CompanyId; version: number }[]>(TEXT, [[...ids].join(',')], {
        prepare: pool.options.prepare,
      }),
      connection.lost,
    ]);
    return new Map(rows.map(({ id, version }) => [id, version]));
  } finally {
    pool.release(connection, SHARE);
  }
}

const OWN = {
  text: 'select version::float8 as version from catalogue_versions where company_id = $1',
  names: ['company'],
} as const;

/** The version of the company at work; 0 while its catalogue never changed. */
export async function ownCatalogueVersion(ctx: Ctx): Promise<number> {
  const [row] = await runText<{ version: number }, 'company'>(ctx, OWN, { company: ctx.companyId });
  return row?.version ?? 0;
}
