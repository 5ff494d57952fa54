import { isIP } from 'node:net';
import { allowsOrigin } from '@souk/domain/company/settings/origin';
import type { CustomerTokens } from '@souk/domain/identity/customer-sessions/customer-tokens';
import { networkName } from '@souk/domain/kernel/network-name';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Loggers } from '../logger.ts';
import type { RouteAccess } from './allow.ts';
import { bearerOf } from './bearer.ts';
import { letRead } from './cross-origin.ts';
import type { Door, Visitor } from './door.ts';
import { type KeyHolder, type KeyParts, keyClaimsOf, keyHolder } from './key-holder.ts';
import { tellRemaining } from './rate-headers.ts';
import { OriginRefused, ScopeMissing, ShopClosed, Unauthenticated } from './refused.ts';

/** Only these rely on memory. */
const isRead = ({ method }: FastifyRequest) => method === 'GET' || method === 'HEAD';

/** In which a shop's own server says for whom it asks, so that its visitors do not share one count of logins. */
const BUYER_ADDRESS = 'x-buyer-address';

/** Where tries are counted by address. */
const COUNTED = new Set(
  ['', '/login', '/verification', '/password-reset-requests', '/password-resets']
    .map((path) => `/v1/customers${path}`)
    .concat('/v1/order-lookups'),
);
/** So many keys are remembered as warned about. */
const WARNED_MAX = 1_000;

export interface StorefrontDoorParts extends KeyParts {
  readonly loggers: Pick<Loggers, 'log'>;
  readonly customerTokens: CustomerTokens;
}

/** The storefront API: everybody comes with an API key; a customer's token beside it says who it is. */
export class StorefrontDoor implements Door {
  readonly kinds = ['scope', 'public'] as const;

  private readonly parts: StorefrontDoorParts;
  /** Keys whose server was warned about, once in a process's life. */
  private readonly warned = new Set<string>();

  constructor(parts: StorefrontDoorParts) {
    this.parts = { ...parts, isStorefront: true };
  }

  identify(request: FastifyRequest, reply: FastifyReply): Visitor | Promise<Visitor> {
    const { authorization, origin } = request.headers;
    const claims = keyClaimsOf(this.parts, request, reply);
    const found = keyHolder(this.parts, claims, request, reply);
    if (authorization !== undefined) return this.customer(authorization, found, request, reply);
    return found instanceof Promise
      ? found.then((holder) => this.forBuyer(ofThisOrigin(holder, origin, reply), request))
      : this.forBuyer(ofThisOrigin(found, origin, reply), request);
  }

  admit({ session, isSuspended }: Visitor, access: RouteAccess): void {
    if (isSuspended) throw new ShopClosed();
    if (access.kind !== 'scope') return;
    if (!session.permissions.has(access.scope)) throw new ScopeMissing(access.scope);
    if (access.customer && session.actor.type !== 'customer') {
      throw new Unauthenticated(
        'customer_needed',
        'This is about a customer. Log in (POST /v1/customers/login) and send the access token as Authorization: Bearer … beside the key.',
      );
    }
  }

  countStranger(request: FastifyRequest, reply: FastifyReply): void {
    tellRemaining(reply, this.parts.limits.count('address', networkName(request.ip)));
  }

  /** The token must be a customer's, of the company whose key came with it, and of a session that is not over. */
  private async customer(
    header: string,
    found: KeyHolder | Promise<KeyHolder>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Visitor> {
    const holder = this.forBuyer(ofThisOrigin(await found, request.headers.origin, reply), request);
    const token = bearerOf(header);
    const claims = token === undefined ? undefined : await this.parts.customerTokens.verify(token);
    if (claims?.companyId !== holder.session.companyId) {
      throw new Unauthenticated(
        'token_invalid',
        "This is no good access token of this shop's customers, or it has expired. Refresh it, or log in again.",
      );
    }
    const isGood = await this.parts.standings.ofCustomer(claims, { anew: !isRead(request) });
    if (!isGood) throw new Unauthenticated('session_over', 'This session is over. Log in again.');
    const session = {
      ...holder.session,
      actor: { type: 'customer', id: claims.customerId } as const,
      customerSessionId: claims.sessionId,
    };
    return { ...holder, session };
  }

  /** A shop's own server asks for its visitor. */
  private forBuyer(holder: KeyHolder, request: FastifyRequest): KeyHolder {
    if (holder.type !== 'secret') return holder;
    const ip = buyerAddress(request);
    if (ip !== undefined) return { ...holder, session: { ...holder.session, ip } };
    if (request.method === 'POST' && COUNTED.has(request.routeOptions.url ?? '')) this.warnOnce(holder);
    return holder;
  }

  /** Hundreds of visitors would share one count of logins, and be told that they tried too often. */
  private warnOnce({ session: { companyId, keyId } }: KeyHolder): void {
    if (!keyId || this.warned.has(keyId) || this.warned.size >= WARNED_MAX) return;
    this.warned.add(keyId);
    this.parts.loggers.log.warn(
      { companyId, keyId },
      `a shop's server asks for its visitors without saying from where they come: all of them share one count of tries; send ${BUYER_ADDRESS} (docs/storefront-servers.md)`,
    );
  }
}

/** Believed from secret keys only: a browser could say anything. */
function buyerAddress(request: FastifyRequest): string | undefined {
  const given = request.headers[BUYER_ADDRESS];
  return typeof given === 'string' && isIP(given) !== 0 ? given : undefined;
}

function ofThisOrigin(holder: KeyHolder, origin: string | undefined, reply: FastifyReply): KeyHolder {
  // A secret key in a browser is a leak. It works, for the list is no wall, but the browser may not read the answer.
  if (origin === undefined || holder.type === 'secret') return holder;
  if (!allowsOrigin(holder.origins, origin)) throw new OriginRefused(origin);
  letRead(reply, origin);
  return holder;
}
