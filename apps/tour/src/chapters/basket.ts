import type { Api } from '../http.ts';
import type { Scene } from '../scene.ts';
import { price, type Totals } from '../shop-words.ts';
import { found, Surprise, same } from '../surprise.ts';
import type { Choice } from './browsing.ts';
import { DELIVERY_PRICE } from './settings.ts';
import type { Shopfront } from './storefront-key.ts';

export interface Cart {
  id: string;
  status: string;
  totals: Totals;
  requirements: { code: string; message: string }[];
  explanation?: { step: string; text: string }[];
  lines: { id: string; sku: string }[];
}

export interface Basket {
  readonly id: string;
  /** The storefront API, asked by the guest whose cart it is. */
  readonly guest: Api;
  readonly token: string;
  readonly email: string;
  readonly totals: Totals;
}

const DISCOUNT = 0.1;
const VAT_PERCENT = 7.5;

/** A guest fills a cart until nothing is missing. */
export async function fillCart({ tell, mark }: Scene, { api }: Shopfront, choices: readonly Choice[]): Promise<Basket> {
  tell.chapter('A guest fills a cart');
  const made = await api.post<{ cart: Cart; token: string }>('/v1/carts', {});
  const { id } = made.cart;
  await api.refused('GET', `/v1/carts/${id}`, { status: 404, code: 'not_found' });
  tell.fact('A cart, and a token that opens it; without the token it is not found', 'POST /v1/carts');
  const guest = api.with({ 'x-cart-token': made.token });
  for (const { variantId, quantity } of choices) await guest.post(`/v1/carts/${id}/lines`, { variantId, quantity });
  tell.fact(choices.map(({ quantity, sku }) => `${quantity} × ${sku}`).join(', '), 'POST /v1/carts/:id/lines');
  const email = `guest.${mark}@example.com`;
  await guest.put(`/v1/carts/${id}/email`, { email });
  const lagos = { firstName: 'Ada', lastName: 'Obi', line1: '1 Marina', city: 'Lagos', country: 'NG' };
  const half = await guest.put<Cart>(`/v1/carts/${id}/shipping-address`, lagos);
  same('what is still missing', half.requirements.length, 1);
  tell.fact('What is still missing, the cart says itself:', 'PUT …/email, …/shipping-address');
  tell.detail(half.requirements[0]?.message ?? '');
  const ways = await guest.get<{ data: { options: { id: string; name: string }[] }[] }>(
    `/v1/carts/${id}/shipping-options`,
  );
  const way = found('GET /v1/carts/:id/shipping-options', ways.data[0]?.options[0]);
  await guest.put(`/v1/carts/${id}/shipping-option`, { shippingOptionId: way.id });
  const wrong = await guest.ask('POST', `/v1/carts/${id}/discount-codes`, { body: { code: 'WELCOME99' } });
  if (wrong.status < 400) throw new Surprise('a code nobody made', { expected: 'a refusal', seen: wrong.text });
  await guest.post(`/v1/carts/${id}/discount-codes`, { code: 'welcome10' });
  const full = await guest.get<Cart>(`/v1/carts/${id}?explain=true`);
  same('what is still missing', full.requirements, []);
  sum(full.totals, choices);
  tellTotals({ tell }, way.name, full);
  return { id, guest, token: made.token, email, totals: full.totals };
}

/** The same sums on our own. */
function sum(totals: Totals, choices: readonly Choice[]): void {
  const goods = choices.reduce((total, choice) => total + choice.price * choice.quantity, 0);
  const off = Math.round(goods * DISCOUNT);
  const total = goods - off + DELIVERY_PRICE;
  const amounts = [totals.subtotal, totals.discount, totals.shipping, totals.total].map(({ amount }) => amount);
  same('subtotal, discount, shipping and total of the cart', amounts, [goods, off, DELIVERY_PRICE, total]);
  const vat = (total * VAT_PERCENT) / (100 + VAT_PERCENT);
  // Each line is rounded by itself: at most half a kobo each.
  if (Math.abs(totals.tax.amount - vat) > choices.length + 1) {
    throw new Surprise('VAT in the total', { expected: `about ${vat}`, seen: String(totals.tax.amount) });
  }
}

function tellTotals({ tell }: Pick<Scene, 'tell'>, way: string, { totals, explanation }: Cart): void {
  tell.fact(
    'A guessed code is refused, WELCOME10 is taken; the sums are right, reckoned anew:',
    'POST …/discount-codes',
  );
  tell.table([
    ['goods', price(totals.subtotal)],
    ['WELCOME10', `−${price(totals.discount)}`],
    [way, price(totals.shipping)],
    ['to pay', price(totals.total)],
    ['of it VAT', price(totals.tax)],
  ]);
  const sentences = found('explanation', explanation, 'sentences');
  if (sentences.length === 0) throw new Surprise('explanation', { expected: 'sentences', seen: 'none' });
  tell.fact('How it came about, in the API’s own words:', 'GET /v1/carts/:id?explain=true');
  for (const { text } of sentences.filter(({ step }) => step === 'discount' || step === 'tax').slice(0, 3)) {
    tell.detail(text);
  }
}
