import { sql } from 'drizzle-orm';
import { catalogueVersions } from './catalogue-version.schema.ts';
import type { Tx } from './ctx.ts';
import type { CompanyId } from './ids.ts';

/** Raises the number under which answers to visitors are cached. The last statement of a unit of work. */
export async function raiseCatalogueVersion(tx: Tx, companyId: CompanyId): Promise<void> {
  await tx
    .insert(catalogueVersions)
    .values({ companyId, version: 1 })
    .onConflictDoUpdate({
      target: [catalogueVersions.companyId],
      set: { version: sql`${catalogueVersions.version} + 1` },
    });
}
