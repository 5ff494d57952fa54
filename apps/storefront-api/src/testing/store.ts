import { adjustStock } from '@souk/domain/catalog/inventory/adjustments.service';
import { seedAccess } from '@souk/domain/company/iam/access-seed.service';
import { roleIdOf } from '@souk/domain/company/iam/roles.service';
import type { SettingGroup } from '@souk/domain/company/settings/setting-groups';
import { patchSettings } from '@souk/domain/company/settings/settings.service';
import { mintKey } from '@souk/domain/identity/api-keys/api-keys.service';
import { openSession } from '@souk/domain/identity/sessions/sessions.service';
import { createStaff } from '@souk/domain/identity/staff/staff.service';
import { allPermissions } from '@souk/domain/kernel/access';
import type { Ctx } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { newDiscount } from '@souk/domain/pricing/discounts/discounts.contract';
import { createDiscount } from '@souk/domain/pricing/discounts/discounts.service';
import { setUpPaymentProvider } from '@souk/domain/sales/payments/payment-providers.service';
import '@souk/domain/setup/declarations/declarations'; // the roles need every declared permission
import { givenCartShop } from '@souk/domain/testing/cart-shop';
import type { TestDatabase } from '@souk/domain/testing/database';
import { SignedAccessTokens } from '@souk/platform/access-tokens';

const PRICE = 10_000;
const SHIPPING = 1_500;
let stores = 0;
let owners = 0;

/** A shop that sells: goods with stock that has a history, delivery, both ways to pay, a storefront's key, and its owner. */
export async function givenStore(db: TestDatabase) {
  const shop = await givenCartShop(db);
  const number = ++stores;
  const { run } = db.app;
  const system = { ...shop.system, permissions: new Set<string>(allPermissions().map(({ name }) => name)) };
  const within = <T>(work: (ctx: Ctx) => Promise<T>) => run(system, work);
  const secretKey = `sk_live_${`${number}x`.padEnd(12, '0')}${shop.companyId.slice(-12)}`;
  const { key } = await within(async (ctx) => {
    await seedAccess(ctx);
    await setUpPaymentProvider(ctx, 'manual', {});
    await setUpPaymentProvider(ctx, 'paystack', { secretKey });
    return mintKey(ctx, {
      name: 'Web shop',
      type: 'publishable',
      scopes: ['carts.write', 'checkout.write', 'orders.read'],
    });
  });
  const { option } = await shop.delivery({ rates: { NGN: SHIPPING } });

  /** Goods that are counted, and came in by the book. */
  async function goods(onHand: number, price = PRICE): Promise<Id<'var'>> {
    const { variants } = await shop.product({ variants: [{ onHand: 0, prices: { NGN: price } }] });
    const [variantId] = variants;
    if (!variantId) throw new Error('A product without a variant');
    if (onHand > 0) await within((ctx) => adjustStock(ctx, { variantId, delta: onHand, reason: 'Delivery' }));
    return variantId;
  }

  /** A bundle of so many pieces of each part. */
  async function bundle(parts: readonly (readonly [Id<'var'>, number])[], price = PRICE): Promise<Id<'var'>> {
    const { variants } = await shop.product({ kind: 'bundle', prices: { NGN: price } });
    const [variantId] = variants;
    if (!variantId) throw new Error('A product without a variant');
    await db.admin`delete from stock_levels where variant_id = ${variantId}`;
    await shop.insert(
      'bundle_components',
      parts.map(([part, quantity], position) => ({
        bundle_variant_id: variantId,
        component_variant_id: part,
        quantity,
        position,
      })),
    );
    return variantId;
  }

  /** The token of somebody who may do everything. */
  async function owner(): Promise<string> {
    const { id: staffId, sessionId } = await within(async (ctx) => {
      const roleIds = [await roleIdOf(ctx, 'owner')];
      const email = `owner${++owners}@example.com`;
      const { id } = await createStaff(ctx, { name: 'An owner', email, passwordHash: 'none', roleIds });
      return { id, ...(await openSession(ctx, id)) };
    });
    const tokens = new SignedAccessTokens(db.app.unscoped);
    return (await tokens.sign({ companyId: shop.companyId, staffId, sessionId })).accessToken;
  }

  return {
    companyId: shop.companyId,
    system,
    key,
    secretKey,
    option,
    goods,
    bundle,
    owner,
    within,
    settings: (group: SettingGroup, values: object) => within((ctx) => patchSettings(ctx, group, values)),
    discount: (about: Parameters<typeof newDiscount.parse>[0]) =>
      within((ctx) => createDiscount(ctx, newDiscount.parse(about))),
  };
}

export type Store = Awaited<ReturnType<typeof givenStore>>;
