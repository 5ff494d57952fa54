import { setOnHand } from '@souk/domain/catalog/inventory/stock.service';
import { createCustomer } from '@souk/domain/identity/customer-accounts/registration.service';
import { newCustomerAddress } from '@souk/domain/identity/customers/customer-addresses.contract';
import { addAddress } from '@souk/domain/identity/customers/customer-addresses.service';
import { newCustomerGroup } from '@souk/domain/identity/customers/customer-groups.contract';
import { createGroup } from '@souk/domain/identity/customers/customer-groups.service';
import { newCustomer } from '@souk/domain/identity/customers/customers.contract';
import type { Ctx, Run, Session } from '@souk/domain/kernel/ctx';
import { type Id, newId } from '@souk/domain/kernel/ids';
import { newDiscount } from '@souk/domain/pricing/discounts/discounts.contract';
import { createDiscount } from '@souk/domain/pricing/discounts/discounts.service';
import { newShippingOption } from '@souk/domain/pricing/shipping/options.contract';
import { createShippingOption } from '@souk/domain/pricing/shipping/options.service';
import { newShippingProfile } from '@souk/domain/pricing/shipping/profiles.contract';
import { createShippingProfile } from '@souk/domain/pricing/shipping/profiles.service';
import { newShippingZone } from '@souk/domain/pricing/shipping/zones.contract';
import { createShippingZone } from '@souk/domain/pricing/shipping/zones.service';
import { newTaxRate } from '@souk/domain/pricing/tax/tax.contract';
import { createTaxRate } from '@souk/domain/pricing/tax/tax-rates.service';
import { createFulfilment } from '@souk/domain/sales/fulfilment/fulfilments.service';
import type { TestDatabase } from '@souk/domain/testing/database';
import { givenReservedOrder } from '@souk/domain/testing/reserved-orders';

const ADDRESS = { lastName: 'Obi', line1: '1 Marina', city: 'Lagos', country: 'NG' };

/** One thing of each kind that selling makes, by the prefix of its id. */
export async function givenSellingThings(db: TestDatabase, run: Run, system: Session, variantId: Id<'var'>) {
  const made = await run(system, makeThings);
  await run(system, (ctx) => setOnHand(ctx, [{ variantId, quantity: 9 }], { type: 'test' }));
  const { orderId, lineIds } = await givenReservedOrder(db, system, [{ variantId, quantity: 2 }]);
  const [orderLineId] = lineIds;
  if (!orderLineId) throw new Error('The order has no line');
  const sent = { lines: [{ orderLineId, quantity: 1 }] };
  const ful = (await run(system, (ctx) => createFulfilment(ctx, orderId, sent))).id;
  const [pay, rfd] = [newId('pay'), newId('rfd')];
  const money = { company_id: system.companyId, order_id: orderId, currency: 'NGN', amount: 2_000, provider: 'manual' };
  const sums = { status: 'partially_refunded', captured: 2_000, refunds_total: 500, refunded: 500 };
  await db.admin`insert into payments ${db.admin({ ...money, ...sums, id: pay })}`;
  const parts = db.admin.json({ lines: [], shipping: '0', other: '500' });
  const refund = { ...money, id: rfd, payment_id: pay, amount: 500, status: 'succeeded', cause: 'request' };
  const by = { actor_type: 'system', actor_id: 'test', reason: 'A scratch', parts };
  await db.admin`insert into refunds ${db.admin({ ...refund, ...by })}`;
  const [event] = await db.admin<
    { id: string }[]
  >`select id from events where company_id = ${system.companyId} limit 1`;
  if (!event) throw new Error('Nothing was announced');
  return { ...made, ord: orderId, oli: orderLineId, pay, rfd, ful, evt: event.id };
}

async function makeThings(ctx: Ctx) {
  const cus = (await createCustomer(ctx, newCustomer.parse({ email: 'ada@example.com' }))).id;
  const cadr = (await addAddress(ctx, cus, newCustomerAddress.parse({ address: ADDRESS }))).id;
  const cgr = (await createGroup(ctx, newCustomerGroup.parse({ name: 'Friends' }))).id;
  const txr = (await createTaxRate(ctx, newTaxRate.parse({ name: 'VAT', country: 'GH', ratePpm: 150_000 }))).id;
  const shz = (await createShippingZone(ctx, newShippingZone.parse({ name: 'Ghana', areas: [{ country: 'GH' }] }))).id;
  const shp = (await createShippingProfile(ctx, newShippingProfile.parse({ name: 'Heavy' }))).id;
  const flat = { zoneId: shz, name: 'Van', basis: 'flat', rates: [{ from: 0, price: { amount: 1, currency: 'NGN' } }] };
  const sho = (await createShippingOption(ctx, newShippingOption.parse(flat))).id;
  const tenth = { title: 'A tenth', method: 'code', kind: 'percentage', percentPpm: 100_000, codes: ['TENTH'] };
  const dis = (await createDiscount(ctx, newDiscount.parse(tenth))).id;
  return { cus, cadr, cgr, txr, shz, shp, sho, dis };
}
