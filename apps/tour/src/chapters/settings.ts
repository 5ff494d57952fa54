import type { Company, Scene } from '../scene.ts';
import type { Page } from '../shop-words.ts';
import { found, same } from '../surprise.ts';

interface Group {
  version: number;
  numberPrefix: string;
}

/** ₦1,500.00 */
export const DELIVERY_PRICE = 150_000;

/** The company says how it wants to work: settings, delivery, payments. */
export async function settle({ tell, mark }: Scene, { owner, ownerEmail }: Company, shopUrl: string): Promise<void> {
  tell.chapter('How it wants to work');
  const before = await owner.get<Group>('/v1/settings/orders');
  const orders = await owner.patch<Group>('/v1/settings/orders', { numberPrefix: 'KORA-', numberStart: 2_001 });
  same('numberPrefix after the change', orders.numberPrefix, 'KORA-');
  tell.fact('Order numbers begin with KORA-', 'PATCH /v1/settings/orders');
  const stale = { 'if-match': `"${before.version}"` };
  await owner.refused('PATCH', '/v1/settings/orders', {
    body: { numberPrefix: 'LATE-' },
    headers: stale,
    status: 412,
    code: 'version_stale',
  });
  tell.fact('Somebody who saw the settings before that cannot undo it unknowingly: 412', 'If-Match: "<version>"');
  await owner.patch('/v1/settings/notification', { orderMailsTo: [ownerEmail], senderName: 'Kora Home' });
  tell.fact('New orders are told to the owner by mail', 'PATCH /v1/settings/notification');
  await owner.patch('/v1/settings/storefront', { url: shopUrl });
  tell.fact('Its shop lives there, and links in mails lead to it', 'PATCH /v1/settings/storefront');
  const options = await owner.get<Page<{ id: string; name: string }>>('/v1/shipping-options');
  const delivery = found('GET /v1/shipping-options', options.data[0], 'the option every company is born with');
  await owner.patch(`/v1/shipping-options/${delivery.id}`, {
    rates: [{ price: { amount: DELIVERY_PRICE, currency: 'NGN' } }],
  });
  tell.fact(`"${delivery.name}" costs ₦1,500.00 from now on`, 'PATCH /v1/shipping-options/:id');
  const provider = await owner.put<{ isConfigured: boolean; credentials: { lastFour: string } }>(
    '/v1/payment-providers/paystack',
    { secretKey: `sk_live_tour${mark}000000` },
  );
  same('payment provider isConfigured', provider.isConfigured, true);
  const kept = `only its end is ever shown again: …${provider.credentials.lastFour}`;
  tell.fact(`Its Paystack key is kept encrypted; ${kept}`, 'PUT /v1/payment-providers/paystack');
  await owner.post('/v1/discounts', {
    title: 'Welcome',
    method: 'code',
    kind: 'percentage',
    percentPpm: 100_000,
    codes: ['WELCOME10'],
  });
  tell.fact('The code WELCOME10 takes 10 % off an order', 'POST /v1/discounts');
}
