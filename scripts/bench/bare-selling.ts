import { randomUUID } from 'node:crypto';
import Fastify from 'fastify';
import postgres from 'postgres';
import * as texts from './bare-selling-texts.ts';

/**
 * The limit we compare carts and orders with: Fastify and postgres.js, prepared statements, JSON made by PostgreSQL, a shop
 * of its own (`bare-selling-texts.ts`). Arguments: database URL (a superuser's), connections, variants, units of each.
 * Prints its address.
 */
const [url = '', connections = '4', variants = '1000', units = '1000000'] = process.argv.slice(2);
const sql = postgres(url, { max: Number(connections), onnotice: () => undefined });
await sql.unsafe(texts.TABLES).simple();
await sql.unsafe(texts.GOODS, [Number(variants), Number(units)]);
await sql.unsafe('vacuum analyze bare.variants, bare.stock, bare.carts, bare.cart_lines, bare.orders').simple();

const app = Fastify({ logger: false });
const JSON_TYPE = 'application/json; charset=utf-8';
type Params = { id: string };
type Call = { Params: Params; Headers: { 'x-cart-token'?: string }; Body: Record<string, string | number> };

const read = async (text: string, values: (string | number)[]) => {
  const [row] = await sql.unsafe<{ body: string }[]>(text, values, { prepare: true });
  return row?.body;
};

app.post('/v1/carts', async (_, reply) => {
  const [id, token] = [randomUUID(), randomUUID()];
  await sql.unsafe(texts.CREATE, [id, token], { prepare: true });
  return reply.code(201).send({ cart: { id, lines: [], total: 0 }, token });
});
/** A route of one statement on a cart that the token opens. */
const onCart = (
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  text: string,
  values: (body: Call['Body']) => (string | number)[],
) =>
  app.route<Call>({
    method,
    url: `/v1/carts/:id/${path}`,
    async handler({ params, headers, body }, reply) {
      const text2 = await read(text, [params.id, headers['x-cart-token'] ?? '', ...values(body)]);
      return text2 === undefined ? reply.code(404).send() : reply.type(JSON_TYPE).send(text2);
    },
  });
onCart('POST', 'lines', texts.ADD, ({ variantId, quantity }) => [String(variantId), Number(quantity)]);
onCart('PUT', 'email', texts.EMAIL, ({ email }) => [String(email)]);
onCart('PUT', 'shipping-address', texts.ADDRESS, (address) => [JSON.stringify(address)]);
onCart('GET', 'shipping-options', texts.OPTIONS, () => []);
onCart('PUT', 'shipping-option', texts.OPTION, ({ shippingOptionId }) => [String(shippingOptionId)]);

interface Locked {
  email: string;
  address: string;
  total: string;
  variants: string[];
  quantities: number[];
}
app.post<Call>('/v1/carts/:id/checkout', async ({ params, headers }, reply) => {
  const orderId = randomUUID();
  const placed = await sql.begin(async (tx) => {
    const once = { prepare: true };
    const [cart] = await tx.unsafe<Locked[]>(texts.LOCK, [params.id, headers['x-cart-token'] ?? ''], once);
    if (!cart) return undefined;
    const taken = await tx.unsafe(texts.RESERVE, [cart.variants, cart.quantities], once);
    if (taken.length < cart.variants.length) return undefined;
    await tx.unsafe(texts.CLOSE, [params.id], once);
    const values = [params.id, orderId, cart.email, cart.address, cart.total];
    const [order] = await tx.unsafe<{ body: string }[]>(texts.PLACE, values, once);
    return order?.body;
  });
  return placed === undefined ? reply.code(409).send() : reply.code(201).type(JSON_TYPE).send(placed);
});
process.stdout.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`);
