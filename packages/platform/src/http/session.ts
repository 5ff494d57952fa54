import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Session } from '@souk/domain/kernel/ctx';
import type { FastifyRequest } from 'fastify';

/** What is known of every caller, signed in or not. */
export interface Caller {
  readonly requestId: string;
  readonly ip: string;
  readonly userAgent?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the door guard; undefined on public routes. */
    souk?: Session;
  }
}

const USER_AGENT_MAX = 400;

/** Address, user agent and request id of a request. */
export function callerOf(request: FastifyRequest): Caller {
  const userAgent = request.headers['user-agent']?.slice(0, USER_AGENT_MAX);
  return { requestId: request.id, ip: request.ip, userAgent };
}

/** The session of a request. Throws if the route is public: it has none. */
export function sessionOf(request: FastifyRequest): Session {
  if (!request.souk)
    throw new Error(`${request.method} ${request.routeOptions.url ?? ''} is public and has no session`);
  return request.souk;
}

const requestOf = (context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>();

/** Gives the handler the `Session` of this request. Not on public routes. */
export const CurrentSession = createParamDecorator((_: unknown, context: ExecutionContext) =>
  sessionOf(requestOf(context)),
);

/** Gives the handler the `Caller` of this request; for public routes. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callerOf(requestOf(context)),
);
