import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EVEN_SUSPENDED, ROUTE_ACCESS, type RouteAccess } from './allow.ts';
import { shapeOf } from './answer-shape.ts';
import type { Door, Visitor } from './door.ts';
import { claimOf } from './idempotency.ts';

type Handler = ReturnType<ExecutionContext['getHandler']>;

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
      return true;
    }
    const visitor = this.door.identify(request, reply);
    return visitor instanceof Promise
      ? visitor.then((found) => this.admit(found, access, request, handler))
      : this.admit(visitor, access, request, handler);
  }

  private admit(visitor: Visitor, access: RouteAccess, request: FastifyRequest, handler: Handler): true {
    request.souk = visitor.session;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const isWrite = !isRead && Reflect.getMetadata(EVEN_SUSPENDED, handler) !== true;
    this.door.admit(visitor, access, isWrite);
    const idempotency = isRead ? undefined : claimOf(request, handler);
    if (idempotency) request.souk = { ...visitor.session, idempotency };
    return true;
  }
}
