import { type KeyClaims, readKey } from '@souk/domain/identity/api-keys/key-form';
import type { Session } from '@souk/domain/kernel/ctx';
import { networkName } from '@souk/domain/kernel/network-name';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KeyUse } from '../key-use.ts';
import type { Limits } from '../limits.ts';
import type { KeyReady, Standings } from '../standings.ts';
import type { KeyMemory } from './key-memory.ts';
import { tellRemaining } from './rate-headers.ts';
import { Unauthenticated } from './refused.ts';
import { callerOf } from './session.ts';

/** Knocking with a made-up key costs as many requests: guessing is dear, and a look-up is made for it. */
const LOOK_UP_WEIGHT = 10;

export interface KeyParts {
  readonly standings: Standings;
  readonly limits: Limits;
  readonly keyUse: KeyUse;
  readonly keyMemory: KeyMemory;
  /** Whoever comes with a key here shops: what shoppers do to their own needs no audit note. */
  readonly isStorefront?: true;
}

/** A request with a good key. */
export interface KeyHolder {
  readonly session: Session;
  readonly isSuspended: boolean;
  readonly type: KeyClaims['type'];
  readonly origins: readonly string[];
}

/**
 * What the key in the header claims, its checksum proved. Everything else is a 401 without any look-up, and counts for the
 * address. Throws 401, 429.
 */
export function keyClaimsOf(parts: KeyParts, request: FastifyRequest, reply: FastifyReply): KeyClaims {
  const header = request.headers['x-api-key'];
  const claims = typeof header === 'string' ? (parts.keyMemory.claimsOf(header) ?? readKey(header)) : undefined;
  if (claims) return claims;
  tellRemaining(reply, parts.limits.count('address', networkName(request.ip)));
  if (header) throw keyInvalid();
  throw new Unauthenticated('credentials_missing', 'Send an API key in the header X-Api-Key.');
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
  return lookedUp(parts, claims, request).then((found) => admitted(parts, claims, found, request, reply));
}

/**
 * Counts before it looks up, so that many made-up keys at once are as dear as one after the other, and gives back when the
 * key is good. Not for a key that proved good before, or that somebody waits for already: those cost no look-up of their own.
 */
async function lookedUp(parts: KeyParts, claims: KeyClaims, request: FastifyRequest): Promise<KeyReady> {
  const { keyMemory, limits, standings } = parts;
  const header = String(request.headers['x-api-key']);
  const address = networkName(request.ip);
  const isFree = keyMemory.claimsOf(header) !== undefined || keyMemory.isLookedUp(claims);
  const giveBack = isFree ? undefined : limits.hold('address', address, LOOK_UP_WEIGHT);
  const found = await keyMemory
    .during(claims, standings.ofKey(claims.companyId, claims.hash))
    .catch((error: unknown) => {
      giveBack?.(); // whether the key is good is not known
      throw error;
    });
  if (found) {
    giveBack?.();
    keyMemory.remember(header, claims);
    return found;
  }
  keyMemory.forget(header);
  if (isFree) limits.count('address', address, LOOK_UP_WEIGHT);
  throw keyInvalid();
}

function admitted(
  { limits, keyUse, isStorefront }: KeyParts,
  claims: KeyClaims,
  key: KeyReady,
  request: FastifyRequest,
  reply: FastifyReply,
): KeyHolder {
  const now = Date.now();
  const isAsClaimed = key.type === claims.type && key.companyMode === claims.mode;
  if (!isAsClaimed || key.expiresAtMs <= now || key.companyStatus === 'closed') {
    limits.count('address', networkName(request.ip));
    throw keyInvalid();
  }
  // A publishable key is in every browser: counted by itself it would be a switch that turns the whole shop off.
  const remaining =
    claims.type === 'publishable'
      ? limits.countVisitor(claims.companyId, networkName(request.ip))
      : limits.countKey(claims.companyId, key.keyId);
  tellRemaining(reply, remaining);
  keyUse.note(claims.companyId, key.keyId, now);
  const { requestId, ip, userAgent } = callerOf(request);
  return {
    session: {
      companyId: claims.companyId,
      actor: { type: 'key', id: key.keyId },
      keyId: key.keyId,
      isShopper: isStorefront === true,
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
