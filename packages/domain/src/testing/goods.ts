import { createCompany } from '../company/companies/companies.service.ts';
import { type Session, systemSession } from '../kernel/ctx.ts';
import { type CompanyId, type Id, newId } from '../kernel/ids.ts';
import type { TestDatabase } from './database.ts';

/** What a test wants a variant to be, where it differs from a plain one that is counted. */
export interface GoodsWish {
  sku?: string;
  productId?: Id<'prod'>;
  tracksStock?: boolean;
  backorder?: 'allow' | 'deny';
  archived?: boolean;
  /** Makes it a bundle: pieces of each part. */
  parts?: ReadonlyMap<Id<'var'>, number>;
}

export interface Goods {
  productId: Id<'prod'>;
  variantId: Id<'var'>;
}

/** A company with nothing in it, and a session of our own work in it. */
export async function givenCompany(db: TestDatabase): Promise<Session> {
  const system = systemSession(newId('com'), 'test');
  const handle = `shop-${system.companyId.slice(-12)}`;
  await db.app.run(system, (ctx) =>
    createCompany(ctx, { name: 'Adire House', handle, country: 'NG', currency: 'NGN', timezone: 'Africa/Lagos' }),
  );
  return system;
}

/**
 * An active product with one variant, or another variant of a product there is: rows alone, for tests of what comes after
 * products. Written past row security, so a test may put them into any company.
 */
export async function givenGoods(db: TestDatabase, companyId: CompanyId, wish: GoodsWish = {}): Promise<Goods> {
  const productId = wish.productId ?? newId('prod');
  const variantId = newId('var');
  const sql = db.admin;
  if (!wish.productId)
    await sql`insert into products (company_id, id, handle, title, title_key, kind, status, published_at)
      values (${companyId}, ${productId}, ${productId}, 'Thing', 'thing', ${wish.parts ? 'bundle' : 'simple'}, 'active', now())`;
  const sku = wish.sku ?? variantId.slice(-8);
  await sql`insert into product_variants
      (company_id, id, product_id, position, sku, sku_key, options_key, tracks_stock, backorder, archived_at)
    values (${companyId}, ${variantId}, ${productId}, 1, ${sku}, ${sku.toLowerCase()}, ${variantId},
      ${wish.tracksStock ?? true}, ${wish.backorder ?? null}, ${wish.archived ? new Date() : null})`;
  for (const [part, quantity] of wish.parts ?? [])
    await sql`insert into bundle_components (company_id, bundle_variant_id, component_variant_id, quantity, position)
      values (${companyId}, ${variantId}, ${part}, ${quantity}, 1)`;
  return { productId, variantId };
}
