import { type INestApplicationContext, SetMetadata, type Type } from '@nestjs/common';
import type { Session } from '@souk/domain/kernel/ctx';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RouteAccess } from './allow.ts';
import { shapeOf } from './answer-shape.ts';
import { type Asked, reader } from './asked.ts';
import { type DeclaredRoute, declaredRoutes } from './declared-routes.ts';
import type { Door, Visitor } from './door.ts';

const FAST_LANE = 'souk:fast-lane';

/**
 * A controller of hot reads. Its routes are Fastify's own: the door and the contract stand before and behind them as
 * everywhere, but Nest's pipeline of guards, pipes and parameters does not, which is most of what a short request costs.
 * Its handlers are GETs with a scope, take `(session, request, reply, asked)` without decorators and answer by
 * `@ZodResponse` or `@CacheableResponse`; what of query and path they take is declared with `@Takes`.
 */
export const FastLane = (): ClassDecorator => SetMetadata(FAST_LANE, true);

/** Whether a controller asked for the fast lane. */
export const isFast = (controller: Type): boolean => Reflect.getMetadata(FAST_LANE, controller) === true;

type FastHandler = (session: Session, request: FastifyRequest, reply: FastifyReply, asked: Asked) => unknown;

/** Registers the routes of the fast controllers. Throws if one of them is more than a read with a scope. */
export function openFastLane(
  fastify: FastifyInstance,
  app: INestApplicationContext,
  controllers: readonly Type[],
  door: Door,
): void {
  for (const route of declaredRoutes(controllers)) {
    const { access, path, controller, handlerName } = route;
    if (route.method !== 'GET' || access?.kind !== 'scope') throw new TooMuchForFastLane(route);
    const instance: Record<string, FastHandler> = app.get(controller);
    const answer: FastHandler = (session, request, reply, asked) =>
      instance[handlerName]?.(session, request, reply, asked);
    fastify.get(path, serve(door, access, controller.prototype[handlerName], answer));
  }
}

/** Answers without a promise when the key is known and the handler gives none. */
function serve(door: Door, access: RouteAccess, handler: object, answer: FastHandler) {
  const shape = shapeOf(handler);
  const read = reader(handler);
  const admitted = (visitor: Visitor, request: FastifyRequest, reply: FastifyReply) => {
    request.souk = visitor.session;
    door.admit(visitor, access, false);
    return answer(visitor.session, request, reply, read(request));
  };
  return (request: FastifyRequest, reply: FastifyReply) => {
    request.answerShape = shape;
    const visitor = door.identify(request, reply);
    return visitor instanceof Promise
      ? visitor.then((found) => admitted(found, request, reply))
      : admitted(visitor, request, reply);
  };
}

/** Only reads with a scope fit there: everything else needs what Nest does. */
class TooMuchForFastLane extends Error {
  constructor({ controller, handlerName }: DeclaredRoute) {
    super(`${controller.name}.${handlerName} is on the fast lane, which takes GETs with @Scope only.`);
    this.name = 'TooMuchForFastLane';
  }
}
