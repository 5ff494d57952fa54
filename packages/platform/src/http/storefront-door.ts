import { allowsOrigin } from '@souk/domain/company/settings/origin';
import { networkName } from '@souk/domain/kernel/network-name';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RouteAccess } from './allow.ts';
import { letRead } from './cross-origin.ts';
import type { Door, Visitor } from './door.ts';
import { type KeyHolder, type KeyParts, keyClaimsOf, keyHolder } from './key-holder.ts';
import { tellRemaining } from './rate-headers.ts';
import { OriginRefused, ScopeMissing, ShopClosed, Unauthenticated } from './refused.ts';

/** The storefront API: everybody comes with an API key. A customer's token beside it comes with customer accounts. */
export class StorefrontDoor implements Door {
  readonly kinds = ['scope', 'public'] as const;

  constructor(private readonly parts: KeyParts) {}

  identify(request: FastifyRequest, reply: FastifyReply): Visitor | Promise<Visitor> {
    const { authorization, origin } = request.headers;
    const claims = keyClaimsOf(this.parts, request, reply);
    // Here a customer's token will make the actor a customer, after its company was compared with the key's.
    if (authorization !== undefined) {
      throw new Unauthenticated(
        'customer_token_refused',
        'There are no customer accounts yet. Leave the Authorization header out.',
      );
    }
    const holder = keyHolder(this.parts, claims, request, reply);
    if (origin === undefined) return holder;
    return holder instanceof Promise
      ? holder.then((found) => ofThisOrigin(found, origin, reply))
      : ofThisOrigin(holder, origin, reply);
  }

  admit({ session, isSuspended }: Visitor, access: RouteAccess): void {
    if (isSuspended) throw new ShopClosed();
    if (access.kind === 'scope' && !session.permissions.has(access.scope)) throw new ScopeMissing(access.scope);
  }

  countStranger(request: FastifyRequest, reply: FastifyReply): void {
    tellRemaining(reply, this.parts.limits.count('address', networkName(request.ip)));
  }
}

function ofThisOrigin(holder: KeyHolder, origin: string, reply: FastifyReply): KeyHolder {
  // A secret key in a browser is a leak. It works, for the list is no wall, but the browser may not read the answer.
  if (holder.type === 'secret') return holder;
  if (!allowsOrigin(holder.origins, origin)) throw new OriginRefused(origin);
  letRead(reply, origin);
  return holder;
}
