import type { ProductDraft, ProductWrite, ProductWritten, StoredProduct } from '../catalog/products/product-draft.ts';
import { readProducts } from '../catalog/products/product-reader.service.ts';
import { writeProducts } from '../catalog/products/product-writer.service.ts';
import type { Ctx } from '../kernel/ctx.ts';
import type { Id } from '../kernel/ids.ts';
import type { TestDatabase } from './database.ts';
import { givenShop } from './people.ts';
import { productDraft } from './product-drafts.ts';

/** A shop whose products are written, and read, as the services do it. */
export async function givenWriter(db: TestDatabase) {
  const shop = await givenShop(db);
  const inShop = <T>(work: (ctx: Ctx) => Promise<T>) => db.app.run(shop.system, work);
  const write = (...writes: ProductWrite[]) =>
    inShop(async (ctx) => {
      ctx.audit({ action: 'product.written', entity: { type: 'product', id: 'test' } });
      return writeProducts(ctx, writes);
    });
  const make = async (draft: Partial<ProductDraft> = {}) => stored(await write({ draft: productDraft(draft) }));
  const read = (id: Id<'prod'>) =>
    inShop(async (ctx) => {
      const product = (await readProducts(ctx, [id])).get(id);
      if (!product) throw new Error('not there');
      return product;
    });
  return { shop, companyId: shop.companyId, inShop, write, make, read };
}

export function stored([first]: readonly ProductWritten[]): StoredProduct {
  if (!first || first.outcome === 'refused') throw new Error(JSON.stringify(first));
  return first.product;
}

export const faultsOf = (written: ProductWritten | undefined) =>
  written?.outcome === 'refused' ? written.faults.map(({ pointer, code }) => [pointer, code]) : written?.outcome;
