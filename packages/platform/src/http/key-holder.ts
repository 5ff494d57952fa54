import { type KeyClaims, readKey } from '@souk/domain/identity/api-keys/key-form';
import type { Session } from '@souk/domain/kernel/ctx';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KeyUse } from '../key-use.ts';
import type { Limits } from '../limits.ts';
import type { KeyReady, Standings } from '../standings.ts';
import { networkName } from './network-name.ts';
import { tellRemaining } from './rate-headers.ts';
import { Unauthenticated } from './refused.ts';
import { callerOf } from './session.ts';

/** Knocking with a wrong credential costs as many requests: guessing is dear, and a look-up was made for it. */
const WRONG_CREDENTIAL_WEIGHT = 10;

export interface KeyParts {
  readonly standings: Standings;
  readonly limits: Limits;
  readonly keyUse: KeyUse;
}

/** A request with a good key. */
export interface KeyHolder {
  readonly session: Session;
  readonly isSuspended: boolean;
  readonly type: KeyClaims['type'];
  readonly origins: readonly string[];
}

/**
 * What was read out of the keys that come all the time. Reading is checksum and hash of the text and nothing else, so what
 * is remembered never goes stale; only keys that proved good are remembered, so junk cannot push them out.
 */
const readBefore = new Map<string, KeyClaims>();
const READ_BEFORE_MAX = 1_000;

function rememberReading(header: string, claims: KeyClaims): void {
  if (readBefore.size >= READ_BEFORE_MAX) readBefore.clear();
  readBefore.set(header, claims);
}

/** What the key in the header claims, its checksum proved. Throws 401 without any look-up for everything else. */
export function keyClaimsOf(header: string | string[] | undefined): KeyClaims {
  if (header === undefined || header === '') {
    throw new Unauthenticated('credentials_missing', 'Send an API key in the header X-Api-Key.');
  }
  const claims = typeof header === 'string' ? (readBefore.get(header) ?? readKey(header)) : undefined;
  if (!claims) throw keyInvalid();
  return claims;
}

/**
 * The holder of a key that claims to be `claims`. A known key is answered at once, without a promise; an unknown one is
 * looked up, but not for an address that has used up its requests. Throws 401, 429.
 */
export function keyHolder(
  parts: KeyParts,
  claims: KeyClaims,
  request: FastifyRequest,
  reply: FastifyReply,
): KeyHolder | Promise<KeyHolder> {
  const known = parts.standings.knownKey(claims.hash);
  if (known) return admitted(parts, claims, known, request, reply);
  const header = request.headers['x-api-key'];
  const address = networkName(request.ip);
  parts.limits.refuseIfSpent('address', address);
  return parts.standings.ofKey(claims.companyId, claims.hash).then((found) => {
    if (found) {
      if (typeof header === 'string') rememberReading(header, claims);
      return admitted(parts, claims, found, request, reply);
    }
    parts.limits.count('address', address, WRONG_CREDENTIAL_WEIGHT);
    throw keyInvalid();
  });
}

function admitted(
  { limits, keyUse }: KeyParts,
  claims: KeyClaims,
  key: KeyReady,
  request: FastifyRequest,
  reply: FastifyReply,
): KeyHolder {
  const now = Date.now();
  const isAsClaimed = key.type === claims.type && key.companyMode === claims.mode;
  if (!isAsClaimed || key.expiresAtMs <= now || key.companyStatus === 'closed') throw keyInvalid();
  // A browser's key is in every browser: the visitor's address has a budget of its own. A secret key is one server's.
  if (claims.type === 'publishable') limits.count('address', networkName(request.ip));
  tellRemaining(reply, limits, limits.countKey(claims.companyId, key.keyId));
  keyUse.note(claims.companyId, key.keyId, now);
  const { requestId, ip, userAgent } = callerOf(request);
  return {
    session: {
      companyId: claims.companyId,
      actor: { type: 'key', id: key.keyId },
      permissions: key.permissions,
      requestId,
      ip,
      userAgent,
    },
    isSuspended: key.companyStatus === 'suspended',
    type: key.type,
    origins: key.origins,
  };
}

const keyInvalid = () =>
  new Unauthenticated(
    'key_invalid',
    'This API key is not good: mistyped, expired, revoked, or of another mode. Make a new one.',
  );
