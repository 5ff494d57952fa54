import { expect, test } from 'vitest';
import { useDatabase } from '../../testing/database.ts';
import { givenShop } from '../../testing/people.ts';
import { productDraft } from '../../testing/product-drafts.ts';
import { saveProducts } from './product-save.service.ts';

const db = useDatabase();

test('a save that changes the stock alone is seen by visitors: the product can be had, and answers are made anew', async () => {
  const { system } = await givenShop(db);
  const draft = productDraft({ handle: 'adire-gown' });
  const count = (quantity: number) => [{ onHand: [{ quantity }], alsoExisting: true }];
  const [made] = await db.app.run(system, (ctx) => saveProducts(ctx, [{ draft, stock: count(0) }]));
  if (!made || made.outcome === 'refused') throw new Error('Refused');
  const { id } = made.product;
  const state = async () => {
    const [row] = await db.admin`select a.is_available as available, v.version from product_availability a
      join catalogue_versions v on v.company_id = a.company_id where a.product_id = ${id}`;
    return { isAvailable: row?.['available'], version: Number(row?.['version']) };
  };
  const before = await state();
  await db.app.run(system, (ctx) => saveProducts(ctx, [{ id, draft, stock: count(5) }]));
  const after = await state();
  expect([before.isAvailable, after.isAvailable]).toEqual([false, true]);
  expect(after.version).toBeGreaterThan(before.version);
});
