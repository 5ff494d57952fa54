import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { allPermissions, allScopes } from '@souk/domain/kernel/access';
import '@souk/domain/setup/declarations/declarations'; // every word there is, whichever controllers this API has
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { accountPages, customerPages } from './account-pages.ts';
import { apiModule } from './api.module.ts';
import type { ApiDescription, ApiName } from './api-description.ts';
import type { ApiParts } from './api-parts.ts';
import { docsRoutes } from './docs-page.ts';
import { AdminDoor } from './http/admin-door.ts';
import { shapeAnswers } from './http/answer-shape.ts';
import { answerPreflight, isPreflight, letRead } from './http/cross-origin.ts';
import { declaredRoutes, refuseUndeclaredAccess } from './http/declared-routes.ts';
import type { Door } from './http/door.ts';
import { isFast, openFastLane } from './http/fast-lane.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { traceOf } from './http/request-id.ts';
import { securityHeaders } from './http/security-headers.ts';
import { readSignedBodies } from './http/signed-body.ts';
import { hurry } from './http/slow-bodies.ts';
import { SoukAdapter } from './http/souk-adapter.ts';
import { StorefrontDoor } from './http/storefront-door.ts';
import { leaveStreamsUnread } from './http/streamed-bodies.ts';
import { keepPublicBodiesShort, takeOnlyJson } from './http/strict-json.ts';
import { type Loggers, nestLogger } from './logger.ts';
import { timeRequests } from './metrics.ts';
import { orderPage } from './order-page.ts';
import { publicPictures } from './public-pictures.ts';

/** So many peers are looked at for whether they are listed; behind a proxy there are few, and the proxy is the first. */
const PEERS_MAX = 100;

/**
 * Builds an API: its controllers behind the door, with our limits, headers and words. It does not listen yet. Throws
 * `UndeclaredAccess` if a route does not say who may call it.
 */
export async function createApi(api: ApiDescription, parts: ApiParts): Promise<NestFastifyApplication> {
  const { name, controllers } = api;
  const door: Door = name === 'admin' ? new AdminDoor(parts) : new StorefrontDoor(parts);
  const routes = declaredRoutes(controllers);
  refuseUndeclaredAccess(routes, {
    kinds: door.kinds,
    permissions: new Set(allPermissions().map(({ name: word }) => word)),
    scopes: new Set(allScopes().map(({ name: word }) => word)),
  });

  const filter = new ProblemFilter(parts.loggers, name === 'storefront');
  const headers = await headersOf(name);
  const adapter = new SoukAdapter(parts.config.TRUSTED_PROXIES, (error, reply) => {
    // A path that cannot be decoded is refused before any hook has run.
    if (!reply.hasHeader('x-request-id')) reply.headers(headers).header('x-request-id', reply.request.id);
    filter.answer(error, reply);
  });
  const fastify = adapter.getInstance() as FastifyInstance; // the adapter's own type has other generics
  takeOnlyJson(fastify);
  leaveStreamsUnread(fastify, routes);
  keepPublicBodiesShort(fastify, routes);
  readSignedBodies(fastify, routes);
  aroundEveryRequest(fastify, name, headers, parts);
  shapeAnswers(fastify, { isThorough: parts.config.NODE_ENV !== 'production' });
  timeRequests(fastify, parts.registry, () => parts.standings.size);
  opsRoutes(fastify, parts);
  await docsRoutes(fastify, api);
  if (name === 'admin') accountPages(fastify);
  else {
    customerPages(fastify);
    orderPage(fastify);
    publicPictures(fastify, parts.files.store);
  }
  const app = await NestFactory.create<NestFastifyApplication>(
    apiModule(controllers, parts, { door, filter }),
    adapter,
    {
      bodyParser: false,
      logger: nestLogger(parts.loggers),
      abortOnError: false,
    },
  );
  await app.init();
  openFastLane(fastify, app, controllers.filter(isFast), door);
  await fastify.ready();
  return app;
}

/** The headers every answer has. */
async function headersOf(name: ApiName): Promise<Record<string, string>> {
  // Of an API of many companies nothing is kept, unless a route says so itself (`cacheable.ts`).
  const caching = {
    'cache-control': 'no-store',
    ...(name === 'storefront' && { vary: 'X-Api-Key, Origin, Accept-Language' }),
  };
  return { ...(await securityHeaders()), ...caching };
}

function aroundEveryRequest(
  fastify: FastifyInstance,
  name: ApiName,
  headers: Record<string, string>,
  parts: ApiParts,
): void {
  const { config, loggers } = parts;
  const adminOrigin = new URL(config.ADMIN_URL).origin;
  const lookAtForwarded = forwardedWarning(loggers);
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(headers);
    reply.header('x-request-id', request.id);
    // Whoever holds the connection must not send another request on it: it will be gone.
    if (parts.readiness.isStopping) reply.header('connection', 'close');
    if (request.headers['x-forwarded-for'] !== undefined) lookAtForwarded(request);
    if (isPreflight(request)) return answerPreflight(reply);
    if (request.is404) hurry(request.raw, reply.raw);
    // The admin pages of this deployment. Tokens are in a header, so other sites have nothing to ride on.
    if (name === 'admin' && request.headers.origin === adminOrigin) letRead(reply, adminOrigin);
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    loggers.requests.info(requestLine(request, reply));
    // A connection kept alive would keep the process, too. As long as others may come in, it is told with its next answer.
    if (parts.readiness.isStopping && !request.server.server.listening) request.raw.socket.end();
    done();
  });
}

/** Says once that somebody forwards requests and is not listed: all visitors have one address then, and one limit. */
function forwardedWarning({ log }: Loggers): (request: FastifyRequest) => void {
  const lookedAt = new Set<string>();
  let isSaid = false;
  return (request) => {
    const peer = request.socket.remoteAddress ?? '';
    if (isSaid || lookedAt.has(peer) || lookedAt.size >= PEERS_MAX) return;
    lookedAt.add(peer);
    if (request.ip !== peer) return; // the address in the header is believed of a listed peer only
    isSaid = true;
    log.warn(
      { peer },
      'a request with X-Forwarded-For came from a peer that is not in TRUSTED_PROXIES, so the header is not believed; ' +
        'if this is your proxy, list it: else all its visitors share one rate limit',
    );
  };
}

function requestLine(request: FastifyRequest, reply: FastifyReply) {
  const { souk } = request;
  const trace = request.headers['traceparent'] === undefined ? undefined : traceOf(request.headers);
  return {
    requestId: request.id,
    method: request.method,
    // The pattern, never the URL: paths hold ids and queries hold whatever people type.
    route: request.routeOptions.url ?? 'none',
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    ...(souk && { company: souk.companyId, actor: `${souk.actor.type}:${souk.actor.id}` }),
    ...(trace && { trace }),
  };
}

function opsRoutes(fastify: FastifyInstance, { readiness }: ApiParts): void {
  fastify.get('/healthz', async () => ({ status: 'ok' }));
  fastify.get('/readyz', async (_request, reply) => {
    const { isReady, checks } = await readiness.health();
    if (!isReady) reply.code(503).header('retry-after', '1');
    return { status: isReady ? 'ready' : 'not ready', checks };
  });
}
