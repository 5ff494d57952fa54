import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { DeclaredRoute } from './declared-routes.ts';

const SIGNED_BODY = 'souk:signed-body';
/** A webhook of a payment provider is a few kilobytes. */
export const SIGNED_BODY_BYTES_MAX = 262_144;
/** No media type of anybody: the way by which a body stays bytes, whatever type it says it has. */
const AS_BYTES = 'application/x-souk-bytes';

/** For a handler that takes the bytes of a body of any type, 256 KiB at most, with `@SignedBody()`: a signature is of bytes. */
export const TakesSignedBody = (): MethodDecorator => SetMetadata(SIGNED_BODY, true);

/** Whether `@TakesSignedBody` stands at a handler. */
export const takesSignedBody = (handler: object): boolean => Reflect.getMetadata(SIGNED_BODY, handler) === true;

/** Bytes, and the headers among which their signature is. */
export interface SignedBytes {
  readonly body: Uint8Array;
  /** By their names in small letters. One that came several times is left out: no sender of ours repeats a signature. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Gives a handler with `@TakesSignedBody` the body, all of it. */
export const SignedBody = createParamDecorator((_: unknown, context: ExecutionContext): SignedBytes => {
  const { body, raw } = context.switchToHttp().getRequest<FastifyRequest>();
  const single = Object.entries(raw.headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { body: Buffer.isBuffer(body) ? body : Buffer.alloc(0), headers: Object.fromEntries(single) };
});

/**
 * Reads the bodies of these routes as bytes: parsed and written again they would be other bytes. Call it after
 * `takeOnlyJson` and `keepPublicBodiesShort`, and before the routes are made.
 */
export function readSignedBodies(fastify: FastifyInstance, routes: readonly DeclaredRoute[]): void {
  const takers = new Set(
    routes
      .filter(({ controller, handlerName }) => takesSignedBody(controller.prototype[handlerName]))
      .map(({ method, path }) => `${method} ${path}`),
  );
  const isTaker = (request: FastifyRequest) => takers.has(`${request.method} ${request.routeOptions.url}`);
  fastify.addContentTypeParser(AS_BYTES, { parseAs: 'buffer' }, (request, body, done) => {
    // Nobody else gets bytes for a body by giving it our name for them.
    if (isTaker(request)) done(null, body);
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(AS_BYTES));
  });
  fastify.addHook('onRoute', (route) => {
    if (![route.method].flat().some((method) => takers.has(`${method} ${route.url}`))) return;
    route.bodyLimit = SIGNED_BODY_BYTES_MAX;
    route.onRequest = [
      route.onRequest ?? [],
      (request: FastifyRequest, _reply: unknown, done: () => void) => {
        request.headers = { 'content-type': AS_BYTES };
        done();
      },
    ].flat();
  });
}
