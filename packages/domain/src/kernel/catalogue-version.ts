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
