import { randomInt } from 'node:crypto';
import type { Answer, Api } from '../http.ts';
import type { Company, Scene } from '../scene.ts';
import type { Page } from '../shop-words.ts';
import { found, Surprise, same } from '../surprise.ts';
import type { Basket } from './basket.ts';
import type { Placed } from './checkout.ts';
import { newCompany } from './registration.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const RANDOM_END = 12;

/** Ids and tokens of the company's rows, which its neighbour got hold of. */
export interface Rows {
  basket: Basket;
  placed: Placed;
  ids: Readonly<Record<'key' | 'parcel' | 'refund' | 'endpoint', string>>;
}

export interface Question {
  api: Api;
  method: string;
  path: string;
  id: string;
  body?: unknown;
}

/** Another company on the same deployment asks for everything by its id, with a token and a key of its own. */
export async function meetNeighbour(scene: Scene, company: Company, rows: Rows): Promise<void> {
  const { tell } = scene;
  const handle = `next-door-${scene.mark}`;
  tell.chapter('The company next door', 'same deployment, same database, same tables');
  const neighbour = await newCompany(scene, { name: 'Next Door Goods', handle, owner: 'Nneka Door' });
  tell.fact(`${neighbour.name} registers, and gets a token and a key of its own`, 'POST /v1/companies');
  const questions = await questionsOf(scene, { company, neighbour, rows });
  for (const question of questions) await askTwice(question);
  tell.fact(`It asks ${questions.length} times for rows of ${company.name}, by their real ids:`);
  tell.table(inThrees(questions.map(({ method, path }) => `${method} ${path}`)));
  tell.fact('Every answer is 404, byte for byte the one for an id nobody ever had');
  for (const list of ['products', 'orders', 'payments', 'product-imports', 'webhook-deliveries']) {
    const { data } = await neighbour.owner.get<Page<unknown>>(`/v1/${list}`);
    same(`GET /v1/${list} of a new company`, data, []);
  }
  tell.fact('Its own lists are empty', 'GET /v1/products, /v1/orders, /v1/payments …');
  await company.owner.get(`/v1/orders/${rows.placed.orderId}`);
  tell.fact(`And ${company.name} still sees what is its own`, 'GET /v1/orders/:id');
}

async function questionsOf(
  { storefront }: Scene,
  { company, neighbour, rows: { basket, placed, ids } }: { company: Company; neighbour: Company; rows: Rows },
): Promise<Question[]> {
  const first = async (list: string) => {
    const { data } = await company.owner.get<Page<{ id: string }>>(`/v1/${list}`);
    return found(`GET /v1/${list}`, data[0], 'a row').id;
  };
  const ask = (path: string, id: string): Question => ({ api: neighbour.owner, method: 'GET', path, id });
  const lists = [
    'products',
    'discounts',
    'shipping-options',
    'categories',
    'stock-locations',
    'product-imports',
    'roles',
  ];
  const read = await Promise.all(lists.map(async (list) => ask(`/v1/${list}/:id`, await first(list))));
  const product = found(
    'a product',
    read.find(({ path }) => path === '/v1/products/:id'),
  ).id;
  const event = await first('events');
  const delivery = await first('webhook-deliveries');
  const write = (method: string, path: string, id: string, body?: unknown): Question => ({
    ...ask(path, id),
    method,
    body,
  });
  const shopper = storefront.as({ 'x-api-key': neighbour.firstKey });
  return [
    ...read,
    ask('/v1/orders/:id', placed.orderId),
    ask('/v1/payments/:id', placed.paymentId),
    ask('/v1/refunds/:id', ids.refund),
    ask('/v1/fulfilments/:id', ids.parcel),
    ask('/v1/api-keys/:id', ids.key),
    ask('/v1/webhook-endpoints/:id', ids.endpoint),
    ask('/v1/webhook-deliveries/:id', delivery),
    ask('/v1/events/:id', event),
    write('PATCH', '/v1/products/:id', product, { title: 'Mine now' }),
    write('POST', '/v1/orders/:id/cancellation', placed.orderId, { reason: 'Not mine' }),
    write('DELETE', '/v1/webhook-endpoints/:id', ids.endpoint),
    { api: shopper.with({ 'x-cart-token': basket.token }), method: 'GET', path: '/v1/carts/:id', id: basket.id },
    { api: shopper.with({ 'x-order-token': placed.token }), method: 'GET', path: '/v1/orders/:id', id: placed.orderId },
  ];
}

/** With the real id and with one nobody has: nothing of the two answers may differ. @throws Surprise */
export async function askTwice({ api, method, path, id, body }: Question): Promise<void> {
  const at = (one: string) => api.ask(method, path.replace(':id', one), { body });
  const real = bytes(await at(id), id);
  const nonsense = `${id.slice(0, -RANDOM_END)}${Array.from({ length: RANDOM_END }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`;
  const other = bytes(await at(nonsense), nonsense);
  const where = `${method} ${path} with an id of the company next door`;
  if (!real.startsWith('404 ')) throw new Surprise(where, { expected: '404', seen: real });
  same(where, real, other);
}

/** Status, kind and body, without the request's own id and without the id that was asked for. */
function bytes({ status, headers, text }: Answer, asked: string): string {
  const own = headers.get('x-request-id') ?? 'none';
  const body = text.replaceAll(own, '<request id>').replaceAll(asked, '<id>');
  return [status, headers.get('content-type'), headers.get('cache-control'), body].join(' ');
}

function inThrees(texts: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(texts.length / 3) }, (_, row) => texts.slice(row * 3, row * 3 + 3));
}
