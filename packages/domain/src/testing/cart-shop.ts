import type { Ctx, Session } from '../kernel/ctx.ts';
import { type Id, newId } from '../kernel/ids.ts';
import { accessOf, type CartAccess } from '../sales/carts/cart-access.ts';
import { type CartStart, createCart } from '../sales/carts/carts.service.ts';
import type { TestDatabase } from './database.ts';
import { givenCompany } from './goods.ts';
import { givenGoods } from './listed-goods.ts';

/** A shop with goods, a way of delivery and shoppers, for tests of carts and of what comes after them. */
export async function givenCartShop(db: TestDatabase) {
  const system = await givenCompany(db);
  const goods = givenGoods(db, system.companyId);
  const { run } = db.app;
  /** A session at the storefront, of a guest or of a customer. */
  const shopper = (customerId?: Id<'cus'>): Session => ({
    ...system,
    actor: customerId ? { type: 'customer', id: customerId } : { type: 'key', id: newId('key') },
    permissions: new Set(['carts.write', 'checkout.write']),
    isShopper: true,
    ip: '192.0.2.7',
  });
  return {
    ...goods,
    system,
    shopper,
    companyId: system.companyId,
    as: <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => run(session, work),
    customer: async (email = `${newId('cus')}@example.com`): Promise<Id<'cus'>> => {
      const id = newId('cus');
      await goods.insert('customers', [{ id, email, email_key: email.toLowerCase(), password_hash: 'none' }]);
      return id;
    },
    /** Sends goods of the default profile to a country, for a flat price in each currency. */
    delivery: async ({ country = 'NG', rates = { NGN: 1_500 } as Record<string, number>, name = 'Courier' } = {}) => {
      const [zone, option] = [newId('shz'), newId('sho')];
      const [known] = await db.admin<{ id: Id<'shp'> }[]>`
        select id from shipping_profiles where company_id = ${system.companyId} and is_default`;
      const profile = known?.id ?? newId('shp');
      if (!known) await goods.insert('shipping_profiles', [{ id: profile, name: 'Goods', is_default: true }]);
      await goods.insert('shipping_zones', [{ id: zone, name: country }]);
      await goods.insert('shipping_zone_areas', [{ zone_id: zone, position: 0, country }]);
      await goods.insert('shipping_options', [{ id: option, zone_id: zone, profile_id: profile, name }]);
      await goods.insert(
        'shipping_rates',
        Object.entries(rates).map(([currency, amount]) => ({ option_id: option, currency, from_step: 0, amount })),
      );
      return { option, profile, zone };
    },
    /** A cart of a guest (or a customer), and with what it is opened. */
    cart: async (start: CartStart = {}, session = shopper()) => {
      const { scene, token } = await run(session, (ctx) => createCart(ctx, start));
      const access: CartAccess = accessOf(session, token);
      return { id: scene.cart.id, token, access, scene, at: { id: scene.cart.id, access } };
    },
  };
}
