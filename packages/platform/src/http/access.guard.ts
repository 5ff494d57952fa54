import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { EVEN_SUSPENDED } from './allow.ts';
import type { Door } from './door.ts';
import { accessOf } from './session.guard.ts';

/** Second guard: may they? Whatever is not declared is refused. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly door: Door) {}

  canActivate(context: ExecutionContext): boolean {
    const access = accessOf(context);
    if (access?.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (!access || !request.visitor) return false;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const isWrite = !isRead && Reflect.getMetadata(EVEN_SUSPENDED, context.getHandler()) !== true;
    this.door.admit(request.visitor, access, isWrite);
    return true;
  }
}
