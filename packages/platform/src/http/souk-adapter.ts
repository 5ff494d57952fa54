import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requestIdOf } from './request-id.ts';
import { answerClientError } from './slow-bodies.ts';
import { BODY_BYTES_MAX } from './strict-json.ts';
import { MethodNotAllowed, NoSuchRoute } from './unrouted.ts';

/** Time to send a whole request with a file in it. The server has one limit for all; other bodies are hurried (`slow-bodies.ts`). */
const REQUEST_TIMEOUT_MS = 600_000;
const HEADERS_TIMEOUT_MS = 5_000;
/** Longer than the idle time of common load balancers (60 s), so that they close first and no request is lost. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** Fastify's 100 would turn a long token in a path into a 404. */
const PARAM_LENGTH_MAX = 200;

/** Answers what failed before or beside Nest. */
export type AnswerError = (error: unknown, reply: FastifyReply) => void;

/**
 * Fastify with our limits, and with our own words for what Fastify itself refuses. No middleware: it would see paths
 * before the router has decoded them, which is how guards in middleware get bypassed.
 */
export class SoukAdapter extends FastifyAdapter {
  private readonly routes: { method: string; form: RegExp }[] = [];

  constructor(
    trustedProxies: readonly string[],
    private readonly answerError: AnswerError,
  ) {
    super({
      logger: false,
      skipMiddie: true,
      bodyLimit: BODY_BYTES_MAX,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      http: { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
      onProtoPoisoning: 'error',
      onConstructorPoisoning: 'error',
      trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
      requestIdHeader: false,
      genReqId: requestIdOf,
      forceCloseConnections: 'idle',
      // Until the last connection is gone, requests on it are still answered.
      return503OnClosing: false,
      exposeHeadRoutes: true,
      routerOptions: { maxParamLength: PARAM_LENGTH_MAX, caseSensitive: true },
      frameworkErrors: (error: unknown, _request: FastifyRequest, reply: FastifyReply) => answerError(error, reply),
      clientErrorHandler: answerClientError,
    } as never); // `frameworkErrors` and `skipMiddie` exist; the adapter's type of the options is narrower than Fastify's
    this.fastify.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) this.routes.push({ method: one, form: formOf(url) });
    });
  }

  /** Nest would map Fastify's errors to its own and lose their codes. */
  override setErrorHandler() {
    return this.fastify.setErrorHandler((error, _request, reply) => this.answerError(error, reply));
  }

  override setNotFoundHandler() {
    return this.fastify.setNotFoundHandler((request, reply) => {
      const path = request.url.split('?')[0] ?? '';
      const allowed = [...new Set(this.routes.flatMap(({ method, form }) => (form.test(path) ? [method] : [])))];
      this.answerError(allowed.length > 0 ? new MethodNotAllowed(request.method, allowed) : new NoSuchRoute(), reply);
    });
  }

  private get fastify() {
    return this.getInstance();
  }
}

/** A route's path as a pattern; asked only when nothing else matched. */
function formOf(url: string): RegExp {
  const escaped = url.replaceAll(/[.+?^$()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll(/:[^/]+/g, '[^/]+').replaceAll('*', '.*')}$`);
}
