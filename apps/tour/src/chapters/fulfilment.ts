import type { Company, Scene } from '../scene.ts';
import { type Order, plural } from '../shop-words.ts';
import { same } from '../surprise.ts';
import type { Choice } from './browsing.ts';
import type { Placed } from './checkout.ts';
import type { Colleague } from './rights.ts';
import { seeStock } from './stock.ts';

interface Parcel {
  id: string;
  status: string;
  next: string[];
  lines: { quantity: number }[];
}

export interface Sent {
  readonly parcelId: string;
}

/** The colleague with few rights packs, sends and delivers: these are the rights they have. */
export async function send(
  { tell }: Scene,
  {
    company,
    colleague,
    placed,
    choices,
  }: { company: Company; colleague: Colleague; placed: Placed; choices: readonly Choice[] },
): Promise<Sent> {
  tell.chapter('Bola packs and sends it', 'with the three rights a packer has');
  const { api } = colleague;
  const parcel = await api.post<Parcel>(`/v1/orders/${placed.orderId}/fulfilments`, {});
  const units = parcel.lines.reduce((total, { quantity }) => total + quantity, 0);
  same(
    'units in the parcel',
    units,
    choices.reduce((total, { quantity }) => total + quantity, 0),
  );
  tell.fact(`One parcel with ${plural(units, 'unit')}`, 'POST /v1/orders/:id/fulfilments');
  const step = (name: string, body: object = {}) =>
    api.post<Parcel>(`/v1/fulfilments/${parcel.id}/${name}`, body, { status: 200 });
  same('the parcel', (await step('packing')).status, 'packed');
  tell.fact('Packed', 'POST /v1/fulfilments/:id/packing');
  const way = {
    carrier: 'Lagos Riders',
    trackingNumbers: ['LR-2026-77'],
    trackingUrl: 'https://track.example.com/LR-2026-77',
  };
  same('the parcel', (await step('shipment', way)).status, 'shipped');
  await seeStock(company, choices, { reserved: false, gone: true });
  tell.fact('Shipped, with a tracking number; its goods have left the shelf', 'POST /v1/fulfilments/:id/shipment');
  tell.table(choices.map(({ sku, quantity }) => [sku, `${quantity} fewer on hand`]));
  await api.refused('POST', `/v1/fulfilments/${parcel.id}/packing`, {
    body: {},
    status: 409,
    code: 'fulfilment_move_not_allowed',
  });
  tell.fact('What has left cannot be packed again: 409', 'POST /v1/fulfilments/:id/packing');
  same('the parcel', (await step('delivery')).status, 'delivered');
  const order = await company.owner.get<Order>(`/v1/orders/${placed.orderId}`);
  same('the order', [order.lifecycle, order.fulfilmentStatus], ['completed', 'delivered']);
  tell.fact(`Delivered: order ${order.number} is ${order.lifecycle}`, 'POST /v1/fulfilments/:id/delivery');
  await api.refused('POST', `/v1/payments/${placed.paymentId}/refunds`, {
    body: {},
    headers: { 'idempotency-key': 'packers-refund' },
    status: 403,
    code: 'permission_missing',
  });
  tell.fact('Giving money back is not Bola’s to do: 403', 'POST /v1/payments/:id/refunds');
  return { parcelId: parcel.id };
}
