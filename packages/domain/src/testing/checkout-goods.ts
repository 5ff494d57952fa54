import { givenCheckoutShop } from './checkout-shop.ts';
import type { TestDatabase } from './database.ts';

/** A shop with one thing to buy, and looks at what checkouts leave in the tables. */
export async function givenCheckoutGoods(
  db: TestDatabase,
  onHand = 10,
  prices: Record<string, number> = { NGN: 2_500 },
) {
  const shop = await givenCheckoutShop(db);
  const product = await shop.product({ title: 'Adire scarf', prices, variants: [{ onHand }] });
  const [variantId] = product.variants;
  if (!variantId) throw new Error('There is no variant');
  const { companyId } = shop;
  const ordersOf = () => db.admin<
    { id: string; number: string; lifecycle: string; total: string; cartVersion: number; supersededBy: string | null }[]
  >`select id, number, lifecycle, total::text, cart_version as "cartVersion", superseded_by_id as "supersededBy"
    from orders where company_id = ${companyId} order by id`;
  const stock = async () => {
    const [level] = await db.admin<{ onHand: number; reserved: number }[]>`
      select on_hand as "onHand", reserved from stock_levels where company_id = ${companyId} and variant_id = ${variantId}`;
    return level;
  };
  const eventsOf = async () =>
    (
      await db.admin<{ type: string; sequence: number }[]>`
        select type, sequence from events where company_id = ${companyId} and type like 'order.%' order by id`
    ).map(({ type, sequence }) => `${type} ${sequence}`);
  return { shop, variantId, ordersOf, stock, eventsOf };
}
