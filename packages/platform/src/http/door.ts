import type { Session } from '@souk/domain/kernel/ctx';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RouteAccess } from './allow.ts';

/** Who stands at the door, and in what state their company is. */
export interface Visitor {
  readonly session: Session;
  readonly isSuspended: boolean;
}

/** How one API finds out who is asking, and whether they may. */
export interface Door {
  readonly kinds: readonly RouteAccess['kind'][];
  /** Throws a 401 for everybody unknown. Gives no promise where none is needed: most requests come with a known key. */
  identify(request: FastifyRequest, reply: FastifyReply): Visitor | Promise<Visitor>;
  /** Throws a 403 (or the 503 of a closed shop) if the visitor may not. `isWrite`: the request is not GET or HEAD. */
  admit(visitor: Visitor, access: RouteAccess, isWrite: boolean): void;
  /** Somebody calls a public route. */
  countStranger(request: FastifyRequest, reply: FastifyReply): void;
}
