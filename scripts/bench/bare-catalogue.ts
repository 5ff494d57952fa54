import Fastify from 'fastify';
import postgres from 'postgres';
import { bareApp } from './bare-app.ts';
import { LIST, PAGE, SEARCH } from './bare-texts.ts';

/**
 * The limit we compare reads of the catalogue with: Fastify and postgres.js, one prepared statement for each read over the
 * same rows, JSON made by PostgreSQL, no walls (a superuser's connection), no keys, no cache. Its second address sends
 * ready text with the header work of a request that authenticates a key. Arguments: database URL, connections, the key.
 * Prints its two addresses.
 */
const [url = '', connections = '4', key = ''] = process.argv.slice(2);
const sql = postgres(url, { max: Number(connections), fetch_types: false });
const plain = Fastify({ logger: false });
const { app, admit } = bareApp(key);

interface Parts {
  company: string;
  handle: string;
  term: string;
  category: string;
}

const read = async (text: string, values: string[]) => {
  const [row] = await sql.unsafe<{ body: string }[]>(text, values, { prepare: true });
  return row?.body ?? '';
};
const JSON_TYPE = 'application/json; charset=utf-8';
plain.get<{ Params: Parts }>('/list/:company', async ({ params }, reply) =>
  reply.type(JSON_TYPE).send(await read(LIST, [params.company])),
);
plain.get<{ Params: Parts }>('/page/:company/:handle', async ({ params }, reply) =>
  reply.type(JSON_TYPE).send(await read(PAGE, [params.company, params.handle])),
);
plain.get<{ Params: Parts }>('/search/:company/:term/:category', async ({ params }, reply) =>
  reply.type(JSON_TYPE).send(await read(SEARCH, [params.company, params.term, params.category])),
);

const ETAG = '"HzX0Jm1bYc5pPl2mR6dQ8wTnVsA"';
const ready = new Map<string, Buffer>();
app.get<{ Params: Parts }>('/list/:company', async (request, reply) => {
  const name = request.url;
  if (!ready.has(name)) ready.set(name, Buffer.from(await read(LIST, [request.params.company])));
  return reply.send(name);
});
app.get<{ Params: Parts }>('/page/:company/:handle', async (request, reply) => {
  const { company, handle } = request.params;
  const name = request.url;
  if (!ready.has(name)) ready.set(name, Buffer.from(await read(PAGE, [company, handle])));
  return reply.send(name);
});
app.get('/ready/*', (request, reply) => {
  if (!admit(request, reply)) return;
  const body = ready.get(request.url.slice('/ready'.length));
  if (!body) return void reply.code(404).send();
  reply.header('etag', ETAG).header('cache-control', 'private, no-cache');
  if (request.headers['if-none-match'] === ETAG) return void reply.code(304).send();
  reply.type(JSON_TYPE).send(body);
});
const addresses = [plain, app].map((server) => server.listen({ port: 0, host: '127.0.0.1' }));
process.stdout.write(`${(await Promise.all(addresses)).join(' ')}\n`);
