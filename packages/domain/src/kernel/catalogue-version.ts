import { sql } from 'drizzle-orm';
import { catalogueVersions } from './catalogue-version.schema.ts';
import type { Tx } from './ctx.ts';
import type { CompanyId } from './ids.ts';

/**
 * What processes remember of a shop and its goods under this number (`version-memory.ts`). A unit of work that writes one of
 * these tables raises it, whoever forgot to say so: a cart would be priced, taxed and sent by what was true before. (A
 * picture's file says so itself when it can be shown: the worker's own steps are nothing to visitors.)
 */
const REMEMBERED = new Set([
  'products',
  'product_variants',
  'product_options',
  'product_media',
  'product_translations',
  'product_categories',
  'prices',
  'categories',
  'collection_members',
  'companies',
  'company_settings',
  'tax_rates',
  'shipping_profiles',
  'shipping_profile_products',
  'shipping_zones',
  'shipping_zone_areas',
  'shipping_options',
  'shipping_rates',
  'shipping_free_over',
]);

/** Whether one of the tables is remembered by processes. */
export const raisesVersion = (wrote: ReadonlySet<string>): boolean => {
  for (const table of wrote) if (REMEMBERED.has(table)) return true;
  return false;
};

/** Milliseconds of the clock: a number that is higher than any before it also where the database came back from a backup. */
const byClock = sql`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/**
 * Raises the number under which answers to visitors are cached. The last statement of a unit of work. A number is never given
 * twice: what processes remember under it would be taken for what another catalogue says.
 */
export async function raiseCatalogueVersion(tx: Tx, companyId: CompanyId): Promise<void> {
  await tx
    .insert(catalogueVersions)
    .values({ companyId, version: byClock })
    .onConflictDoUpdate({
      target: [catalogueVersions.companyId],
      set: { version: sql`greatest(${catalogueVersions.version} + 1, ${byClock})` },
    });
}
