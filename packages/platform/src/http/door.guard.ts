import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { routeArguments } from '../openapi/route-arguments.ts';
import { EVEN_SUSPENDED, ROUTE_ACCESS, type RouteAccess } from './allow.ts';
import { shapeOf } from './answer-shape.ts';
import type { Door, Visitor } from './door.ts';
import { claimOf, refuseCommonKey } from './idempotency.ts';
import { hasQuery, refuseUnknownQuery } from './unknown-query.ts';

/**
 * The one guard of every route, in two steps: who is asking (401), and may they (403)? Whatever is not declared is
 * refused. One guard and not two, and no promise where the answer is in memory: each costs a short request some percent.
 */
@Injectable()
export class DoorGuard implements CanActivate {
  constructor(private readonly door: Door) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const handler = context.getHandler();
    const access: RouteAccess | undefined = Reflect.getMetadata(ROUTE_ACCESS, handler);
    if (!access) return false;
    request.answerShape = shapeOf(handler);
    if (access.kind === 'public') {
      this.door.countStranger(request, reply);
      if (hasQuery(request)) refuseUndeclaredQuery(request, context);
      return true;
    }
    const visitor = this.door.identify(request, reply);
    return visitor instanceof Promise
      ? visitor.then((found) => this.admit(found, access, request, context))
      : this.admit(visitor, access, request, context);
  }

  private admit(visitor: Visitor, access: RouteAccess, request: FastifyRequest, context: ExecutionContext): true {
    const handler = context.getHandler();
    request.souk = visitor.session;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const isWrite = !isRead && Reflect.getMetadata(EVEN_SUSPENDED, handler) !== true;
    this.door.admit(visitor, access, isWrite);
    if (hasQuery(request)) refuseUndeclaredQuery(request, context);
    const idempotency = isRead ? undefined : claimOf(request, handler);
    if (idempotency && isGuest(visitor)) refuseCommonKey(request, idempotency);
    if (idempotency) request.souk = { ...visitor.session, idempotency };
    return true;
  }
}

/** All guests of a shop come with one API key. */
const isGuest = ({ session }: Visitor) => session.isShopper === true && session.actor.type === 'key';

const queries = new WeakMap<object, ReadonlySet<string> | 'a contract'>();

// Asked only when there is a query, so that the many requests without one pay nothing for it.
function refuseUndeclaredQuery(request: FastifyRequest, context: ExecutionContext): void {
  const handler = context.getHandler();
  let query = queries.get(handler);
  if (query === undefined) {
    const names = routeArguments(context.getClass(), handler.name).flatMap(({ where, name }) =>
      where === 'query' ? [name] : [],
    );
    // `@Query() query: SomeDto`: the contract knows which names there are.
    query = names.includes(undefined) ? 'a contract' : new Set(names.filter((name) => name !== undefined));
    queries.set(handler, query);
  }
  if (query !== 'a contract') refuseUnknownQuery(request, query);
}
