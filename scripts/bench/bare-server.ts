import { createHash, randomUUID } from 'node:crypto';
import Fastify from 'fastify';
import pino from 'pino';

/**
 * The limit we compare with: a bare Fastify route that does for one API key the same header work, look-up, count and log
 * line as a request that only authenticates one, with nothing around it. Argument: the key it knows. Prints its address.
 */
const [key = ''] = process.argv.slice(2);
const known = new Map([
  [createHash('sha256').update(key).digest('hex'), { id: 'key_1', companyId: 'com_1', scopes: ['store.read'] }],
]);
const LIMIT = 10_000_000;
const counts = new Map<string, number>();
const HEADERS = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  vary: 'X-Api-Key, Origin, Accept-Language',
  'cache-control': 'no-store',
};
const output = pino.destination({ dest: '/dev/null', sync: false, minLength: 8_192 });
const log = pino({ base: { process: 'bare' }, timestamp: pino.stdTimeFunctions.isoTime }, output);

const app = Fastify({ logger: false, genReqId: () => randomUUID() });
app.addHook('onRequest', (request, reply, done) => {
  reply.headers(HEADERS);
  reply.header('x-request-id', request.id);
  done();
});
app.addHook('onResponse', (request, reply, done) => {
  log.info({
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url,
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    company: 'com_01m7yzmvskesztb354vv6gh5te',
    actor: 'key:key_01m7yzmvtnfdn8z5apvwc8dw1h',
  });
  done();
});
app.get('/v1/key', (request, reply) => {
  const given = request.headers['x-api-key'];
  const hash = createHash('sha256').update(String(given)).digest('hex');
  const standing = known.get(hash);
  if (!standing) return reply.code(401).send();
  const count = (counts.get(hash) ?? 0) + 1;
  counts.set(hash, count);
  reply.header('ratelimit-policy', `"key";q=${LIMIT};w=60`);
  reply.header('ratelimit', `"key";r=${LIMIT - count};t=60`);
  return reply.send(standing);
});
const address = await app.listen({ port: 0, host: '127.0.0.1' });
process.stdout.write(`${address}\n`);
