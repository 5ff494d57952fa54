import { expect, vi } from 'vitest';
import type { Ctx } from '../kernel/ctx.ts';
import type { Id } from '../kernel/ids.ts';
import { reckon } from '../pricing/totals/reckon.ts';
import * as here from '../sales/carts/cart-scene.service.ts';
import { changeCart, setAddress } from '../sales/carts/carts.service.ts';
import { givenCartShop } from './cart-shop.ts';
import type { TestDatabase } from './database.ts';
import { countingRun } from './statement-count.ts';

const HOME = { lastName: 'Okafor', line1: '1 Marina', city: 'Lagos', country: 'NG' };
const amounts = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);

/** The same code with a memory of its own, as another process has it. */
async function elsewhere(): Promise<typeof here> {
  vi.resetModules();
  return import('../sales/carts/cart-scene.service.ts');
}

/** A guest's cart with one thing in it, which two processes have read: each remembers the shop and the goods. */
export async function givenRememberedCart(db: TestDatabase) {
  const shop = await givenCartShop(db);
  const there = await elsewhere();
  const { option, zone, profile } = await shop.delivery();
  const product = await shop.product({
    title: 'Mug',
    variants: [{ sku: 'MUG', options: { Size: 'L' }, prices: { NGN: 10_000 } }],
    translations: { fr: { title: 'Tasse' } },
  });
  const variantId = product.variants[0] as Id<'var'>;
  const { id, access, at } = await shop.cart({ lines: [{ variantId, quantity: 1 }] });
  const guest = shop.shopper();
  await shop.as(guest, (ctx) => setAddress(ctx, at, 'shipping', HOME));
  const read = ({ readCartScene }: typeof here) => shop.as(guest, (ctx) => readCartScene(ctx, id, access));
  /** What both of them say; they must agree. */
  const both = async () => {
    const [a, b] = [await read(here), await read(there)];
    expect(JSON.stringify(reckon(b.basket), amounts)).toBe(JSON.stringify(reckon(a.basket), amounts));
    return { scene: a, totals: reckon(a.basket) };
  };
  /** How many statements a read takes each of them. */
  const statements = async () => {
    const counts: number[] = [];
    for (const { readCartScene } of [here, there]) {
      const { run, counted } = countingRun(db.app.run);
      await run(guest, (ctx) => readCartScene(ctx, id, access));
      counts.push(counted.statements);
    }
    return counts;
  };
  /** Reads it inside somebody's unit of work, as it is there. */
  const look = (ctx: Ctx) => here.readCartScene(ctx, id, access);
  const staff = <T>(work: (ctx: Ctx) => Promise<T>) => db.app.run(shop.system, work);
  const speak = (locale: string) => shop.as(guest, (ctx) => changeCart(ctx, at, { locale }));
  await both();
  return { shop, product, variantId, both, look, staff, speak, statements, option, zone, profile };
}
