import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { DeclaredRoute } from './declared-routes.ts';
import { takesRawBody } from './raw-body.ts';
import { hurryBodies } from './slow-bodies.ts';
import { uploadOf } from './upload.ts';

/**
 * Leaves the bodies of some routes unread, for their handlers: forms with a file where `@TakesUpload` stands, anything
 * where `@TakesRawBody` does. Everywhere else they stay 415. Call it after `takeOnlyJson` and before the routes are made.
 */
export function leaveStreamsUnread(fastify: FastifyInstance, routes: readonly DeclaredRoute[]): void {
  const of = (says: (handler: object) => unknown) =>
    new Set(
      routes
        .filter(({ controller, handlerName }) => says(controller.prototype[handlerName]))
        .map(({ method, path }) => `${method} ${path}`),
    );
  const forms = of(uploadOf);
  const raw = of(takesRawBody);
  const leaveTo =
    (takers: ReadonlySet<string>) =>
    (request: FastifyRequest, _payload: unknown, done: (error: Error | null) => void) => {
      const type = request.headers['content-type'];
      done(
        takers.has(`${request.method} ${request.routeOptions.url}`)
          ? null
          : new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(type),
      );
    };
  hurryBodies(fastify, (route) => forms.has(route) || raw.has(route));
  fastify.addContentTypeParser('multipart/form-data', leaveTo(forms));
  fastify.addContentTypeParser('*', leaveTo(raw));
}
