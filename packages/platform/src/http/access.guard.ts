import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { EVEN_SUSPENDED } from './allow.ts';
import { shapeOf } from './answer-shape.ts';
import type { Door } from './door.ts';
import { claimOf } from './idempotency.ts';
import { accessOf } from './session.guard.ts';

/** Second guard: may they? Whatever is not declared is refused. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly door: Door) {}

  canActivate(context: ExecutionContext): boolean {
    const access = accessOf(context);
    const handler = context.getHandler();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (access?.kind === 'public') {
      request.answerShape = shapeOf(handler);
      return true;
    }
    if (!access || !request.visitor) return false;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const isWrite = !isRead && Reflect.getMetadata(EVEN_SUSPENDED, handler) !== true;
    this.door.admit(request.visitor, access, isWrite);
    request.answerShape = shapeOf(handler);
    const idempotency = isRead ? undefined : claimOf(request, handler);
    if (idempotency) request.souk = { ...request.visitor.session, idempotency };
    return true;
  }
}
