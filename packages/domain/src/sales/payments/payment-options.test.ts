import { expect, test } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany } from '../../testing/goods.ts';
import { givenPayableShop } from '../../testing/payable-orders.ts';
import { listPaymentOptions } from './payment-options.service.ts';

const db = useDatabase();
const CHARGEABLE = new Map([['paystack', ['NGN']]] as const);

test('a shopper is offered what the shop has set up and what takes the currency, with how it is done', async () => {
  const system = await givenPayableShop(db);
  const optionsIn = async (currency?: string) =>
    (await db.app.run(system, (ctx) => listPaymentOptions(ctx, CHARGEABLE, { currency }))).data;
  const paystack = { provider: 'paystack', name: 'Paystack', kind: 'redirect', instructions: null };
  const transfer = { provider: 'manual', name: 'Bank transfer', kind: 'transfer', instructions: null };
  expect(await optionsIn()).toEqual([transfer, paystack]);
  expect(await optionsIn('NGN')).toEqual([transfer, paystack]);
  expect(await optionsIn('EUR')).toEqual([transfer]);
  await db.app.run(system, (ctx) => patchSettings(ctx, 'payment', { manualInstructions: 'Pay into 0123.' }));
  expect(await optionsIn('EUR')).toEqual([{ ...transfer, instructions: 'Pay into 0123.' }]);
  await db.app.run(system, (ctx) => patchSettings(ctx, 'payment', { manualKind: 'cash_on_delivery' }));
  expect(await optionsIn('EUR')).toMatchObject([{ name: 'Cash on delivery', kind: 'cash_on_delivery' }]);
});

test('a shop that has set up nothing offers nothing', async () => {
  const system = await givenCompany(db);
  expect((await db.app.run(system, (ctx) => listPaymentOptions(ctx, CHARGEABLE, {}))).data).toEqual([]);
});
