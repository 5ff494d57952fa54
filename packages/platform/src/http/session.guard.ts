import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ROUTE_ACCESS, type RouteAccess } from './allow.ts';
import type { Door, Visitor } from './door.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the session guard for the access guard; undefined on public routes. */
    visitor?: Visitor;
  }
}

/** What a handler declared. A route that declared nothing stops the boot, so this is defined for every route there is. */
export const accessOf = (context: ExecutionContext): RouteAccess | undefined =>
  Reflect.getMetadata(ROUTE_ACCESS, context.getHandler());

/** First guard: who is asking? Puts the session on the request, or says 401. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(private readonly door: Door) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (accessOf(context)?.kind === 'public') {
      this.door.countStranger(request, reply);
      return true;
    }
    const visitor = this.door.identify(request, reply);
    return visitor instanceof Promise ? visitor.then((found) => welcome(request, found)) : welcome(request, visitor);
  }
}

function welcome(request: FastifyRequest, visitor: Visitor): true {
  request.visitor = visitor;
  request.souk = visitor.session;
  return true;
}
