import { expect, test } from 'vitest';
import type { Ctx } from '../../kernel/ctx.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop } from '../../testing/people.ts';
import { productDraft, variantDraft } from '../../testing/product-drafts.ts';
import { saveProducts } from './product-save.service.ts';
import type { PriceUpdates } from './variant-prices.contract.ts';
import { updatePricesInShares } from './variant-prices.flow.ts';
import { sharesOf } from './variant-prices.service.ts';

const db = useDatabase();

/** Products of this many variants each, whose SKUs are `<product>-<variant>`. */
async function given(sizes: readonly number[]) {
  const shop = await givenShop(db);
  const inShop = <T>(work: (ctx: Ctx) => Promise<T>) => db.app.run(shop.system, work);
  const saves = sizes.map((size, product) => {
    const names = (of: string, from: number, to: number) => ({
      name: of,
      values: Array.from({ length: to - from }, (_one, at) => `${of}${at}`),
    });
    const variants = Array.from({ length: size }, (_one, at) =>
      variantDraft({ sku: `${product}-${at}`, options: [`A${at % 50}`, `B${Math.floor(at / 50)}`] }),
    );
    const options = [names('A', 0, 50), names('B', 0, 40)];
    return { draft: productDraft({ kind: 'variable', options, variants }) };
  });
  for (const save of saves) await inShop((ctx) => saveProducts(ctx, [save]));
  return { shop, inShop };
}

const update = (sku: string) => ({ sku, prices: [{ amount: 5, currency: 'NGN' as const }] });

test('rows are cut into shares by the size of their products, each of which stands in one share', async () => {
  const { inShop, shop } = await given([1_900, 1_900, 1_900, 3]);
  // Mixed: row by row another product.
  const updates = [0, 1, 2, 3, 0, 1, 2, 3].map((product, at) => update(`${product}-${at < 4 ? 0 : 1}`));
  const input: PriceUpdates = { updates: [...updates, update('nothing')] };
  const shares = await inShop((ctx) => sharesOf(ctx, input));
  const productsOf = (share: readonly number[]) => [...new Set(share.map((place) => input.updates[place]?.sku[0]))];
  expect(shares.map(productsOf).map(({ length }) => length > 0)).toEqual([true, true]);
  const heads = shares.flatMap(productsOf);
  expect(new Set(heads).size).toBe(heads.length);
  expect(shares.flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);

  const outcome = await updatePricesInShares(db.app.run, shop.system, input);
  expect(outcome).toMatchObject({ updated: 8, unchanged: 0, refused: 1 });
  expect(outcome.results.map(({ sku }) => sku)).toEqual(input.updates.map(({ sku }) => sku));
});
