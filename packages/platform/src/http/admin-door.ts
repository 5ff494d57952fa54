import type { KeyClaims } from '@souk/domain/identity/api-keys/key-form';
import type { AccessTokens } from '@souk/domain/identity/sessions/access-tokens';
import { PermissionMissing } from '@souk/domain/kernel/errors';
import { networkName } from '@souk/domain/kernel/network-name';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RouteAccess } from './allow.ts';
import { bearerOf } from './bearer.ts';
import type { Door, Visitor } from './door.ts';
import { type KeyParts, keyClaimsOf, keyHolder } from './key-holder.ts';
import { tellRemaining } from './rate-headers.ts';
import { CompanySuspended, SecretKeyNeeded, StaffNeeded, Unauthenticated } from './refused.ts';
import { callerOf } from './session.ts';

/** Only these rely on memory. Whatever other method there is counts as a write. */
const isRead = ({ method }: FastifyRequest) => method === 'GET' || method === 'HEAD';

export interface AdminDoorParts extends KeyParts {
  readonly accessTokens: AccessTokens;
}

/** The admin API: staff by access token, servers by secret key. */
export class AdminDoor implements Door {
  readonly kinds = ['permission', 'signed-in', 'public'] as const;

  constructor(private readonly parts: AdminDoorParts) {}

  identify(request: FastifyRequest, reply: FastifyReply): Visitor | Promise<Visitor> {
    const { authorization, 'x-api-key': key } = request.headers;
    if (authorization !== undefined && key !== undefined) {
      throw new Unauthenticated('credentials_ambiguous', 'Send an access token or an API key, not both.');
    }
    if (key !== undefined) return this.byKey(request, reply);
    return this.byToken(authorization, request, reply);
  }

  admit({ session, isSuspended }: Visitor, access: RouteAccess, isWrite: boolean): void {
    if (access.kind === 'signed-in' && session.actor.type !== 'staff') throw new StaffNeeded();
    if (access.kind === 'permission' && !session.permissions.has(access.permission))
      throw new PermissionMissing(access.permission);
    if (isSuspended && isWrite) throw new CompanySuspended();
  }

  countStranger(request: FastifyRequest, reply: FastifyReply): void {
    tellRemaining(reply, this.parts.limits.count('address', networkName(request.ip)));
  }

  private byKey(request: FastifyRequest, reply: FastifyReply): Visitor | Promise<Visitor> {
    const claims = keyClaimsOf(this.parts, request, reply);
    if (claims.type === 'publishable') throw new SecretKeyNeeded();
    if (isRead(request)) return keyHolder(this.parts, claims, request, reply);
    const known = this.parts.standings.knownKey(claims.hash);
    if (known) return this.provenAnew(claims, known.keyId, request, reply);
    this.parts.standings.leaveLoadsOfKey(claims.hash);
    return keyHolder(this.parts, claims, request, reply);
  }

  /**
   * Whoever writes is looked up anew: a key that was revoked a moment ago must not make itself a successor. One that was
   * good seconds ago spends its own requests on it, not those of its address, which are there against guessing.
   */
  private async provenAnew(
    claims: KeyClaims,
    keyId: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Visitor> {
    const { limits, standings } = this.parts;
    limits.refuseIfSpent('key', keyId);
    limits.refuseIfSpent('company', claims.companyId);
    await standings.ofKeyAnew(claims.companyId, claims.hash);
    return keyHolder(this.parts, claims, request, reply);
  }

  private async byToken(header: string | undefined, request: FastifyRequest, reply: FastifyReply): Promise<Visitor> {
    this.countStranger(request, reply);
    if (!header) {
      throw new Unauthenticated(
        'credentials_missing',
        'Log in and send the access token as Authorization: Bearer …, or a secret key as X-Api-Key.',
      );
    }
    const token = bearerOf(header);
    const claims = token === undefined ? undefined : await this.parts.accessTokens.verify(token);
    if (!claims)
      throw new Unauthenticated(
        'token_invalid',
        'This access token is not good or has expired. Refresh it, or log in again.',
      );
    const standing = await this.parts.standings.ofStaff(claims, { anew: !isRead(request) });
    if (!standing) throw new Unauthenticated('session_over', 'This session is over. Log in again.');
    tellRemaining(reply, this.parts.limits.count('company', claims.companyId));
    const { requestId, ip, userAgent } = callerOf(request);
    return {
      session: {
        companyId: claims.companyId,
        actor: { type: 'staff', id: claims.staffId },
        permissions: standing.permissions,
        requestId,
        staffSessionId: claims.sessionId,
        ip,
        userAgent,
      },
      isSuspended: standing.companyStatus === 'suspended',
    };
  }
}
