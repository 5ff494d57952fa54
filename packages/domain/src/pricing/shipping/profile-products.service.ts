import { asc, eq } from 'drizzle-orm';
import { products } from '../../catalog/products/products.schema.ts';
import { isAnyOf, upsertAll } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type FieldFault, InvalidInput, NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import type { ProfileProducts, ProfileProductView } from './profiles.contract.ts';
import { announceProducts, getShippingProfile, lockShippingProfile } from './profiles.service.ts';
import { shippingProfileProducts } from './shipping.schema.ts';

type ProfileId = Id<'shp'>;
type ProductId = Id<'prod'>;

/** The products somebody put into a profile, oldest first. Throws `NotFound`. */
export async function listProfileProducts(
  ctx: Ctx,
  id: ProfileId,
  { limit, after }: ListQuery,
): Promise<Page<ProfileProductView>> {
  await getShippingProfile(ctx, id);
  const { productId } = shippingProfileProducts;
  const { where, orderBy } = keyset({ columns: [productId], direction: 'asc' }, after);
  const rows = await ctx.tx
    .select({ productId, handle: products.handle, title: products.title, status: products.status })
    .from(shippingProfileProducts)
    .innerJoin(products, mine(ctx, products, eq(products.id, productId)))
    .where(mine(ctx, shippingProfileProducts, eq(shippingProfileProducts.profileId, id), where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(
    rows,
    limit,
    (row) => [row.productId],
    (row) => row,
  );
}

/** Puts products into a profile; they leave the one they were in. Throws `NotFound`, `InvalidInput`. */
export async function addProfileProducts(ctx: Ctx, id: ProfileId, { productIds }: ProfileProducts): Promise<void> {
  await getShippingProfile(ctx, id);
  await refuseOddProducts(ctx, productIds);
  const profile = await lockShippingProfile(ctx, id);
  const rows = productIds.toSorted().map((productId) => ({ productId, profileId: id }));
  await upsertAll(ctx, shippingProfileProducts, ['productId'], rows);
  await announceProducts(ctx, profile, { before: {}, after: { added: productIds } });
}

/** Takes a product out: it is sent by the default profile. Throws `NotFound`, also when it is not in this one. */
export async function removeProfileProduct(ctx: Ctx, id: ProfileId, productId: ProductId): Promise<void> {
  const profile = await lockShippingProfile(ctx, id);
  const isIt = eq(shippingProfileProducts.productId, productId);
  const gone = await ctx.tx
    .delete(shippingProfileProducts)
    .where(mine(ctx, shippingProfileProducts, eq(shippingProfileProducts.profileId, id), isIt))
    .returning({ productId: shippingProfileProducts.productId });
  if (gone.length === 0) throw new NotFound('product in this shipping profile');
  await announceProducts(ctx, profile, { before: { removed: [productId] }, after: {} });
}

/** Throws `InvalidInput` naming each that is not there or comes twice. */
async function refuseOddProducts(ctx: Ctx, productIds: readonly ProductId[]): Promise<void> {
  const rows = await ctx.tx
    .select({ id: products.id })
    .from(products)
    .where(mine(ctx, products, isAnyOf(products.id, productIds)))
    .orderBy(asc(products.id));
  const known = new Set(rows.map(({ id }) => id));
  const firstAt = new Map(productIds.map((productId, at) => [productId, at] as const).toReversed());
  const [first, ...others] = productIds.flatMap((productId, at): FieldFault[] => {
    const pointer = `/productIds/${at}`;
    if (!known.has(productId)) return [{ pointer, code: 'unknown_product', message: 'There is no such product.' }];
    if (firstAt.get(productId) === at) return [];
    return [{ pointer, code: 'product_twice', message: 'This product is in the list already. Name it once.' }];
  });
  if (first) throw new InvalidInput(first, ...others);
}
