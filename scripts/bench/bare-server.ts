import { createHash } from 'node:crypto';
import Fastify from 'fastify';
import pino from 'pino';

/**
 * The limit we compare with: a bare Fastify route that does the same header work, key look-up, count and log line as a
 * request that only authenticates a key, with nothing around it. Argument: the key it knows. Prints its port.
 */
const [key = ''] = process.argv.slice(2);
const known = new Map([[createHash('sha256').update(key).digest('hex'), { type: 'publishable', scopes: ['store.read'] }]]);
const LIMIT = 100_000_000;
const counts = new Map<string, number>();
const log = pino({ level: 'info' }, pino.destination({ dest: '/dev/null', sync: false }));

const app = Fastify({ logger: false });
app.get('/v1/key', (request, reply) => {
  const began = performance.now();
  const given = request.headers['x-api-key'];
  const hash = createHash('sha256').update(String(given)).digest('hex');
  const standing = known.get(hash);
  if (!standing) return reply.code(401).send();
  const count = (counts.get(hash) ?? 0) + 1;
  counts.set(hash, count);
  reply.headers({
    'x-request-id': request.id,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'ratelimit-policy': `"key";q=${LIMIT};w=60`,
    ratelimit: `"key";r=${LIMIT - count};t=60`,
    'cache-control': 'private, no-cache',
    vary: 'X-Api-Key, Origin',
  });
  log.info({ requestId: request.id, method: 'GET', route: '/v1/key', status: 200, ms: performance.now() - began }, 'request');
  return reply.send(standing);
});
const address = await app.listen({ port: 0, host: '127.0.0.1' });
process.stdout.write(`${address}\n`);
